"""What a command's words and a config together say about logging."""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Wanted:
    """The words of the command."""

    level: str = "warning"
    style: Literal["human", "json"] | None = None
    """`human` or `json`; None: what the config says."""

    def apply(self, config: Any = None) -> None:
        """Log so; `config` is the section `log` (`pipeline.plans.Logging`), or None before it is read."""
        from pipeline.log import setup

        if config is None:
            setup(self.level, self.style or "human", words=False)
        else:
            setup(self.level, self.style or config.format, words=config.words)
