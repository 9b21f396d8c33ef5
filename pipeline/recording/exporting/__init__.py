"""A recording in the formats of other programs; `docs/exporting.md`. What needs the rig is in `avatars.exporting`."""
