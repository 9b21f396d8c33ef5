"""Loads a Whisper model by name or folder; whatever can be wrong with either is said in one sentence."""

import json
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError, EngineError

FILES = ("config.json", "model.bin", "tokenizer.json")
"""Of a CTranslate2 folder. Without its tokenizer faster-whisper would go and ask the network for one."""


def check_folder(folder: Path) -> None:
    """ConfigError unless a converted model lies in `folder`."""
    if not folder.is_dir():
        raise ConfigError(
            "model-missing",
            f"there is no model folder {folder}: convert a model into it, or name one to download, such as 'small'",
        )
    missing = [name for name in FILES if not (folder / name).is_file()]
    if not any(folder.glob("vocabulary.*")):
        missing.append("vocabulary.json")
    if missing:
        raise ConfigError(
            "model-incomplete",
            f"the model folder {folder} has no {', '.join(missing)}: copy the whole folder again, "
            "or convert the model with ct2-transformers-converter --copy_files tokenizer.json preprocessor_config.json",
        )
    try:
        # CTranslate2 reads its own files with care; a tokenizer that is cut off would raise a bare Exception.
        json.loads((folder / "tokenizer.json").read_bytes())
    except ValueError as error:
        raise ConfigError(
            "model-broken", f"{folder / 'tokenizer.json'} is no JSON ({error}): copy the model again"
        ) from error


def load(model: str, device: str, compute_type: str, threads: int) -> Any:
    """A `WhisperModel`; a name is downloaded on first use. ConfigError, EngineError."""
    from faster_whisper import WhisperModel, available_models

    if is_folder(model):
        check_folder(Path(model))
    elif model not in available_models():
        known = ", ".join(available_models())
        raise ConfigError("model-unknown", f"there is no Whisper model '{model}': name a folder, or one of {known}")
    try:
        return WhisperModel(model, device=device, compute_type=compute_type, cpu_threads=threads)
    except OSError as error:  # huggingface_hub's errors of network and server are all OSErrors
        raise EngineError(
            "model-download",
            f"Whisper '{model}' could not be downloaded ({_first_line(error)}): "
            "check the network, or name the folder of a model that is already here",
            retry=True,
        ) from error
    except (RuntimeError, ValueError) as error:  # CTranslate2's: a broken file, no such device or number type
        raise ConfigError(
            "model-broken",
            f"Whisper '{model}' does not load on device '{device}' as '{compute_type}' ({_first_line(error)}): "
            "try device 'cpu' and compute_type 'int8', or copy the model again",
        ) from error


def is_folder(model: str) -> bool:
    """A folder is written with a separator, or begins with a dot; all else is a name."""
    return model.startswith(".") or "/" in model or "\\" in model


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
