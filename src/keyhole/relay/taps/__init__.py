"""What listens to a console's line: one file for each kind of tap."""
