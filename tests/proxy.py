"""A network that can be cut: connections stay, and nothing passes."""

import select
import socket
import threading
from types import TracebackType
from typing import Self


class Proxy:
    """Passes bytes between its port and `target`, unless it is cut. It runs in a thread of its own."""

    def __init__(self) -> None:
        self.target = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._passes, self._ends = threading.Event(), threading.Event()
        self._passes.set()
        self._losing = threading.Event()
        self._wake, self._woken = socket.socketpair()
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    def cut(self) -> None:
        """Nothing passes any more, and nobody is told."""
        self._passes.clear()
        self._wake.send(b"!")

    def mend(self) -> None:
        """It passes again, also what waited."""
        self._passes.set()
        self._wake.send(b"!")

    def lose(self) -> None:
        """Every connection breaks, and both ends are told; new ones pass."""
        self._losing.set()
        self._wake.send(b"!")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.set()
        self._wake.send(b"!")
        self._thread.join(timeout=10)
        for opened in (*self._pairs, self._listener, self._wake, self._woken):
            opened.close()

    def _run(self) -> None:
        while not self._ends.is_set():
            waits = [self._woken, *([self._listener, *self._pairs] if self._passes.is_set() else [])]
            for ready in select.select(waits, [], [])[0]:
                if ready is self._woken:
                    self._woken.recv(4096)
                    self._lose_all()
                    break
                if ready is self._listener:
                    self._accept()
                elif ready in self._pairs:
                    self._pass(ready)

    def _lose_all(self) -> None:
        if self._losing.is_set():
            self._losing.clear()
            for end in list(self._pairs):
                self._pairs.pop(end, None)
                end.close()

    def _accept(self) -> None:
        near, _ = self._listener.accept()
        try:
            far = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            near.close()
            return
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._pairs[near], self._pairs[far] = far, near

    def _pass(self, ready: socket.socket) -> None:
        other = self._pairs[ready]
        try:
            data = ready.recv(65536)
            if data:
                other.sendall(data)
                return
        except OSError:
            pass
        for end in (ready, other):
            self._pairs.pop(end, None)
            end.close()
