"""How much of its prompts a server finds in its prefix cache, visit by visit: llama.cpp's own server counts.

`.venv-servers/bin/python -m benchmarks.prefix` (`script/test-servers` makes that environment) prints a table. The model
is tiny and always says the same; what is read anew and what is not is the server's business and the prompt's order.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from pipeline.clock import Clock, run_real
from pipeline.envelope import Exchange, Feeling
from pipeline.messages import Question, Sentence
from stages.reply import deepseek
from tests.system import llama_server, tiny_gguf

CONFIGS = Path(__file__).parent.parent / "configs"
GREETING = "您好，欢迎来到河畔博物馆！有什么可以帮您？"
VISITS = (
    ("你们几点开门？", "星期一开门吗？", "门票多少钱？", "瓷器在哪里？"),
    ("洗手间在哪里？", "有没有咖啡？", "能带孩子来吗？", "那边要走多久？"),
    ("我想看青铜器。", "最老的一件是什么时候的？", "可以拍照吗？", "谢谢你，还有什么值得看？"),
)
"""What three visitors ask, one question after another."""


class Turn(NamedTuple):
    """What the server counted of a question."""

    visit: int
    turn: int
    tokens: int
    cached: int


def settings(url: str, *, grounded: bool = True) -> deepseek.Settings:
    """As a kiosk has them; `grounded`: with knowledge and the time beside each question."""
    endpoint = {"name": "hall", "base_url": url, "model": llama_server.NAME, "dialect": "llamacpp"}
    given: dict[str, Any] = {"endpoints": [endpoint | {"first_token_seconds": 20}], "answer_within": 30}
    if grounded:
        given["grounding"] = {"folder": CONFIGS / "knowledge" / "museum"}
    return deepseek.Settings.model_validate(given | {"tell_time": grounded})


def persona() -> str:
    """Of the museum's guide."""
    text = (CONFIGS / "personas" / "museum-guide.yaml").read_text(encoding="utf-8")
    return str(yaml.safe_load(text)["prompt"]["zh"])


class Visitor:
    """One after another of her questions, each with what was said before."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._history: tuple[Exchange, ...] = (Exchange(role="avatar", text=GREETING),)

    async def ask(self, engine: deepseek.Engine, at: int) -> Turn:
        """Her question number `at`. The third is asked in anger: a note stands beside it."""
        text = VISITS[self._number][at]
        feeling = Feeling(label="angry", confidence=0.9) if at == 2 else Feeling()
        question = Question(
            session=f"visit-{self._number}", turn=at + 1, revision=1, text=text, language="zh", persona=persona(),
            history=self._history, feeling=feeling, knowledge="museum",
        )  # fmt: skip
        said = [message async for message in engine.work(question) if isinstance(message, Sentence)]
        answered = Exchange(role="avatar", text="".join(sentence.text for sentence in said))
        self._history = (*self._history, Exchange(role="visitor", text=text), answered)
        return Turn(self._number, at, said[-1].tokens_in, said[-1].tokens_cached)


ONE_BY_ONE = [(visit, turn) for visit in range(3) for turn in range(4)]
AT_ONCE = [(visit, turn) for turn in range(4) for visit in range(3)]
"""Three kiosks whose visitors take turns at one server."""


def turns(url: str, order: Sequence[tuple[int, int]], *, grounded: bool = True) -> list[Turn]:
    """What the server counted, in the order of asking."""

    async def main(clock: Clock) -> list[Turn]:
        engine = deepseek.Engine(settings(url, grounded=grounded), clock)
        visitors = [Visitor(number) for number in range(len(VISITS))]
        try:
            return [await visitors[visit].ask(engine, turn) for visit, turn in order]
        finally:
            await engine.close()

    return run_real(main)


def rate(counted: Sequence[Turn]) -> float:
    """Percent of the prompts' tokens that the server did not read again."""
    return 100 * sum(turn.cached for turn in counted) / sum(turn.tokens for turn in counted)


def main() -> None:
    """Print the table: a fresh server for each line."""
    print("| visitors | a prompt's tokens | cached, of all | the very first | others' first | 2nd | 3rd | 4th |")
    print("|---" * 8 + "|")
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "tiny.gguf"
        tiny_gguf.write(model)
        for grounded in (True, False):
            for name, order in (("one after another", ONE_BY_ONE), ("in turns", AT_ONCE)):
                with llama_server.serving(model) as url:
                    counted = turns(url, order, grounded=grounded)
                notes = "" if grounded else ", without knowledge and time"
                print(f"| {name}{notes} | {_row(counted)} |")


def _row(counted: Sequence[Turn]) -> str:
    sizes = [turn.tokens for turn in counted]
    first, *others = (turn for turn in counted if turn.turn == 0)
    later = [[turn for turn in counted if turn.turn == at] for at in (1, 2, 3)]
    rates = (rate(part) for part in (counted, [first], others, *later))
    return " | ".join([f"{min(sizes)} to {max(sizes)}", *(f"{percent:.0f} %" for percent in rates)])


if __name__ == "__main__":
    main()
