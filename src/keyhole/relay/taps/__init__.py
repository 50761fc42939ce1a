"""Taps on a console's line: one file for each kind."""
