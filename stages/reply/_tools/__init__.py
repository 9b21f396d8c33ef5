"""What a model may have done for it: functions that the operator's config declares."""
