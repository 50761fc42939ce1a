"""Log events and metrics, each named in one place (`telemetry.py`)."""
