"""Dialling: from an opening to a connected target."""
