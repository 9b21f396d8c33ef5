"""What `session.json` says of a replay: whether its latency was measured, and which turns were left out on purpose."""

from typing import Any

from pipeline.recording.comparing.turns import Facts

Window = tuple[int, int]
"""Numbers of the first and the last turn that were replayed."""
ASKED = ("reply", "transcript", "speech")
"""Stages that may ask a server."""
SERVER = ("base_url", "endpoints", "dialect")
"""Keys of a stage that does."""


def modelled(session: dict[str, Any]) -> bool:
    """A stage that asks a server was live, and its time is that of the config and not the server's."""
    again, config = session.get("replay"), session.get("config")
    if not isinstance(again, dict) or not isinstance(config, dict):
        return False
    if session.get("clock") != "pipeline" or again.get("real_time"):
        return False
    live = again.get("live") or ()
    return any(stage in live and _served(config.get(stage)) for stage in ASKED)


def _served(section: Any) -> bool:
    """It names a server, itself or as its fallback."""
    if not isinstance(section, dict):
        return False
    return any(section.get(key) for key in SERVER) or any(map(_served, section.values()))


def window(session: dict[str, Any]) -> Window | None:
    """Of a replay of some turns only; None of all else."""
    again = session.get("replay")
    turns = again.get("turns") if isinstance(again, dict) else None
    whole = isinstance(turns, list) and len(turns) == 2 and all(isinstance(turn, int) for turn in turns)
    return (turns[0], turns[1]) if whole and turns else None


def left_out(facts: Facts | None, other: Facts | None, replayed: Window | None) -> bool:
    """The side that has `facts` did not replay the other's turn at all, and so could not hear it."""
    if facts or not other or not replayed:
        return False
    return not replayed[0] <= other.number <= replayed[1]
