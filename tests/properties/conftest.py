"""Properties use the same examples in every run, so that a failure recurs until it is fixed."""

from hypothesis import settings

settings.register_profile("keyhole", deadline=None, derandomize=True, max_examples=100)
settings.load_profile("keyhole")
