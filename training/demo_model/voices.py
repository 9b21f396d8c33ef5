"""Who speaks in training and who is kept for the measurement: chosen by rule, before any training."""

import re
from functools import cache
from pathlib import Path

INHUMAN = re.compile(r"whisper|robo|demonic|croak|^fast$", re.IGNORECASE)
"""Left out on both sides: whisperers, robots, demons, frogs, and `fast`, a test of speed."""
EVERY, FIRST = 7, 3
"""Of the families in alphabetical order, this one of each seven is kept unseen."""
ACCENTS = {"en": ("en-us", "en", "en-gb-x-rp", "en-us-nyc"), "zh": ("cmn",)}
UNSEEN_ACCENTS = {"en": ("en-us", "en"), "zh": ("cmn",)}
PLAIN_SHARE = 0.12
"""Of the training sentences: espeak's plain voices, without a variant."""
GUIDE, GUIDE_SHARE = "Annie", 0.10
"""The variant that the demo's avatar speaks with, and how often it is heard in training."""
UNSEEN_RATES = (145, 165, 185)
"""espeak's words a minute of the measurement; no training sentence has one of them."""
RATES = tuple(rate for rate in range(130, 216) if rate not in UNSEEN_RATES)
UNSEEN_SNR = (None, 20.0, 10.0)
"""dB of the measurement, in pink noise; training hears white and brown at 8-40 dB. None: clean."""


@cache
def families() -> tuple[tuple[str, ...], ...]:
    """Voice variants of espeak, near relatives together (`steph`, `steph2`, `steph3`; f1 and f2 are no relatives)."""
    import espeakng_loader

    folder = Path(espeakng_loader.get_data_path()) / "voices" / "!v"
    found: dict[str, list[str]] = {}
    for name in sorted(path.name for path in folder.iterdir()):
        if not INHUMAN.search(name):
            stem = name.lower() if re.fullmatch(r"[fm]\d", name) else re.sub(r"\d+$", "", name.lower())
            found.setdefault(stem, []).append(name)
    return tuple(tuple(found[stem]) for stem in sorted(found))


def unseen() -> list[str]:
    """Variants of the measurement."""
    return [name for family in families()[FIRST::EVERY] for name in family]


def seen() -> list[str]:
    """Variants of the training."""
    kept = set(unseen())
    return [name for family in families() for name in family if name not in kept]
