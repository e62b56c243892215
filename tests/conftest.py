"""Shared by all tests. Random tests are the same on every run; `make soak` runs them long and at random."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.helpers.servers import Server, kept_on, started

settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("soak", max_examples=5_000, deadline=None)
settings.load_profile(os.environ.get("RTO_HYPOTHESIS", "same"))


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server, started by the first test that asks for it."""
    with started() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[str]:
    """The same test over both stores: pools are kept in files, or in a new database of the server."""
    if request.param == "sqlite":
        yield "sqlite"
        return
    with kept_on(request.getfixturevalue("server")):
        yield "postgresql"
