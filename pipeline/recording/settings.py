"""The key `record` of a config: whether visits are recorded, where, and for how long that is kept."""

import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, model_validator

from pipeline.settings import FROZEN, LocalPath


class Record(BaseModel):
    """`record: DIR`, or the same with a say in what is deleted when."""

    model_config = FROZEN
    folder: LocalPath
    keep_days: float | None = Field(30.0, gt=0, le=36_500)
    """Older recordings are deleted; null: none is, for its age."""
    keep_gb: float | None = Field(20.0, gt=0, le=1_000_000)
    """Of all recordings together; beyond that the oldest are deleted. null: the disk is the limit."""

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        return {"folder": given} if isinstance(given, str) else given


def unfit(folder: Path) -> str:
    """Why no recording can be written there; '' when it can. What is missing of the path is made later."""
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        return f"{there} is a file: name a folder"
    if not os.access(there, os.W_OK | os.X_OK):
        return f"{there} cannot be written to by this user: name another folder, or give it to this user"
    return ""
