"""HTTP to model servers: connections, deadlines, and a plain sentence for everything that can go wrong."""

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar, cast
from urllib.parse import urlsplit

from pydantic import AfterValidator

from pipeline.clock import Clock
from pipeline.errors import EngineError, ServerError, ServerSilent, WireError
from pipeline.patience import Patience
from pipeline.settings import Secret

T = TypeVar("T")
MEND: Final = {
    "server-unreachable": "start it, or correct base_url",
    "server-refused": "check api_key and the account's balance",
    "server-busy": "wait, or name another server as fallback",
    "server-rejected": "correct base_url, the model's name or the setting that it complains of",
    "server-broken": "look into the server's log",
    "server-silent": "look at the server's load, or allow it more seconds",
    "server-content": "rephrase the persona if this happens often",
}
"""What an operator can do, for each code."""
FINAL: Final = frozenset({"server-refused", "server-rejected", "server-content", "thought-unmarked"})
"""Codes for which another attempt at the same server changes nothing."""
_BUSY = re.compile(
    r"busy|overload|rate.?limit|too many requests|at capacity|queue is full|繁忙|请求过多|限流", re.IGNORECASE
)
_CODES = {401: "server-refused", 402: "server-refused", 403: "server-refused", 429: "server-busy", 503: "server-busy",
          529: "server-busy"}  # fmt: skip
_ERROR_BYTES = 4096
_NOTHING: Final = object()


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        text = f"'{value}' is no address of a server: it begins with http:// or https://"
        raise ValueError(text)
    if parts.username or parts.password or parts.query or parts.fragment:
        text = "a server's address holds no name, key or query: put the key into api_key"
        raise ValueError(text)
    return value.rstrip("/") if parts.path.strip("/") else value.rstrip("/") + "/v1"


BaseUrl = Annotated[str, AfterValidator(_base_url)]
"""Of an OpenAI-compatible server, up to and with its version: `http://host:8000` means `http://host:8000/v1`."""


class Answered(NamedTuple):
    """A server's answer with status 200, as far as it has come."""

    kind: str
    """Its content type, without parameters."""
    chunks: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Request:
    """A POST, and how long its answer may take."""

    path: str
    """Below the base URL, with its slash."""
    first_seconds: float
    """From asking to the first item read; a comment that keeps the connection alive is no item."""
    between_seconds: float = 10.0
    """From one item to the next."""
    total_seconds: float = 600.0
    """From asking to the last item."""
    json: Mapping[str, Any] | None = None
    fields: tuple[tuple[str, str], ...] = ()
    """Of a form, in which a field may come twice."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Of the form: WAV files by field name."""
    method: Literal["POST", "GET"] = "POST"
    """A GET sends neither JSON nor form."""


class Client:
    """Talks to one model server. Connections are kept and used again; proxies of the environment are not."""

    def __init__(
        self, clock: Clock, base_url: str, key: Secret | None, headers: Mapping[str, str], connect_seconds: float
    ) -> None:
        self._clock = clock
        self._base_url = base_url
        self._headers = dict(headers)
        self._secrets = [value for value in headers.values() if len(value) >= 8]
        if key is not None and key.get_secret_value():
            self._headers["Authorization"] = f"Bearer {key.get_secret_value()}"
            self._secrets.append(key.get_secret_value())
        self._connect_seconds = connect_seconds
        self._session: Any = None

    def post(
        self,
        request: Request,
        read: Callable[[Answered], AsyncIterator[T]],
        *,
        seconds: float,
        patience: Callable[[T], float] | None = None,
    ) -> AsyncGenerator[T]:
        """What `read` makes of the answer; each item takes `seconds` of virtual time.

        `patience` gives the seconds that may pass after an item, where they differ from `between_seconds`.

        `read` runs where the network is and raises WireError for what it cannot understand. ServerError and
        ServerSilent name the address, what happened and the mend. Close it (`aclosing`) to drop the connection.
        """
        items = self._clock.outside(lambda clock: self._items(clock, request, read, patience), seconds=seconds)
        return cast("AsyncGenerator[T]", items)

    async def close(self) -> None:
        """Close the connections."""
        async for _ in self._clock.outside(lambda _: self._shut(), seconds=0.0):
            pass

    def fault(
        self, code: str, what: str, path: str = "", mend: str = "", *, status: int = 0, after: float | None = None
    ) -> EngineError:
        """`what` follows "the server at URL". Keys that the server repeats are taken out."""
        for secret in self._secrets:
            what = what.replace(secret, "***")
        mend = mend or MEND.get(code, MEND["server-broken"])
        text, retry = f"the server at {self._base_url}{path} {what}: {mend}", code not in FINAL
        if code == "server-silent":
            return ServerSilent(code, text, retry=retry)
        return ServerError(code, text, retry=retry, status=status, retry_after=after)

    def complaint(self, payload: object, path: str = "", status: int = 0, after: float | None = None) -> EngineError:
        """The error that a body (bytes, or JSON already parsed) speaks of, or that an HTTP status means."""
        said, inner = _said(_parsed(payload) if isinstance(payload, bytes) else payload)
        status = status if status >= 300 else inner
        code = _CODES.get(status, "server-rejected" if 300 <= status < 500 and status != 408 else "server-broken")
        if code != "server-refused" and _BUSY.search(said):
            code = "server-busy"
        number = f"answered {status}" if status else "answered with an error"
        return self.fault(code, f'{number}, saying "{said}"' if said else number, path, status=status, after=after)

    async def _items(
        self,
        clock: Clock,
        request: Request,
        read: Callable[[Answered], AsyncIterator[T]],
        patience: Callable[[T], float] | None,
    ) -> AsyncIterator[T]:
        due, waiting = clock.now() + request.total_seconds, Patience(clock)
        try:
            with self._named(request.path):
                async with AsyncExitStack() as stack:
                    first = min(request.first_seconds, request.total_seconds)
                    items, item = await waiting.wait(self._first(stack, request, read), first)
                    while item is not _NOTHING:
                        yield cast("T", item)
                        wait = patience(cast("T", item)) if patience else request.between_seconds
                        item = await waiting.until(anext(items, _NOTHING), min(clock.now() + wait, due))
        finally:
            waiting.close()

    async def _first(
        self, stack: AsyncExitStack, request: Request, read: Callable[[Answered], AsyncIterator[T]]
    ) -> tuple[AsyncIterator[T], object]:
        response = await self._response(stack, request)
        await self._check(response, request.path)
        items = read(Answered(response.content_type, response.content.iter_any()))
        return items, await anext(items, _NOTHING)

    async def _response(self, stack: AsyncExitStack, request: Request) -> Any:
        """By another connection where a kept one is gone: llama.cpp drops its own after each streamed answer."""
        import aiohttp

        for may_try_again in (True, True, False):
            connection = _Connection()
            try:
                return await stack.enter_async_context(self._open(request, connection))
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                if not (connection.kept and may_try_again):
                    raise
        raise AssertionError

    def _open(self, request: Request, connection: "_Connection") -> Any:
        import aiohttp

        if self._session is None:
            trace = aiohttp.TraceConfig()
            trace.on_connection_reuseconn.append(_kept)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=None, connect=self._connect_seconds),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                trace_configs=[trace],
            )
        body: dict[str, Any] = {} if request.method == "GET" else {"json": request.json}
        if request.method == "POST" and request.json is None:
            form = aiohttp.FormData(request.fields, quote_fields=False)
            for name, content in request.files.items():
                form.add_field(name, content, filename=f"{name}.wav", content_type="audio/wav")
            body = {"data": form}
        url = self._base_url + request.path
        told = {"headers": self._headers, "allow_redirects": False, "trace_request_ctx": connection}
        return self._session.request(request.method, url, **told, **body)

    async def _check(self, response: Any, path: str) -> None:
        if response.status >= 300:
            moved = response.headers.get("Location")
            body = f"moved to {moved}" if moved else await response.content.read(_ERROR_BYTES)
            raise self.complaint(body, path, response.status, retry_after(response.headers))

    @contextmanager
    def _named(self, path: str) -> Iterator[None]:
        """Name what goes wrong: aiohttp's errors, deadlines, and what `read` could not understand."""
        import aiohttp

        try:
            yield
        except (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError) as error:
            raise self.fault("server-unreachable", f"cannot be reached ({_plain(error)})", path) from error
        except TimeoutError as error:
            raise self.fault("server-silent", "kept silent past the deadline", path) from error
        except aiohttp.ClientPayloadError as error:
            raise self.fault("server-broken", "broke off in the middle of its answer", path) from error
        except (aiohttp.ClientError, OSError) as error:
            raise self.fault("server-broken", f"broke the connection ({_plain(error)})", path) from error
        except WireError as error:
            raise self.fault("server-broken", error.text, path) from error

    async def _shut(self) -> AsyncIterator[None]:
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        for _ in ():
            yield _


class _Connection:
    """What a request found out about the one it was sent by."""

    kept = False
    """It had served another request before."""


async def _kept(_session: Any, context: Any, _params: Any) -> None:
    context.trace_request_ctx.kept = True


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that `Retry-After` asks for (RFC 9110, 10.2.3): a number, or a date, which the server's own clock tells.
    None: nothing, or nothing that can be read.
    """
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", value):
        return float(value)
    try:
        until, now = parsedate_to_datetime(value), parsedate_to_datetime(headers.get("Date", ""))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):
        return None


async def whole(answered: Answered, limit: int) -> bytes:
    """All of the body; WireError when it is longer than `limit` bytes."""
    body = bytearray()
    async for chunk in answered.chunks:
        body += chunk
        if len(body) > limit:
            raise WireError("body-too-long", f"answered with more than {limit} bytes")
    return bytes(body)


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")


def _said(payload: object) -> tuple[str, int]:
    """The message and the HTTP-like code in an error's body; servers nest them differently."""
    error = payload.get("error", payload) if isinstance(payload, dict) else payload
    code: object = 0
    if isinstance(error, dict):
        code = error.get("code") or error.get("status") or 0
        error = next((error[key] for key in ("message", "detail", "msg", "error") if error.get(key)), error)
    text = error if isinstance(error, str) else json.dumps(error, ensure_ascii=False)
    return _plain(text), int(str(code)) if re.fullmatch(r"[345]\d\d", str(code)) else 0


def _plain(text: object) -> str:
    """On one line, and not long: servers answer with whole pages."""
    line = re.sub(r"<[^>]{1,200}>|[\s\x00-\x1f\x7f]+", " ", str(text))
    line = " ".join(line.split())
    return line if len(line) <= 200 else line[:200] + "…"
