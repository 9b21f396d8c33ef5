"""How the demo's small Whisper model is made: espeak speech of the demo's sentences, and nothing else."""
