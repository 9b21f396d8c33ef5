"""What can go wrong, by name.

VisavisError
├── ConfigError      a config, persona, visit or knowledge file is wrong
├── SoundError       a sound file cannot be read
├── WireError        a message from outside is malformed
├── BusError         the broker cannot be reached, refuses us, or knows another one of our name
└── EngineError      an engine cannot do its work
    ├── ServerError  a model server refused, broke off or answered nonsense
    └── ServerSilent a model server kept silent past a deadline
"""


class VisavisError(Exception):
    """Says what is wrong, where, and how to mend it. `code` is stable (`docs/errors.md`)."""

    def __init__(self, code: str, text: str, *, retry: bool = False) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.retry = retry
        """Trying again may help."""

    def __str__(self) -> str:
        return f"{self.text} [{self.code}]"


class ConfigError(VisavisError):
    """A config, persona, visit or knowledge file is wrong."""


class SoundError(VisavisError):
    """A sound file cannot be read."""


class WireError(VisavisError):
    """A message from outside is malformed."""


class BusError(VisavisError):
    """The broker cannot be reached, refuses us, or knows another one of our name."""


class EngineError(VisavisError):
    """An engine cannot do its work."""


class ServerError(EngineError):
    """A model server refused, broke off or answered nonsense."""

    def __init__(
        self, code: str, text: str, *, retry: bool = False, status: int = 0, retry_after: float | None = None
    ) -> None:
        super().__init__(code, text, retry=retry)
        self.status = status
        """Of HTTP, or the code in an error that came with status 200; 0: none."""
        self.retry_after = retry_after
        """Seconds that the server asks to be left alone; None: it does not say."""


class ServerSilent(EngineError):  # noqa: N818  it is named by what happened
    """A model server kept silent past a deadline."""
