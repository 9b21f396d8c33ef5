"""Writes the trained network as a CTranslate2 folder that unpatched faster-whisper loads."""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

import torch
from ctranslate2.converters import TransformersConverter
from transformers import (
    GenerationConfig,
    PreTrainedTokenizerFast,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)

from training.demo_model import network
from training.demo_model.sentences import LANGUAGES
from training.demo_model.tokens import Tokens

FILES = ("config.json", "model.bin", "preprocessor_config.json", "tokenizer.json", "vocabulary.json")
_BYTE_0 = "Ā"
"""As byte-level BPE writes it."""


def as_transformers(data: Path, folder: Path) -> None:
    """The trained weights and the tokenizer as a folder of transformers."""
    tokens = Tokens.read(data / "tokenizer.json")
    model = WhisperForConditionalGeneration(network.settings(tokens))
    model.load_state_dict(torch.load(data / "model.pt", weights_only=True))
    model.save_pretrained(folder)
    end = "<|endoftext|>"
    PreTrainedTokenizerFast(
        tokenizer_file=str(data / "tokenizer.json"), bos_token=end, eos_token=end, unk_token=end
    ).save_pretrained(folder)
    shutil.copy(data / "tokenizer.json", folder / "tokenizer.json")
    _generation(tokens).save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(folder)


def _generation(tokens: Tokens) -> GenerationConfig:
    config = GenerationConfig(
        decoder_start_token_id=tokens.start, eos_token_id=tokens.end, pad_token_id=tokens.end, bos_token_id=tokens.end
    )
    config.lang_to_id = {f"<|{language}|>": tokens.id(f"<|{language}|>") for language in LANGUAGES}
    config.no_timestamps_token_id = tokens.no_times
    config.suppress_tokens = []
    config.begin_suppress_tokens = []
    # Times of words come from the last layer's guided heads.
    config.alignment_heads = [[network.DECODER_LAYERS - 1, head] for head in range(network.HEADS - 1)]
    return config


def convert(folder: Path, target: Path, quantization: str) -> None:
    """Into CTranslate2's format, multilingual."""
    converter = TransformersConverter(str(folder), copy_files=["tokenizer.json", "preprocessor_config.json"])
    made = folder / "converted"
    converter.convert(str(made), quantization=quantization)
    # CTranslate2 takes a Whisper for multilingual when its vocabulary holds the empty token (src/models/whisper.cc):
    # the byte 0, which no text holds, lends its place. tokenizer.json stays as it is.
    vocabulary = json.loads((made / "vocabulary.json").read_text("utf-8"))
    vocabulary[vocabulary.index(_BYTE_0)] = ""
    (made / "vocabulary.json").write_text(json.dumps(vocabulary, ensure_ascii=False), "utf-8")
    target.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copy(made / name, target / name)


def main() -> None:
    """Export `model.pt` and `tokenizer.json` of the data folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--quantization", default="int8")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        as_transformers(arguments.data, Path(scratch))
        convert(Path(scratch), arguments.to, arguments.quantization)
    size = sum((arguments.to / name).stat().st_size for name in FILES)
    sys.stdout.write(f"{size / 1e6:.2f} MB in {arguments.to}\n")


if __name__ == "__main__":
    main()
