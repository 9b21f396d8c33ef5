"""A recorded visit once more: the visitor from the recording, any stage live."""
