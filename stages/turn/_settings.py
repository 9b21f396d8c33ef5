"""How patient the endpoint is, in audio time."""

from typing import Self

from pydantic import BaseModel, Field, model_validator

from pipeline.settings import FROZEN


class Settings(BaseModel):
    """When speech is a turn, and when the turn is over; `docs/turn.md` says what the defaults were measured on."""

    model_config = FROZEN

    on: float = Field(0.35, gt=0.0, lt=1.0)
    """Voice begins at this probability ..."""
    off: float = Field(0.3, gt=0.0, lt=1.0)
    """... and ends below this one."""
    start_ms: int = Field(32, ge=1)
    """This much unbroken voice is speech: playing sound is ducked. More than one chunk of 32 ms hears it later."""
    min_voiced_ms: int = Field(250, ge=1)
    """Less voice than this before the first pause is a cough, and no turn."""
    barge_in_ms: int = Field(250, ge=1)
    """This much voice is sure to be a turn, and stops the avatar: never less than `min_voiced_ms`."""
    hum_ms: int = Field(400, ge=1)
    """A hum ("嗯") must last this long for either, if that is longer."""
    echo_guard: bool = True
    """Take what the loudspeaker plays out of what the microphone hears. Costs nothing while nothing plays."""
    preroll_ms: int = Field(300, ge=0)
    """Sound kept from before the onset, so that no first syllable is lost."""
    pause_ms: int = Field(300, ge=1)
    """This much silence makes a tentative utterance."""
    end_complete_ms: int = Field(400, ge=1)
    """This much silence ends a turn whose words read complete ..."""
    end_ms: int = Field(800, ge=1)
    """... one that nothing is known of ..."""
    end_trailing_ms: int = Field(1400, ge=1)
    """... and one that trails off."""
    max_seconds: float = Field(20.0, ge=2.0, le=30.0)
    """Longest utterance, pre-roll included; longer speech is cut at its last pause and goes on as the next turn."""
    max_revisions: int = Field(3, ge=0)
    """Tentative utterances of a turn; 0 says each turn once, at its end."""
    partial_ms: int = Field(0, ge=0)
    """While the visitor speaks, what was said so far goes to be transcribed this often; 0 is never."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        limits = (self.pause_ms, self.end_complete_ms, self.end_ms, self.end_trailing_ms)
        if list(limits) != sorted(limits):
            raise ValueError("pause_ms <= end_complete_ms <= end_ms <= end_trailing_ms must hold")
        if self.barge_in_ms < self.min_voiced_ms:
            raise ValueError("barge_in_ms must not be below min_voiced_ms, or a cough would stop the avatar")
        if self.off > self.on:
            raise ValueError("off must not be above on, or voice would flicker")
        if self.end_trailing_ms + self.preroll_ms + max(self.min_voiced_ms, self.hum_ms) > 1000 * self.max_seconds:
            raise ValueError("max_seconds must hold preroll_ms, min_voiced_ms, hum_ms and end_trailing_ms")
        return self
