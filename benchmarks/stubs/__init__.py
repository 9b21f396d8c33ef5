"""Engines that answer at once, for measuring and testing the flow itself."""
