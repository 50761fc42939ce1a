"""Live sessions: those of this process, and how processes list and end each other's."""
