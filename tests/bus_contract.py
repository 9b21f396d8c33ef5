"""What every bus promises: scenes that both buses play, each in a test of its own."""

from pipeline.bus.contract import Bus, Subscription
from pipeline.clock import Clock
from pipeline.messages import Interrupt, Question, Typed

EDGE = "lobby"
SETTLED = 0.3
"""Seconds after which nothing more is under way, on the machine's clock; on virtual time none of them pass."""


async def texts(said: Subscription, clock: Clock) -> list[str]:
    """What has arrived so far."""
    heard: list[str] = []
    try:
        async with clock.timeout(SETTLED):
            async for message in said:
                heard.append(getattr(message, "text", type(message).__name__))
    except TimeoutError:
        pass
    return heard


def question(text: str, session: str = "s") -> Question:
    return Question(edge=EDGE, session=session, text=text, language="en")


async def everyone_who_subscribed_hears_a_message(bus: Bus, clock: Clock) -> None:
    async with bus.subscribe(Question) as one, bus.subscribe(Question) as two:
        await bus.publish(question("a"))
        assert await texts(one, clock) == await texts(two, clock) == ["a"]


async def one_session_never_hears_another(bus: Bus, clock: Clock) -> None:
    async with bus.subscribe(Question, session="a") as a, bus.subscribe(Question, session="b") as b:
        await bus.publish(question("for a", "a"))
        await bus.publish(question("for b", "b"))
        assert await texts(a, clock) == ["for a"]
        assert await texts(b, clock) == ["for b"]


async def jobs_go_to_the_workers_of_a_stage_in_turn_busy_or_not(bus: Bus, clock: Clock) -> None:
    async with (
        bus.subscribe(jobs=[Question], stage="reply") as one,
        bus.subscribe(jobs=[Question], stage="reply") as two,
        bus.subscribe(jobs=[Question], stage="other") as other,
    ):
        for text in "abcd":
            await bus.publish(question(text))
        assert await texts(one, clock) == ["a", "c"]
        assert await texts(two, clock) == ["b", "d"]
        assert await texts(other, clock) == ["a", "b", "c", "d"]


async def a_job_for_one_node_goes_there_alone(bus: Bus, clock: Clock) -> None:
    async with (
        bus.subscribe(jobs=[Question], stage="reply", node="n1") as one,
        bus.subscribe(jobs=[Question], stage="reply", node="n2") as two,
    ):
        await bus.publish(question("a"), to="n1", stage="reply")
        assert await texts(one, clock) == ["a"]
        assert await texts(two, clock) == []


async def jobs_and_orders_arrive_in_the_order_in_which_they_were_said(bus: Bus, clock: Clock) -> None:
    async with bus.subscribe(Interrupt, jobs=[Question], stage="reply") as said:
        await bus.publish(question("a"))
        await bus.publish(Interrupt(edge=EDGE, session="s", why="left"))
        await bus.publish(question("b"))
        assert await texts(said, clock) == ["a", "Interrupt", "b"]


async def who_has_left_hears_nothing_and_gets_no_jobs(bus: Bus, clock: Clock) -> None:
    async with bus.subscribe(Typed, jobs=[Question], stage="reply") as one:
        async with bus.subscribe(Typed, jobs=[Question], stage="reply"):
            pass
        for text in "ab":
            await bus.publish(question(text))
        assert await texts(one, clock) == ["a", "b"]


async def who_leaves_takes_no_more_jobs_and_goes_on_hearing_orders(bus: Bus, clock: Clock) -> None:
    async with bus.subscribe(Interrupt, jobs=[Question], stage="reply", node="n1") as one:
        await one.leave()
        await bus.publish(question("a"))
        await bus.publish(question("b"), to="n1", stage="reply")
        await bus.publish(Interrupt(edge=EDGE, session="s", why="left"))
        assert "Interrupt" in await texts(one, clock)


async def who_listens_hears_a_job_that_was_sent_by_name(bus: Bus, clock: Clock) -> None:
    async with bus.subscribe(Question) as listener:
        await bus.publish(question("a"), to="n1", stage="reply")
        assert await texts(listener, clock) == ["a"]


SCENES = (
    everyone_who_subscribed_hears_a_message, one_session_never_hears_another,
    jobs_go_to_the_workers_of_a_stage_in_turn_busy_or_not, a_job_for_one_node_goes_there_alone,
    jobs_and_orders_arrive_in_the_order_in_which_they_were_said, who_has_left_hears_nothing_and_gets_no_jobs,
    who_leaves_takes_no_more_jobs_and_goes_on_hearing_orders, who_listens_hears_a_job_that_was_sent_by_name,
)  # fmt: skip
