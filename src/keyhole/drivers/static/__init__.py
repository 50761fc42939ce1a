"""The driver for machines in the settings."""
