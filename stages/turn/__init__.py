"""The stage that hears frames, says where an utterance begins, pauses and ends; one engine a file."""
