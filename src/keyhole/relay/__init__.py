"""Moves one console's bytes between its viewer and its target."""
