"""Trains the demo model: two single-threaded processes, one step each at a time, gradients averaged between them."""

import argparse
import logging
import math
import os
import time  # noqa: TID251  a training has no clock but the machine's
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, distributed
from torch.nn import functional

from training.demo_model import network
from training.demo_model.batches import Batch, Speech
from training.demo_model.tokens import Tokens, build

_LOGGER = logging.getLogger(__name__)
RANK, RANKS = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
_SIZE, _SIZE_FULL = 20, 6
"""Utterances a step, all processes together: of short windows, and of 30 s windows."""


def learning_rate(step: int, done: float, peak: float) -> float:
    """Warm-up of 150 steps, then half a cosine over what is done, 0-1."""
    return peak * min(1, (step + 1) / 150) * 0.5 * (1 + math.cos(math.pi * done)) + 2e-5


def losses(model: network.Network, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """Of the text, of the phonemes, and of where the decoder looks.

    From scratch, cross entropy alone sits on a plateau: telling the encoder which phoneme each 20 ms holds and the
    decoder where each word sounds is what makes this fit in minutes. Both are thrown away afterwards.
    """
    with torch.autocast("cpu", torch.bfloat16):
        logits, phonemes, attentions = model(batch.mel, batch.tokens)
        text = functional.cross_entropy(
            logits.float().flatten(0, 1), batch.targets.flatten(), ignore_index=-100, label_smoothing=0.05
        )
        sounds = functional.cross_entropy(phonemes.float().flatten(0, 1), batch.phonemes.flatten())
    spoken = batch.looks.sum(-1) > 0
    # The first three heads of each layer are guided; the last is free.
    masses = [(attention[:, :3].float().mean(1) * batch.looks).sum(-1)[spoken] for attention in attentions]
    looks = -torch.stack([torch.log(mass + 1e-4).sum() / max(1, len(mass)) for mass in masses]).mean()
    return text, sounds, looks


def average(model: network.Network, elapsed: float) -> float:
    """The same gradients in every process, and the same idea of the seconds that have passed."""
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    flat = torch.cat([*(gradient.flatten() for gradient in gradients), torch.tensor([elapsed])])
    distributed.all_reduce(flat)
    at = 0
    for gradient in gradients:
        gradient.copy_(flat[at : at + gradient.numel()].view_as(gradient) / RANKS)
        at += gradient.numel()
    return float(flat[-1]) / RANKS


def train(folder: Path, steps: int, tail: float, peak: float, minutes: float, begin: Path | None) -> None:
    """Write `model.pt` into the folder; the last `tail` of the steps are on 30 s windows."""
    torch.manual_seed(0)
    if RANK == 0:
        build().save(str(folder / "tokenizer.json"))
    distributed.barrier()
    tokens = Tokens.read(folder / "tokenizer.json")
    model = network.Network(network.settings(tokens)).train()
    if begin:
        model.whisper.load_state_dict(torch.load(begin, weights_only=True))
    speech = Speech(folder, tokens)
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learned, betas=(0.9, 0.98), weight_decay=0.01)
    chance = np.random.default_rng([7, RANK])
    together = np.random.default_rng(5)
    torch.manual_seed(100 + RANK)
    sums = np.zeros(3)
    begun, elapsed = time.monotonic(), 0.0
    for step in range(steps):
        done = max(step / steps, elapsed / (60 * minutes))
        if done >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, done, peak)
        full = bool(together.random() < (0.8 if done > 1 - tail else 0.02))
        batch = speech.batch((_SIZE_FULL if full else _SIZE) // RANKS, chance, full=full)
        text, sounds, looks = losses(model, batch)
        optimizer.zero_grad()
        (text + max(0.15, 1 - 1.4 * done) * sounds + max(0.03, 0.5 - 0.8 * done) * looks).backward()
        elapsed = average(model, time.monotonic() - begun)
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        sums += [text.item(), sounds.item(), looks.item()]
        if RANK == 0 and (step + 1) % 50 == 0:
            _LOGGER.info("step %d/%d: text, phonemes, looks %s", step + 1, steps, np.round(sums / 50, 3))
            sums[:] = 0
        if RANK == 0 and (step + 1) % 500 == 0:
            torch.save(model.whisper.state_dict(), folder / "model.pt")
    if RANK == 0:
        torch.save(model.whisper.state_dict(), folder / "model.pt")


def main() -> None:
    """Train with the files of `training.demo_model.corpus`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--tail", type=float, default=0.12, help="share of the steps on 30 s windows")
    parser.add_argument("--peak", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--minutes", type=float, default=math.inf, help="fewer steps when time runs out")
    parser.add_argument("--begin", type=Path, help="a model.pt to go on from")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    meeting = arguments.data / "meeting"
    distributed.init_process_group("gloo", init_method=f"file://{meeting.absolute()}", rank=RANK, world_size=RANKS)
    train(arguments.data, arguments.steps, arguments.tail, arguments.peak, arguments.minutes, arguments.begin)
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
