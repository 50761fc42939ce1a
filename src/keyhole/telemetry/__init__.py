"""What Keyhole tells its operator: log events and metrics, each named in one place (`telemetry.py`)."""
