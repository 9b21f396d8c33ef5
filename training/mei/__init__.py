"""Mei, drawn: every file of `avatars/mei/art`, from code. `script/draw-mei` writes them."""

from avatars._motion import motion_text
from training.mei import brows, dress, eyes, folds, hair, hall, hands, lips, skin


def drawing() -> dict[str, str]:
    """Texts by file name in `art/`; the same bytes every time."""
    pictures = {
        "back": hair.back(), "neck": skin.neck(), "torso": dress.torso(), "face": skin.face(), "jaw": skin.jaw(),
        "sockets": skin.sockets(), "eyes": eyes.picture(), "nose": folds.picture(), "mouth": lips.picture(),
        "brows": brows.picture(), "hair": hair.front(), "lock-left": hair.lock(-1), "lock-right": hair.lock(1),
        "earring-left": hair.earring(-1), "earring-right": hair.earring(1),
    }  # fmt: skip
    pictures |= {
        "hand-wave": hands.wave(), "hand-think": hands.think(),
        "hand-left": hands.offer(-1), "hand-right": hands.offer(1),
    }  # fmt: skip
    pictures |= {"hall-portrait": hall.hall(900, 1600), "hall-landscape": hall.hall(1600, 900)}
    motions = {"eyes": eyes.motion(), "mouth": lips.motion(), "brows": brows.motion(), "nose": folds.motion()}
    files = {f"{name}.svg": picture.text() for name, picture in pictures.items()}
    return files | {f"{name}.json": motion_text(facts) for name, facts in motions.items()}
