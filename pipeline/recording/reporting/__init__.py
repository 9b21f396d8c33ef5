"""The pieces of `report.html`: a recording's turns, as text, as numbers to draw, and as sound."""
