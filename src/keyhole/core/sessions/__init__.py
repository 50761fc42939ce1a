"""Live sessions: those of this process, and what all processes see and end of each other's."""
