"""The face: cue mapping, screens and avatar packs."""
