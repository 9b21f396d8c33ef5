"""The avatar's own speech, transcribed: what it says is what it was to say."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr

from pipeline.audio import HEAR_RATE, SPEAK_RATE
from pipeline.clock import Clock, run_virtual
from pipeline.config import read_config
from pipeline.engines import build
from pipeline.messages import Question, Sentence, Speech, Transcript, Utterance
from pipeline.yamlfile import YamlFile

pytestmark = pytest.mark.system

ROOT = Path(__file__).resolve().parent.parent.parent
KNOWN = YamlFile(ROOT / "training" / "demo_model" / "known_answers.yaml").data
ANSWERS = [(language, entry) for language in KNOWN for entry in KNOWN[language]]
QUESTIONS = {
    (language, entry["id"]): entry["questions"][0]
    for language in KNOWN
    for entry in YamlFile(ROOT / "configs" / "knowledge" / "museum" / f"faq.{language}.yaml").data["entries"]
}


def spoken_and_heard(language: str, entry: str) -> list[tuple[str, str]]:
    """Each sentence of the entry's answer, and what the demo model makes of its speech."""
    config = read_config(ROOT / "configs" / "demo.yaml")

    async def main(clock: Clock) -> list[tuple[str, str]]:
        def made(stage: str) -> Any:
            return build(config.stages[stage].module, config.stages[stage].settings, clock)

        reply, voice, ears = made("reply"), made("speech"), made("transcript")
        for engine in (reply, voice, ears):
            await engine.warm()
        question = Question(session="s", text=QUESTIONS[language, entry], language=language)
        answer = [said async for said in reply.work(question) if isinstance(said, Sentence) and said.text]
        assert {said.sources for said in answer} == {(entry,)}
        return [(said.text, await hear(ears, voice, said)) for said in answer]

    async def hear(ears: Any, voice: Any, sentence: Sentence) -> str:
        pcm = b"".join([part.pcm async for part in voice.work(sentence) if isinstance(part, Speech)])
        sound = soxr.resample(np.frombuffer(pcm, "<i2"), SPEAK_RATE, HEAR_RATE).astype("<i2")
        heard = [said async for said in ears.work(Utterance(session="s", start_sample=0, pcm=sound.tobytes()))]
        assert isinstance(heard[0], Transcript)
        return heard[0].text

    return run_virtual(main)


def test_at_least_six_answers_are_known() -> None:
    assert len(ANSWERS) >= 6
    assert set(KNOWN) == {"zh", "en"}


@pytest.mark.parametrize(("language", "entry"), ANSWERS)
def test_what_the_avatar_says_can_be_transcribed_back_exactly(language: str, entry: str) -> None:
    for said, heard in spoken_and_heard(language, entry):
        assert heard == said
