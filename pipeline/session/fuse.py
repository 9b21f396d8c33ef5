"""How the visitor feels, from how they sound and from what they say."""

from pipeline.envelope import Feeling

WORDS_VALENCE = 0.8
"""Share of the words in the valence, at equal trust: our voice classifier takes joy for anger more often than
anything else (`docs/emotion.md`), words hardly ever."""
VOICE_AROUSAL = 0.75
"""Share of the voice in the arousal, at equal trust: it is what a voice tells best."""
VOICE_TRUST, WORDS_TRUST = 0.77, 0.60
"""Measured reliability (`docs/emotion.md`): recall on unseen speakers with a baseline, macro-F1 of English words."""
FAINT = 0.2
"""Confidence below which a voice neither contradicts words nor colours neutral ones."""
APART = 0.5
"""Valences of unlike sign further apart than this contradict each other."""


def fuse(voice: Feeling | None, text: Feeling | None) -> Feeling:
    """One feeling of both; either may be missing, without both it is neutral with confidence 0.

    Words carry the valence, the voice the arousal, each weighed by its confidence and its measured reliability.
    Agreement adds confidence. Contradiction takes it: pleasant words in an angry or disgusted voice are taken for
    sarcasm (the voice is believed), any other contradiction for play (the words are believed, and halved).
    """
    heard = VOICE_TRUST * voice.confidence if voice else 0.0
    read = WORDS_TRUST * text.confidence if text else 0.0
    if voice is None or heard == 0.0:
        return text or Feeling()
    if text is None or read == 0.0:
        return voice
    valence = _mean(text.valence, read * WORDS_VALENCE, voice.valence, heard * (1 - WORDS_VALENCE))
    arousal = _mean(voice.arousal, heard * VOICE_AROUSAL, text.arousal, read * (1 - VOICE_AROUSAL))
    mixed = Feeling(valence=valence, arousal=arousal)
    if voice.label == text.label:
        sure = 1 - (1 - voice.confidence) * (1 - text.confidence)
        return mixed.model_copy(update={"label": voice.label, "confidence": round(sure, 4)})
    return _contradiction(voice, text, mixed) if _contradict(voice, text) else _named(voice, text, mixed)


def _mean(first: float, first_weight: float, second: float, second_weight: float) -> float:
    mixed = (first * first_weight + second * second_weight) / (first_weight + second_weight)
    return max(-1.0, min(1.0, mixed))


def _contradict(voice: Feeling, text: Feeling) -> bool:
    strong = min(voice.confidence, text.confidence) >= FAINT
    return strong and voice.valence * text.valence < 0 and abs(voice.valence - text.valence) > APART


def _contradiction(voice: Feeling, text: Feeling, mixed: Feeling) -> Feeling:
    """Sarcasm where pleasant words are said in an angry or disgusted voice, else play."""
    if text.valence > 0 and voice.label in ("angry", "disgusted"):
        sure = round(0.6 * voice.confidence, 4)
        return mixed.model_copy(update={"label": voice.label, "valence": voice.valence, "confidence": sure})
    halved = {"label": text.label, "valence": round(text.valence / 2, 4), "confidence": round(0.6 * text.confidence, 4)}
    return mixed.model_copy(update=halved)


def _named(voice: Feeling, text: Feeling, mixed: Feeling) -> Feeling:
    """Different labels that may both be true: a clear feeling beats neutral, the surer of two gives the name."""
    sounds, says = VOICE_TRUST * voice.confidence, WORDS_TRUST * text.confidence
    if text.label == "neutral":
        follow = voice.confidence >= 2 * FAINT
    else:
        follow = voice.label != "neutral" and sounds > says
    chosen = voice if follow else text
    return mixed.model_copy(update={"label": chosen.label, "confidence": round(0.8 * chosen.confidence, 4)})
