"""Shared by all tests. Random tests are the same on every run; `make soak` runs them long and at random."""

import os

from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("soak", max_examples=5_000, deadline=None)
settings.load_profile(os.environ.get("RTO_HYPOTHESIS", "same"))
