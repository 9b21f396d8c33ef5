"""What an answer took of a server."""

from typing import Any, Final, NamedTuple


class Usage(NamedTuple):
    """Tokens; 0 where the server does not say."""

    tokens_in: int = 0
    cached: int = 0
    """Of `tokens_in`: read from the server's prefix cache."""
    tokens_out: int = 0

    def plus(self, other: "Usage") -> "Usage":
        """Of both together."""
        return Usage(
            self.tokens_in + other.tokens_in, self.cached + other.cached, self.tokens_out + other.tokens_out
        )  # fmt: skip

    def told(self) -> dict[str, Any]:
        """As the fields of a `Sentence`."""
        return {"tokens_in": self.tokens_in, "tokens_cached": self.cached, "tokens_out": self.tokens_out}


NOTHING: Final = Usage()
