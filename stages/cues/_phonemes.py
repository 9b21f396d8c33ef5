"""What the mouth shows for each phoneme: IPA and espeak's names for Mandarin and English, to OVR-15 visemes.

Where the published tables disagree, `docs/cues.md` says what was chosen and why. Where they say nothing of a
sound: a rounded vowel looks rounded (ü is `ou`), an unrounded one does not (ɤ of 么 is `E`).
"""

from functools import cache

Shape = tuple[str, float, float]
"""Viseme, its share of the phoneme's time, and its weight."""

PLOSIVES = frozenset({"PP", "DD", "kk", "CH"})
"""Shapes that are reached before their sound: the closure is silent, the burst is what is heard."""
VOWELS = frozenset({"aa", "E", "ih", "oh", "ou"})
WEAK = frozenset({"DD", "kk", "nn", "", "SS", "CH"})
"""Made by the tongue: the lips already go where the next vowel wants them. '' shows nothing of its own."""
_WEIGHTS = {"PP": 1.0, "FF": 0.95, "TH": 0.8, "DD": 0.6, "kk": 0.5, "CH": 0.85, "SS": 0.75, "nn": 0.55, "RR": 0.7,
            "aa": 0.95, "E": 0.85, "ih": 0.85, "oh": 0.95, "ou": 0.95, "": 0.0}  # fmt: skip

_ONE = {
    "PP": "p b m ph pʰ",
    "FF": "f v β ɸ ʋ",
    "TH": "θ ð",
    "DD": "t d th tʰ ɾ ʈ ɖ",
    "kk": "k ɡ g c q kh kʰ x ŋ ŋ-",
    "CH": "tʃ dʒ ʃ ʒ tɕ tɕh tɕʰ ts. ts.h tʂ tʂʰ s. ʂ dʑ ʧ ʤ ʨ ʥ",
    "SS": "s z ts tsh tsʰ ɕ ʑ ç ʦ ʣ",
    "nn": "n l ɫ n̩ ɳ ɲ ɬ",
    "RR": "ɹ r ʐ ɻ ɽ ʁ ɚ ɜː ɝ ɜ",
    "aa": "a aː ɑ ɑː æ ʌ ɐ",
    "E": "e ɛ ɛː ə o- ɤ œ eː",
    "ih": "i iː ɪ ᵻ ɨ i. i̪ j ʝ",
    "oh": "o oː ɔ ɔː ɒ ø",
    "ou": "u uː ʊ y yː w ɯ ɥ ʉ",
    "": "h ɦ χ ɣ ʔ",
}
_SPLIT = {
    "aɪ": "aa 60 ih 40", "aʊ": "aa 60 ou 40", "ɔɪ": "oh 60 ih 40", "eɪ": "E 60 ih 40", "oʊ": "oh 60 ou 40",
    "əʊ": "E 60 ou 40", "iə": "ih 60 E 40", "ɛɹ": "E 60 RR 40", "ɪɹ": "ih 60 RR 40", "ʊɹ": "ou 60 RR 40",
    "ɑːɹ": "aa 60 RR 40", "ɔːɹ": "oh 60 RR 40", "aɪɚ": "aa 45 ih 25 RR 30", "aɪə": "aa 45 ih 25 E 30",
    "əl": "E 60 nn 40", "ər": "E 40 RR 60",
    "ai": "aa 60 ih 40", "ei": "E 60 ih 40", "ɑu": "aa 60 ou 40", "au": "aa 60 ou 40", "ou": "oh 60 ou 40",
    "ia": "ih 35 aa 65", "iɑ": "ih 35 aa 65", "iɛ": "ih 40 E 60", "ie": "ih 40 E 60", "io": "ih 35 oh 65",
    "iou": "ih 30 oh 40 ou 30", "ua": "ou 35 aa 65", "uɑ": "ou 35 aa 65", "uo": "ou 40 oh 60",
    "uə": "ou 40 E 60", "uai": "ou 30 aa 40 ih 30", "uei": "ou 35 E 35 ih 30", "onɡ": "ou 70 kk 30",
    "yæ": "ou 40 E 60", "yɛ": "ou 40 E 60", "yə": "ou 60 E 40", "yi": "ou 50 ih 50",
}  # fmt: skip
"""Falling diphthongs 60/40 as rhubarb does; in rising ones (Mandarin's glides) the later vowel is the long one."""
_FAINT = {"ə": 0.6, "ɐ": 0.6, "ᵻ": 0.6, "o-": 0.7, "i.": 0.6, "i̪": 0.6, "ŋ": 0.4, "χ": 0.0, "j": 0.7, "ɾ": 0.45}
"""Factors of sounds that move the lips little: reduced vowels, and the buzzed vowels of 是 and 四."""

_TABLE: dict[str, tuple[Shape, ...]] = {
    name: ((viseme, 1.0, _WEIGHTS[viseme] * _FAINT.get(name, 1.0)),)
    for viseme, names in _ONE.items()
    for name in names.split()
} | {
    name: tuple(
        (viseme, int(share) / 100, _WEIGHTS[viseme])
        for viseme, share in zip(split.split()[::2], split.split()[1::2], strict=True)
    )
    for name, split in _SPLIT.items()
}
_LONGEST = max(map(len, _TABLE))


def known(phoneme: str) -> bool:
    """True where the table has it; others are taken apart."""
    return phoneme in _TABLE


@cache
def shapes(phoneme: str) -> tuple[Shape, ...]:
    """What the mouth shows during `phoneme`; () where nothing is known of it.

    A name that is not in the table (another voice's spelling) is read as the longest known names in a row.
    """
    phoneme = phoneme.strip("ˈˌ")
    if phoneme in _TABLE:
        return _TABLE[phoneme]
    found: list[Shape] = []
    rest = phoneme
    while rest:
        size = next((size for size in range(min(_LONGEST, len(rest)), 0, -1) if rest[:size] in _TABLE), 0)
        found.extend(_TABLE[rest[:size]] if size else ())
        rest = rest[size or 1 :]
    whole = sum(share for _, share, _ in found)
    return tuple((viseme, share / whole, weight) for viseme, share, weight in found)
