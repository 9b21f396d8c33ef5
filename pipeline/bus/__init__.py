"""Buses: in one process, and (by config) over the network."""
