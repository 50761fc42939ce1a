"""Simulated guests: a real VNC server with a text screen and a real serial console, in pure Python."""

from keyhole.drivers.simulated.driver import SimulatedDriver

__all__ = ["SimulatedDriver"]
