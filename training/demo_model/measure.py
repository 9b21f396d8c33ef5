"""Measures the exported model with unmodified faster-whisper on the unseen voices, speeds and noise."""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from faster_whisper import WhisperModel

from stages.speech._espeak_lib import Voice
from training.demo_model import sentences, sound, voices

_LEVEL = 0.3
_SEED = 11


@dataclass(frozen=True, slots=True)
class Case:
    """One sentence to be heard."""

    text: sentences.Text
    voice: Voice
    snr: float | None
    """dB; None: clean."""

    @property
    def kind(self) -> str:
        """Clean, or how noisy."""
        return "clean" if self.snr is None else f"{self.snr:.0f} dB"

    def heard(self, seed: int) -> sound.Sound:
        """0.2 s before and 0.4 s after the sentence, with pink noise."""
        room = np.pad(sound.say(self.text.text, self.voice).sound * _LEVEL, (3200, 6400))
        if self.snr is not None:
            noise = sound.pink(len(room), np.random.default_rng([_SEED, seed]))
            room = room + sound.at_snr(room[3200:-6400], noise, self.snr)
        return np.asarray(room, np.float32)


def unseen_cases() -> Iterator[Case]:
    """Every sentence in every unseen voice; speed and accent go round."""
    for variant in voices.unseen():
        for index, text in enumerate(sentences.all_texts()):
            accents = voices.UNSEEN_ACCENTS[text.language]
            name = f"{accents[index % len(accents)]}+{variant}"
            for snr in voices.UNSEEN_SNR:
                yield Case(text, Voice(name, voices.UNSEEN_RATES[index % 3], 50, 50), snr)


def transcribe(model: WhisperModel, heard: sound.Sound) -> tuple[str, str]:
    """Language and text, as the demo asks for them."""
    segments, info = model.transcribe(
        heard, beam_size=1, temperature=0.0, without_timestamps=True, condition_on_previous_text=False
    )
    return info.language, "".join(segment.text for segment in segments).strip()


def shorten(model: WhisperModel, seconds: float) -> None:
    """Let the encoder hear no more than `seconds`: ten times faster, as the demo's `encoder_seconds` does."""
    encode = model.encode
    model.encode = lambda features: encode(np.ascontiguousarray(features[..., : round(seconds * 100)]))


def table(model: WhisperModel, cases: Iterator[Case], share: float) -> tuple[str, list[list[str]]]:
    """A Markdown table of exact sentences by voice and noise, and what was misheard."""
    right: dict[tuple[str, str], list[bool]] = defaultdict(list)
    languages: list[bool] = []
    misheard = []
    for index, case in enumerate(cases):
        if np.random.default_rng([_SEED, index, 1]).random() >= share:
            continue
        language, text = transcribe(model, case.heard(index))
        exact = text == case.text.text
        languages.append(language == case.text.language)
        for row in (case.voice.name.partition("+")[2] or case.voice.name, f"all {case.text.language}", "all"):
            right[row, case.kind].append(exact)
        if not exact:
            misheard.append([case.kind, case.voice.name, str(case.voice.rate), case.text.text, text])
    kinds = sorted({kind for _, kind in right}, key=lambda kind: -999 if kind == "clean" else -float(kind.split()[0]))
    rows = sorted({row for row, _ in right}, key=lambda row: (np.mean(right[row, kinds[0]]), row))
    lines = ["| voice | " + " | ".join(kinds) + " |", "|---|" + "---|" * len(kinds)]
    for row in rows:
        cells = (f"{100 * np.mean(right[row, kind]):.1f} % of {len(right[row, kind])}" for kind in kinds)
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    lines.append(f"\nLanguage detected rightly: {100 * np.mean(languages):.2f} % of {len(languages)}.")
    return "\n".join(lines), misheard


def main() -> None:
    """Print the table; list what was misheard in a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--misheard", type=Path)
    parser.add_argument("--share", type=float, default=1.0, help="measure this share of the cases, drawn by seed")
    parser.add_argument("--encoder-seconds", type=float, default=8.0)
    arguments = parser.parse_args()
    model = WhisperModel(str(arguments.model), device="cpu", compute_type="int8", cpu_threads=1)
    if arguments.encoder_seconds < 30:
        shorten(model, arguments.encoder_seconds)
    text, misheard = table(model, unseen_cases(), arguments.share)
    sys.stdout.write(text + "\n")
    if arguments.misheard:
        arguments.misheard.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in misheard), "utf-8")


if __name__ == "__main__":
    main()
