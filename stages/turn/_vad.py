"""How likely each 32 ms of a visitor's microphone is a voice: Silero VAD v6, streamed."""

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.audio import Samples
from pipeline.errors import EngineError

CHUNK = 512
"""Samples that the network takes at a time: 32 ms at 16 kHz."""
_CONTEXT = 64
_SCALE = np.float32(1 / 32768)


class Vad:
    """One visitor's stream: the network is shared, its memory (h, c and the last 64 samples) is the visitor's.

    Silero VAD (github.com/snakers4/silero-vad, MIT), the file that faster-whisper packages.
    """

    def __init__(self) -> None:
        self._run = network().run
        self._input = np.zeros((1, _CONTEXT + CHUNK), np.float32)
        self._inputs = {"input": self._input}
        self.reset()

    def reset(self) -> None:
        """Forget what was heard."""
        self._input[:] = 0.0
        self._inputs["h"] = self._inputs["c"] = np.zeros((1, 1, 128), np.float32)

    def probability(self, chunk: Samples) -> float:
        """0..1 that the `[512]` samples at 16 kHz, which follow those of the last call, hold a voice."""
        self._input[0, :_CONTEXT] = self._input[0, CHUNK:]
        np.multiply(chunk, _SCALE, out=self._input[0, _CONTEXT:])
        output, self._inputs["h"], self._inputs["c"] = self._run(None, self._inputs)
        return float(output.item())


@cache
def network() -> Any:
    """The network, loaded once for all visitors: stateless, one thread, so that equal sound gives equal numbers."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # an arena keeps its largest size for ever
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(_packaged()), options, providers=["CPUExecutionProvider"])


def _packaged() -> Path:
    """Where faster-whisper keeps the file. Importing the package would cost 0.3 s and 60 MB."""
    spec = importlib.util.find_spec("faster_whisper")
    folder = Path(spec.origin).parent if spec and spec.origin else None
    path = folder / "assets" / "silero_vad_v6.onnx" if folder else None
    if path is None or not path.is_file():
        where = path or "it comes with faster-whisper"
        raise EngineError("vad-missing", f"turn has no Silero VAD v6 ({where}): pip install 'faster-whisper>=1.2.1'")
    return path
