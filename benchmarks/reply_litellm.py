"""LiteLLM's Router before the same broken servers, in an environment of its own."""

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from benchmarks.reply_server import ANSWER, EACH, FAULTS, SPREAD

CHILD = Path(__file__).with_name("reply_litellm_child.py")


def ask(url: str) -> dict[str, list[float]]:
    """By fault: p50 and p99 of the first sentence in ms, whole answers in 100. Empty where it cannot be installed."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        done = subprocess.run([python, "-m", "pip", "install", "-q", "litellm"], capture_output=True, check=False)
        if done.returncode:
            print("LiteLLM cannot be installed here: left out", file=sys.stderr)
            return {}
        return run(python, url)


def run(python: Path, url: str) -> dict[str, list[float]]:
    """With an environment that has it."""
    job = {"url": url, "faults": FAULTS, "answer": ANSWER, "each": EACH, "apart": SPREAD}
    quiet = {"LITELLM_LOG": "CRITICAL", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    done = subprocess.run(
        [python, CHILD], input=json.dumps(job), capture_output=True, text=True, check=False, env=os.environ | quiet
    )
    if done.returncode:
        print(f"LiteLLM did not run: {done.stderr[-300:]}", file=sys.stderr)
        return {}
    found: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return found
