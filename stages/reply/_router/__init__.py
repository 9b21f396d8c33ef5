"""Several model servers behind one name: whoever can answers, and the visitor hears one answer.

A library of its own: it knows no HTTP, takes its time from a clock, and asks a `Transport` for streams of deltas.
"""
