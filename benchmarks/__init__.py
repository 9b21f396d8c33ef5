"""Measurements; each prints what it measured on this machine."""
