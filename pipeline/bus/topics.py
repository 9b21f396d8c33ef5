"""Names on the broker: `visavis/1/<site>/<edge>/<session>/<message>` and its few relatives (docs/bus.md)."""

import re
from dataclasses import dataclass

from pipeline.envelope import Message
from pipeline.errors import WireError
from pipeline.flow import ALL
from pipeline.messages import Presence, Say, Status

ROOT = "visavis"
MAJOR = 1
"""Of the protocol. Another major lives under another root, so that both can share a broker."""
NODE, SCREEN, EDGE = "node", "screen", "edge"
"""Words that stand where a session's name stands elsewhere: no session is called so."""
NAME = re.compile(r"[\w.\-]{1,64}")
"""What a site, an edge, a node or a screen may be called: letters (of any script), digits, `_`, `-` and `.`."""
Kind = type[Message]


def noun(kind: Kind) -> str:
    """`TurnEnded` is `turn-ended`; a message with sound ends in `/audio`, so that all others read as JSON."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()
    return f"{name}/audio" if "pcm" in kind.model_fields else name


KINDS: dict[str, Kind] = {noun(kind): kind for kind in ALL}


@dataclass(frozen=True, slots=True)
class Address:
    """What a topic says of the message under it."""

    kind: Kind
    edge: str = ""
    session: str = ""
    screen: str = ""
    node: str = ""
    """Whose status it is; or the node that a job is for, in `stage`."""
    stage: str = ""
    major: str = str(MAJOR)


def base(site: str, major: int | str = MAJOR) -> str:
    """What all topics of a site begin with."""
    return f"{ROOT}/{major}/{site}"


def topic(site: str, message: Message, *, node: str = "", stage: str = "") -> str:
    """Where a message is published; with `node`, the node's own topic for jobs of `stage`."""
    name = noun(type(message))
    if isinstance(message, Status):
        return f"{base(site)}/{message.edge or NODE}/{EDGE if message.edge else message.node}/{name}"
    if isinstance(message, (Presence, Say)) and not message.session:
        return f"{base(site)}/{message.edge}/{SCREEN}/{message.screen}/{name}"
    own = f"{NODE}/{node}/{stage}/" if node else ""
    return f"{base(site)}/{message.edge}/{own}{message.session}/{name}"


def visits(site: str, kind: Kind, session: str = "") -> str:
    """Filter: messages of this class of every visit of a site, or of one."""
    return f"{base(site)}/+/{session or '+'}/{noun(kind)}"


def hearing(site: str, kind: Kind, session: str = "") -> tuple[str, ...]:
    """Filters for one who listens to a class of messages, whoever says and whoever is to take them."""
    if kind is Status:
        return statuses(site)
    found = [visits(site, kind, session)]
    if kind.requests:
        found.append(f"{base(site)}/+/{NODE}/+/+/{session or '+'}/{noun(kind)}")
    if issubclass(kind, (Presence, Say)) and not session:
        found.append(f"{base(site)}/+/{SCREEN}/+/{noun(kind)}")
    return tuple(found)


def shared(site: str, stage: str, kind: Kind) -> str:
    """Filter: jobs of this class, each for one of all who take part in `stage`."""
    return f"$share/{stage}/{visits(site, kind)}"


def own(site: str, node: str, stage: str, kind: Kind) -> str:
    """Filter: jobs of this class for one node alone."""
    return f"{base(site)}/+/{NODE}/{node}/{stage}/+/{noun(kind)}"


def edge_tree(site: str, edge: str) -> str:
    """Filter: everything of one edge."""
    return f"{base(site)}/{edge}/#"


def statuses(site: str) -> tuple[str, str]:
    """Filters: every node and every edge of a site, of this major version and of others."""
    return f"{base(site, '+')}/{NODE}/+/status", f"{base(site, '+')}/+/{EDGE}/status"


def node_statuses(site: str) -> str:
    """Filter: every worker node of a site."""
    return f"{base(site)}/{NODE}/+/status"


def address(text: str) -> Address:
    """What a topic says. WireError (`wire-topic`) when it is none of ours."""
    parts = text.split("/")
    tail = 2 if parts[-1] == "audio" else 1
    kind = KINDS.get("/".join(parts[-tail:]))
    if kind is None or len(parts) < 5 + tail or parts[0] != ROOT:
        raise WireError("wire-topic", f"{text}: no topic of ours; docs/bus.md lists them")
    edge, middle = parts[3], parts[4:-tail]
    if kind is Status and len(middle) == 1 and (edge == NODE or middle[0] == EDGE):
        whose = {"node": middle[0]} if edge == NODE else {"edge": edge, "node": edge}
        return Address(kind, **whose, major=parts[1])
    if parts[1] != str(MAJOR):
        raise WireError("wire-topic", f"{text}: of another major version than {MAJOR}")
    if kind is not Status and edge != NODE:
        if middle[0] == SCREEN and len(middle) == 2 and issubclass(kind, (Presence, Say)):
            return Address(kind, edge, screen=middle[1])
        if middle[0] == NODE and len(middle) == 4 and kind.requests:
            return Address(kind, edge, session=middle[3], node=middle[1], stage=middle[2])
        if len(middle) == 1:
            return Address(kind, edge, session=middle[0])
    raise WireError("wire-topic", f"{text}: no topic of ours; docs/bus.md lists them")
