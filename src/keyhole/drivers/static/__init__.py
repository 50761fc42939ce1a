"""The driver for machines that the settings name."""
