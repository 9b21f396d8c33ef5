"""libespeak-ng by ctypes: one text to sound at 22,050 Hz, with the times of its phonemes and words.

The library keeps state between texts that no call of its API resets: the position in its pitch-flutter table,
the cycle count of rough voices and the automatic gain are `static` in its `wavegen.c`, so the same text sounds a
little different (and some samples longer) depending on what was spoken before. A replay must be byte-identical:
each text gets the library freshly loaded. Measured: 4 ms a text, and then equal bytes for every voice.
"""

import _ctypes
import ctypes
import threading
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ConfigError, EngineError

RATE = 22_050
"""Hz, of everything that espeak-ng speaks."""
_SYNCHRONOUS = 2
_INITIALIZE = 0x1 | 0x2 | 0x8000  # phoneme events, named in IPA, and never exit() on an error
_SPEAK = 1 | 0x1000  # UTF-8, and a pause at the end
_CHARACTERS = 1  # unit of the start position, which is 0
_WORD, _PHONEME = 1, 7
_RATE, _PITCH, _RANGE = 1, 3, 4
_BUFFER_MS = 60
_LOCK = threading.Lock()
"""The library is global: one user per process."""


class _Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    """`espeak_EVENT` of speak_lib.h."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("unique", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True, slots=True)
class Voice:
    """What espeak is told about how to speak."""

    name: str
    """Such as `cmn+Annie`: a language of espeak and, after the plus, one of its variants."""
    rate: int
    """Words a minute, 80-450."""
    pitch: int
    """0-99; 50 units are an octave."""
    range: int
    """0-99: how much the pitch moves; 50 is espeak's normal, 0 monotone."""


@dataclass(slots=True)
class Spoken:
    """What a text sounded like."""

    pcm: bytearray = field(default_factory=bytearray)
    """PCM16 mono, 22,050 Hz."""
    phonemes: list[tuple[int, str]] = field(default_factory=list)
    """(sample, IPA as espeak gives it). An empty string is a tone or a pause: it ends the phoneme before it."""
    words: list[tuple[int, int, int]] = field(default_factory=list)
    """(sample, index of the first character, characters)."""

    @property
    def samples(self) -> NDArray[np.int16]:
        """`[n]`, 22,050 Hz."""
        return np.frombuffer(self.pcm, "<i2")


@cache
def _where() -> tuple[str, Path]:
    import espeakng_loader

    return espeakng_loader.get_library_path(), Path(espeakng_loader.get_data_path())


def check_voice(name: str) -> None:
    """ConfigError unless espeak has this voice and variant: it would silently speak with another one."""
    language, _, variant = name.partition("+")
    folder = _where()[1] / "voices" / "!v"
    if variant and not (folder / variant).is_file():
        known = ", ".join(sorted(path.name for path in folder.iterdir()))
        raise ConfigError("voice-unknown", f"espeak has no voice variant '{variant}' (of '{name}'); it has: {known}")
    _file(language)


@cache
def _file(language: str) -> str:
    """`cmn` as `sit/cmn`: by its file a voice is found without reading all 130, which takes 3 ms and leaks 2 kB."""
    folder = _where()[1] / "lang"
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and language.lower() in {path.name.lower(), name.lower()}:
            return name
    raise ConfigError("voice-unknown", f"espeak has no voice '{language}': use one such as 'cmn' or 'en-us+f4'")


def speak(text: str, voice: Voice, stop: threading.Event) -> Spoken:
    """Speak `text`; blocking, 5-20 ms a sentence. `stop` ends it within 60 ms of sound. EngineError, ConfigError."""
    with _LOCK:
        library, data = _where()
        lib = ctypes.CDLL(library)
        try:
            return _speak(lib, data, text, voice, stop)
        finally:
            lib.espeak_Terminate()
            _unload(lib)


def _speak(lib: ctypes.CDLL, data: Path, text: str, voice: Voice, stop: threading.Event) -> Spoken:
    if lib.espeak_Initialize(_SYNCHRONOUS, _BUFFER_MS, str(data).encode(), _INITIALIZE) != RATE:
        raise EngineError(
            "espeak-broken", f"libespeak-ng did not start with its data in {data}: reinstall espeakng-loader"
        )
    lib.espeak_ng_SetRandSeed(ctypes.c_long(1))  # breathy voices use random numbers
    language, plus, variant = voice.name.partition("+")
    if lib.espeak_SetVoiceByName((_file(language) + plus + variant).encode()) != 0:
        raise EngineError(
            "espeak-broken", f"libespeak-ng cannot load its voice '{voice.name}': reinstall espeakng-loader"
        )
    for parameter, value in ((_RATE, voice.rate), (_PITCH, voice.pitch), (_RANGE, voice.range)):
        lib.espeak_SetParameter(parameter, value, 0)
    spoken = Spoken()

    def collect(wav: "ctypes._Pointer[ctypes.c_short]", count: int, events: "ctypes._Pointer[_Event]") -> int:
        if count > 0 and wav:
            spoken.pcm.extend(ctypes.string_at(wav, count * 2))
        _take(events, spoken)
        return int(stop.is_set())

    callback = _Callback(collect)
    lib.espeak_SetSynthCallback(callback)
    lib.espeak_Synth.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int,
                                 ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p]  # fmt: skip
    encoded = text.encode("utf-8", "replace") + b"\0"
    if lib.espeak_Synth(encoded, len(encoded), 0, _CHARACTERS, 0, _SPEAK, None, None) != 0:
        raise EngineError("espeak-broken", "libespeak-ng refused a text: restart the node", retry=True)
    return spoken


def _take(events: "ctypes._Pointer[_Event]", spoken: Spoken) -> None:
    index = 0
    while (kind := events[index].type) != 0:
        event = events[index]
        if kind == _PHONEME:
            spoken.phonemes.append((event.sample, event.id.string.decode("utf-8", "replace")))
        elif kind == _WORD:
            spoken.words.append((event.sample, event.text_position - 1, event.length))
        index += 1


def _unload(lib: ctypes.CDLL) -> None:
    close = getattr(_ctypes, "dlclose", None) or _ctypes.FreeLibrary  # type: ignore[attr-defined]
    close(lib._handle)  # noqa: SLF001  ctypes has no public way to unload
