"""What a config says about a conversation."""

from typing import Literal

from pydantic import BaseModel, Field

from pipeline.envelope import Language, Mode
from pipeline.session.attract import Attracting
from pipeline.settings import FROZEN, LocalPath


class Deadlines(BaseModel):
    """Seconds that each step may take before something else is done (blueprint §3); `check` holds them to `turn`."""

    model_config = FROZEN
    claim: float = Field(0.15, gt=0)
    """A worker says that it took a request; then it is sent again."""
    silence: float = Field(2.0, gt=0)
    """A worker that took a request is heard of again; then it counts as dead."""
    transcript: float = Field(1.5, gt=0)
    emotion: float = Field(0.04, ge=0)
    """After the transcript; a later emotion moves only the face."""
    first_sentence: float = Field(4.0, gt=0)
    filler: float = Field(1.2, gt=0)
    """After the end of the turn without a sound: a short filler is spoken ..."""
    filler_again: float = Field(6.0, gt=0)
    """... and another one after each of these, while there is no answer."""
    first_speech: float = Field(0.8, gt=0)
    """Of an answer's first sentence; the later ones have `first_sentence`, since sound is playing meanwhile."""
    cues: float = Field(0.04, ge=0)
    """After the speech; then the jaw follows the energy."""
    turn: float = Field(6.0, gt=0)
    """From the end of the turn to the first sound of the answer, all in all; then an apology."""
    thinking: float = Field(30.0, gt=0)
    """The same where the model is heard to think: each thought makes `turn` begin anew, up to this."""

    def parts(self) -> float:
        """The longest that the parts can add up to, in seconds after the `Utterance`."""
        return self.transcript + self.emotion + self.first_sentence + self.first_speech + self.cues


class Conversing(BaseModel):
    """The section `session`."""

    model_config = FROZEN
    language: Literal["auto", "zh", "en"] = "auto"
    """`auto`: the visitor's own, from turn to turn."""
    greeting_language: Language = "zh"
    """Until the visitor's is known."""
    persona: LocalPath | None = None
    """A persona file; None: no greeting, plain fixed lines."""
    knowledge: str = ""
    """Name of the knowledge folder that goes with every question."""
    greet: bool = False
    """Say the greeting when a visit begins."""
    idle_seconds: float = Field(60.0, gt=0)
    """Without a word from either side: farewell, and everything about the visitor is forgotten."""
    history: int = Field(20, ge=0)
    """Lines of conversation that go with a question."""
    mode: Mode = "hands-free"
    """`push-to-talk`: heard while a key is held. `wake-phrase`: once it is called, it answers until the visit ends."""
    wake_phrases: tuple[str, ...] = Field((), max_length=20)
    """What it is called; needed for `wake-phrase`."""
    voices: dict[Language, str] = {}
    """Voices of the speech engine, instead of the engine's own."""
    attract: Attracting = Attracting()
    prepare_early: bool = True
    """Ask while the endpoint is still undecided."""
    deadlines: Deadlines = Deadlines()
