"""Where a new recording may go: nothing that somebody kept is written over."""

import json
from pathlib import Path
from typing import Any

from pipeline.recording import form


def is_free(folder: Path) -> bool:
    """Nothing is there, or an earlier replay."""
    if not folder.exists():
        return True
    return folder.is_dir() and (not any(folder.iterdir()) or "replay" in _told(folder))


def is_served(folder: Path) -> bool:
    """The recording of a real visit is there, which cannot be made again."""
    return _told(folder).get("clock") == "machine" and "replay" not in _told(folder)


def _told(folder: Path) -> dict[str, Any]:
    try:
        told = json.loads((folder / form.SESSION).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
