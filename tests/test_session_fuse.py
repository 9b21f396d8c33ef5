from hypothesis import given
from hypothesis import strategies as st

from pipeline.envelope import Feeling
from pipeline.session.fuse import fuse

LABELS = ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
level = st.floats(-1, 1)
feelings = st.builds(Feeling, label=st.sampled_from(LABELS), valence=level, arousal=level, confidence=st.floats(0, 1))
maybe = st.none() | feelings
ANGRY_WORDS = Feeling(label="angry", valence=-0.6, arousal=0.6, confidence=0.8)
HAPPY_WORDS = Feeling(label="happy", valence=0.8, arousal=0.5, confidence=0.9)
PLAIN_WORDS = Feeling(label="neutral", valence=0.0, arousal=0.0, confidence=0.7)


@given(maybe, maybe)
def test_what_comes_out_is_a_feeling_in_range(voice: Feeling | None, text: Feeling | None) -> None:
    mixed = fuse(voice, text)
    assert Feeling.model_validate(mixed.model_dump()) == mixed
    parts = [part for part in (voice, text) if part]
    assert mixed.label in {"neutral", *(part.label for part in parts)}


@given(maybe, maybe)
def test_confidence_is_never_more_than_both_together(voice: Feeling | None, text: Feeling | None) -> None:
    doubt = 1.0
    for part in (voice, text):
        doubt *= 1 - part.confidence if part else 1
    assert fuse(voice, text).confidence <= 1 - doubt + 1e-3


@given(feelings, feelings)
def test_valence_and_arousal_lie_between_those_heard_and_read(voice: Feeling, text: Feeling) -> None:
    """But for play, which halves what the words say."""
    mixed = fuse(voice, text)
    for name in ("valence", "arousal"):
        ends = sorted([getattr(voice, name), getattr(text, name), *([text.valence / 2] if name == "valence" else [])])
        assert ends[0] - 1e-3 <= getattr(mixed, name) <= ends[-1] + 1e-3


@given(feelings)
def test_one_alone_stands_as_it_is(feeling: Feeling) -> None:
    assert fuse(feeling, None) == feeling or feeling.confidence == 0
    assert fuse(None, feeling) == feeling


def test_nothing_known_is_neutral_without_confidence() -> None:
    assert fuse(None, None) == Feeling()


@given(feelings)
def test_a_voice_that_could_not_be_judged_changes_nothing(text: Feeling) -> None:
    assert fuse(Feeling(), text) == text


def test_angry_words_in_a_neutral_voice_are_angry() -> None:
    mixed = fuse(Feeling(label="neutral", arousal=-0.1, confidence=0.5), ANGRY_WORDS)
    assert mixed.label == "angry"
    assert mixed.valence < -0.4


def test_both_angry_is_surer_than_each() -> None:
    voice = Feeling(label="angry", valence=-0.5, arousal=0.7, confidence=0.6)
    assert fuse(voice, ANGRY_WORDS).confidence > 0.8


def test_plain_words_in_a_clearly_angry_voice_are_angry_but_less_sure() -> None:
    voice = Feeling(label="angry", valence=-0.6, arousal=0.7, confidence=0.7)
    mixed = fuse(voice, PLAIN_WORDS)
    assert mixed.label == "angry"
    assert mixed.confidence < voice.confidence


def test_plain_words_in_a_faintly_angry_voice_stay_neutral() -> None:
    assert fuse(Feeling(label="angry", valence=-0.1, arousal=0.1, confidence=0.15), PLAIN_WORDS).label == "neutral"


def test_pleasant_words_in_an_angry_voice_are_sarcasm() -> None:
    """As in "great, thank you very much", said through the teeth."""
    voice = Feeling(label="angry", valence=-0.6, arousal=0.6, confidence=0.7)
    mixed = fuse(voice, HAPPY_WORDS)
    assert mixed.label == "angry"
    assert mixed.valence < 0
    assert mixed.confidence < voice.confidence


def test_unpleasant_words_in_a_happy_voice_are_taken_lightly() -> None:
    mixed = fuse(Feeling(label="happy", valence=0.7, arousal=0.6, confidence=0.7), ANGRY_WORDS)
    assert mixed.label == "angry"
    assert abs(mixed.valence) < abs(ANGRY_WORDS.valence)
    assert mixed.confidence < ANGRY_WORDS.confidence


def test_the_voice_sets_the_arousal_and_the_words_the_valence() -> None:
    voice = Feeling(label="fearful", valence=-0.2, arousal=0.9, confidence=0.6)
    text = Feeling(label="sad", valence=-0.8, arousal=-0.5, confidence=0.6)
    mixed = fuse(voice, text)
    assert mixed.arousal > 0.4
    assert mixed.valence < -0.6
