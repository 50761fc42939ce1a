"""The composition root, the background tasks and the worker process."""
