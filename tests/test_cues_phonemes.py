"""Which viseme each phoneme is."""

import threading

import pytest

from pipeline.envelope import Language
from stages.cues._phonemes import PLOSIVES, VOWELS, known, shapes

ESPEAK: dict[Language, str] = {
    "zh": (
        "a ai aɪ d dʒ ei f i i. io iou iɑ iə iɛ iː i̪ j k kh l m n o o- onɡ ou p ph r s s. t th ts ts. ts.h "
        "tsh tɕ tɕh u ua uai uei uo uə uː v w y yi yæ yə yɛ ŋ ɑ ɑu ɒ ɔː ɕ ə ər ɪ ɹ ʃ ʐ θ χ ŋ- əʊ eɪ h ʒ ɛ ɐ b z"
    ),
    "en": (
        "aɪ aɪə aɪɚ aʊ b d dʒ eɪ f h i iə iː j k l m n n̩ oʊ p r s t tʃ uː v w x z æ ð ŋ ɐ ɑː ɑːɹ ɔ ɔɪ ɔː "
        "ɔːɹ ə əl ɚ ɛ ɛɹ ɜː ɡ ɪ ɪɹ ɹ ɾ ʃ ʊ ʊɹ ʌ ʒ ʔ θ ᵻ"
    ),
}
"""Every name that espeak-ng 1.52 gives for all characters of GB 2312 and for 6,000 lines of English."""


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_phoneme_of_espeak_falls_through(language: Language) -> None:
    assert [name for name in ESPEAK[language].split() if not known(name)] == []


def test_the_shares_of_a_phoneme_are_its_whole() -> None:
    for name in {*ESPEAK["zh"].split(), *ESPEAK["en"].split(), "ʈʂʰaʊ", "mja"}:
        assert sum(share for _, share, _ in shapes(name)) == pytest.approx(1.0), name


@pytest.mark.parametrize(
    ("names", "viseme"),
    [
        ("p b m ph", "PP"),
        ("f v", "FF"),
        ("θ ð", "TH"),
        ("t d th", "DD"),
        ("k ɡ kh ŋ", "kk"),
        ("tʃ dʒ ʃ ʒ tɕ tɕh ts. ts.h s.", "CH"),
        ("s z ts tsh ɕ", "SS"),
        ("n l", "nn"),
        ("ɹ ʐ ɚ ɜː", "RR"),
        ("a ɑ æ ʌ ɑː", "aa"),
        ("ɛ ə o-", "E"),
        ("i iː ɪ j i. i̪", "ih"),
        ("o ɔ ɔː", "oh"),
        ("u uː w y", "ou"),
    ],
)
def test_a_simple_sound_is_one_shape(names: str, viseme: str) -> None:
    assert {shapes(name)[0][0] for name in names.split()} == {viseme}


def test_diphthongs_are_two_shapes_and_stress_changes_none() -> None:
    assert [viseme for viseme, _, _ in shapes("aɪ")] == ["aa", "ih"]
    assert shapes("ˈɑu") == shapes("ɑu")
    assert [share for _, share, _ in shapes("ɑu")] == [0.6, 0.4]


def test_a_spelling_of_another_voice_is_taken_apart() -> None:
    assert [viseme for viseme, _, _ in shapes("tʂʰuaŋ")] == ["CH", "ou", "aa", "kk"]
    assert shapes("5") == ()


def test_aspiration_and_breath_show_nothing_of_their_own() -> None:
    assert [viseme for viseme, _, _ in shapes("h")] == [""]
    assert shapes("χ")[0][2] == 0.0


def test_lips_have_no_vowel_that_is_also_a_closure() -> None:
    assert not PLOSIVES & VOWELS


def test_the_list_above_is_what_espeak_says() -> None:
    """Speaks a cover of it, so that a new espeak with new names is noticed."""
    from stages.speech._espeak_lib import Voice, speak

    lines: dict[str, str] = {
        "cmn": "一点儿雄黄票价还是龙龋鼻默鸵鲜魁骤饲雏阮遵策黑鹊鹃骏馏裙衰胸窘哟",
        "en-us": (
            "rhythm masculinity hangovers pajamas shortens outoftheloop theirs pioneer versions aw curiousity joy ire "
            "loch herre bottle either of the"
        ),
    }
    heard = {
        name.strip("ˈˌ")
        for voice, line in lines.items()
        for _, name in speak(line, Voice(voice, 300, 50, 50), threading.Event()).phonemes
    }
    names = {name for name in heard if name and not name.startswith("(")}
    assert len(names) > 90
    assert [name for name in sorted(names) if not known(name)] == []
