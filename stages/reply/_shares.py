"""Whether the parts of `answer_within` fit into it."""

from stages.reply._router.order import LEAST
from stages.reply._settings import RESERVE, Endpoint, Settings

Keys = tuple[str | int, ...]


def exceeding(settings: Settings) -> list[tuple[Keys, str]]:
    """A problem where endpoints that may have to be asked one after another take longer than there is time.

    `first_token_seconds` counts from asking, connecting included, so `connect_seconds` is no part of the sum.
    """
    listed = settings.listed
    reserve = min(RESERVE, settings.answer_within / 4)
    left = settings.answer_within - reserve
    groups = {_together(listed, endpoint) for endpoint in listed}
    for group in sorted(groups, key=lambda group: (-_seconds(listed, group), group)):
        if _seconds(listed, group) > left + 1e-9:
            return [_problem(settings, group, left)]
    return []


def _together(listed: tuple[Endpoint, ...], one: Endpoint) -> tuple[int, ...]:
    """Which endpoints a machine may have that has this one: their places do not contradict each other."""
    return tuple(at for at, other in enumerate(listed) if _agree(one, other))


def _agree(one: Endpoint, other: Endpoint) -> bool:
    return all(_words(one.place[key]) & _words(other.place[key]) for key in one.place.keys() & other.place.keys())


def _words(wanted: object) -> set[str]:
    return {str(word).casefold() for word in (wanted if isinstance(wanted, list) else [wanted])}


def _seconds(listed: tuple[Endpoint, ...], group: tuple[int, ...]) -> float:
    return sum(listed[at].first_token_seconds or LEAST for at in group)


def _problem(settings: Settings, group: tuple[int, ...], left: float) -> tuple[Keys, str]:
    at = max(group, key=lambda at: settings.listed[at].first_token_seconds or 0.0)
    keys: Keys = ("endpoints", at, "first_token_seconds") if settings.endpoints else ("first_token_seconds",)
    whole = f"answer_within is {settings.answer_within:g} s, of which {settings.answer_within - left:g} s are kept"
    seconds = _seconds(settings.listed, group)
    who = "the endpoints may" if len(group) > 1 else "the server may"
    mend = "shorten it, leave it out (each gets its share), or allow more with answer_within"
    return keys, f"{who} take {seconds:g} s to the first token, more than there is ({whole} for the fallback): {mend}"
