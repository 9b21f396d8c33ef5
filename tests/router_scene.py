"""A router on the virtual clock, with endpoints that do what a script says: no network."""

import unicodedata
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pipeline.clock import Clock, run_virtual
from pipeline.errors import EngineError, ServerError, ServerSilent
from pipeline.messages import Question, Sentence, Thought
from stages.reply._answer import Delta
from stages.reply._router.plan import Call, Plan, Policy
from stages.reply._router.router import Router
from stages.reply._usage import Usage

QUESTION = Question(session="s", turn=1, revision=1, text="瓷器在哪里", language="zh")
SENTENCES = ("瓷器在二楼东厅。", "从这里上楼梯，然后左转。", "闭馆时间是下午五点！", "还有什么想看的吗？")
ANSWER = "".join(SENTENCES)
Fault = Literal["", "refused", "unreachable", "busy", "busy-after", "excuse", "missing", "rejected", "content",
                "silent", "keep-alive", "reset", "cut", "nonsense", "empty"]  # fmt: skip
Going = Literal["on", "again", "last"]
_STATUS = {"refused": 401, "busy": 429, "busy-after": 503, "missing": 404, "rejected": 400}
_CODES = {"refused": "server-refused", "unreachable": "server-unreachable", "busy": "server-busy",
          "busy-after": "server-busy", "missing": "server-rejected", "rejected": "server-rejected",
          "reset": "server-broken", "nonsense": "server-broken"}  # fmt: skip
_WORDS = {"content": Delta(finish="content_filter"), "excuse": Delta("服务器繁忙，请稍后再试。", finish="stop")}
FATAL = frozenset({"rejected", "content"})


@dataclass(frozen=True)
class Play:
    """How an endpoint takes one request: its fault after so many deltas, and its own pace."""

    fault: Fault = ""
    after: int = 0
    """Deltas before the fault; 0: before the first."""
    first: float = 0.05
    gap: float = 0.01
    size: int = 3
    """Characters of a delta."""
    thought: str = ""
    tagged: bool = False
    """The thought comes as tags in the content, cut anywhere."""
    going: Going = "on"
    """Asked to go on: it does, or begins again, or says its last sentence again."""
    text: str = ANSWER


@dataclass
class Scripted:
    """Endpoints by name, with a play for each request; the last one is repeated."""

    clock: Clock
    plays: dict[str, list[Play]]
    asked: list[Call] = field(default_factory=list)
    under_way: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)
    together: int = 0
    """The most requests that were under way at once."""

    async def ask(self, call: Call) -> AsyncGenerator[Delta]:
        name = call.plan.name
        number = sum(known.plan.name == name for known in self.asked)
        self.asked.append(call)
        self.under_way[name] += 1
        self.most[name] = max(self.most[name], self.under_way[name])
        self.together = max(self.together, self.under_way.total())
        try:
            plays = self.plays[name]
            async for delta in self._play(plays[min(number, len(plays) - 1)], call):
                yield delta
        finally:
            self.under_way[name] -= 1

    async def _play(self, play: Play, call: Call) -> AsyncGenerator[Delta]:
        await self.clock.sleep(play.first)
        for at, delta in enumerate(deltas(play, call)):
            if play.fault and at >= play.after:
                break
            if at:
                await self.clock.sleep(play.gap)
            yield delta
        async for delta in self._ends(play, call):
            yield delta

    async def _ends(self, play: Play, call: Call) -> AsyncGenerator[Delta]:
        if play.fault == "":
            yield Delta(usage=Usage(10, 4, 20))
            yield Delta(done=True)
        while play.fault in {"silent", "keep-alive"}:
            await self.clock.sleep(0.25)
            if play.fault == "keep-alive":
                yield Delta(usage=Usage(1))
        if play.fault in _WORDS:
            yield _WORDS[play.fault]
        elif code := _CODES.get(play.fault):
            status, after = _STATUS.get(play.fault, 0), 30.0 if play.fault == "busy-after" else None
            retry = play.fault not in {"refused", "missing", "rejected"}
            raise ServerError(code, f"{call.plan.name} {play.fault}", retry=retry, status=status, retry_after=after)

    def fault(self, plan: Plan, code: str, what: str, mend: str = "") -> EngineError:
        kind = ServerSilent if code == "server-silent" else ServerError
        return kind(code, f"{plan.name} {what} {mend}", retry=code != "server-content")


def deltas(play: Play, call: Call) -> Iterator[Delta]:
    """Of a whole answer, or of its rest after what was said."""
    size = play.size
    thought = "" if call.thinking == "off" and play.tagged is False and call.plan.can_rest else play.thought
    text = rest(play, call.question.said)
    if play.tagged and thought:
        text = f"<think>{thought}</think>{text}"
    else:
        yield from (Delta(reasoning=thought[at : at + size]) for at in range(0, len(thought), size))
    yield from (Delta(text[at : at + size]) for at in range(0, len(text), size))
    yield Delta(finish="stop")


def rest(play: Play, said: Sequence[str]) -> str:
    """What a model says that is asked to go on after these sentences."""
    if not said or play.going == "again":
        return play.text
    done, at = len(plain("".join(said))), 0
    while done and at < len(play.text):
        done -= play.text[at].isalnum()
        at += 1
    rest = play.text[at:].lstrip("，。！？")
    return said[-1] + rest if play.going == "last" else rest


def plain(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKC", text) if sign.isalnum())


@dataclass
class Heard:
    """What came of a question."""

    said: list[Thought | Sentence] = field(default_factory=list)
    error: EngineError | None = None
    first: float | None = None
    """Seconds to the first sentence, or to the error where there was none."""
    ended: float = 0.0

    @property
    def sentences(self) -> list[Sentence]:
        return [message for message in self.said if isinstance(message, Sentence)]

    @property
    def text(self) -> str:
        return "".join(sentence.text for sentence in self.sentences)

    @property
    def thought(self) -> str:
        return "".join(message.text for message in self.said if isinstance(message, Thought))


async def hear(router: Router, clock: Clock, question: Question = QUESTION) -> Heard:
    """Ask, and keep all that comes."""
    heard, began = Heard(), clock.now()
    try:
        async for message in router.answer(question):
            if isinstance(message, (Thought, Sentence)):
                heard.said.append(message)
            if isinstance(message, Sentence) and heard.first is None:
                heard.first = clock.now() - began
    except EngineError as error:
        heard.error = error
        heard.first = clock.now() - began if heard.first is None else heard.first
    heard.ended = clock.now() - began
    return heard


@dataclass
class Scene:
    """A router and its endpoints."""

    router: Router
    clock: Clock
    scripted: Scripted

    async def hear(self, question: Question = QUESTION) -> Heard:
        return await hear(self.router, self.clock, question)


Plays = dict[str, list[Play] | Play]


def play(
    plays: Plays, act: Callable[[Scene], Awaitable[None]], *, plans: Sequence[Plan] = (), policy: Policy | None = None
) -> Scene:
    """Run `act` on the virtual clock; `plans` default to one endpoint for each play, in their order."""
    scenes: list[Scene] = []

    async def main(clock: Clock) -> None:
        listed = {name: [given] if isinstance(given, Play) else given for name, given in plays.items()}
        scripted = Scripted(clock, listed)
        chosen = plans or [Plan(name, by=name, rank=rank, can_rest=True) for rank, name in enumerate(plays)]
        scene = Scene(Router(chosen, scripted, clock, policy or Policy()), clock, scripted)
        scenes.append(scene)
        await act(scene)
        await scene.router.close()
        assert scripted.under_way.total() == 0, "a stream was left open"
        assert scene.router.gate.inside.total() == 0, "a place was not given back"

    run_virtual(main)
    return scenes[0]


def once(
    plays: Plays, *, plans: Sequence[Plan] = (), policy: Policy | None = None, question: Question = QUESTION
) -> tuple[Heard, Scene]:
    """One question."""
    heard: list[Heard] = []

    async def act(scene: Scene) -> None:
        heard.append(await scene.hear(question))

    return heard[0] if (scene := play(plays, act, plans=plans, policy=policy)) and heard else Heard(), scene
