"""Keyhole: any server's console, in a browser, through one API call."""

from importlib.metadata import version

__version__ = version("keyhole")
