"""One sentence spoken by the system's voice, in a process of its own: `python -m stages.speech._pyttsx3_child`.

The drivers hold process-wide state (espeak's library, COM, a run loop), print to stdout and may hang; here they can
disturb nobody, and killing the process is always safe. In: one JSON line. Out: one JSON line, then PCM16.
"""

import ctypes
import json
import os
import re
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

_LANGUAGES = {"zh": r"\b(zh|cmn|chinese)\b", "en": r"\b(en|english)\b"}
_BEST = {"zh": r"\b(zh[-_]cn|cmn)\b", "en": r"\ben[-_]us\b"}


def main() -> None:
    """Start the driver, then wait for the request: the caller starts a process ahead of the sentence it is for."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # drivers and their C libraries print
    _find_espeak()
    import pyttsx3

    engine = pyttsx3.init()
    request = json.loads(sys.stdin.buffer.readline())
    voice = request["voice"] or _voice(engine, request["language"])
    with tempfile.TemporaryDirectory() as folder:
        rate, pcm = _speak(engine, request["text"], voice, request["rate"], Path(folder) / "speech.wav")
    out.write(json.dumps({"rate": rate, "voice": voice}).encode() + b"\n" + pcm)
    out.flush()
    os._exit(0)  # the drivers' own exits may hang or crash; all is said


def _find_espeak() -> None:
    """On Linux the driver asks for libespeak-ng by its name: once the wheel's is loaded, it is found."""
    if sys.platform != "linux":
        return
    try:
        import espeakng_loader
    except ImportError:
        return  # the system's own espeak may be there
    os.environ.setdefault("ESPEAK_DATA_PATH", espeakng_loader.get_data_path())
    ctypes.CDLL(espeakng_loader.get_library_path(), mode=ctypes.RTLD_GLOBAL)


def _voice(engine: Any, language: str) -> str:
    """The best of the system's voices for a language: the shortest id, as espeak lists odd variants too."""
    voices = engine.getProperty("voices")
    names: dict[str, str] = {
        voice.id: " ".join([*map(str, voice.languages or []), voice.id, voice.name]).lower() for voice in voices
    }
    for pattern in (_BEST[language], _LANGUAGES[language]):
        if fitting := [key for key, name in names.items() if re.search(pattern, name.replace("_", "-"))]:
            return min(fitting, key=len)
    sys.exit(f"this system has no voice for '{language}'; it has: {', '.join(sorted(names))}")


def _speak(engine: Any, text: str, voice: str, rate: int, path: Path) -> tuple[int, bytes]:
    finished, problems = threading.Event(), list[str]()
    engine.connect("finished-utterance", lambda **_: finished.set())
    engine.connect("error", lambda exception, **_: problems.append(str(exception)))
    engine.setProperty("rate", rate)
    engine.setProperty("voice", voice)
    engine.setProperty("rate", rate)  # again: espeak's queue loses a rate that is set when it has been idle
    engine.save_to_file(text, str(path))  # one only: of two that are queued, the last is written
    engine.runAndWait()
    while not (finished.wait(0.02) and path.exists() and path.stat().st_size):  # it may return before the file is there
        if problems:
            sys.exit(f"voice '{voice}': {problems[0]}")
    if problems:
        sys.exit(f"voice '{voice}': {problems[0]}")
    import soundfile

    sound, found = soundfile.read(path, dtype="int16", always_2d=True)  # macOS writes AIFF whatever the name says
    return int(found), sound[:, 0].astype("<i2").tobytes()


if __name__ == "__main__":
    main()
