"""Two recordings side by side, turn by turn; a folder of recordings as a regression suite. `docs/comparing.md`."""
