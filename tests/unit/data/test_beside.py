"""Addresses read in a second process are the addresses read here, and nothing is lost when that process is."""

import io
import os
import signal
import subprocess
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.persons import beside
from data.persons.addresses import read_address
from data.persons.beside import read_here, reading
from data.persons.tokens import token

KEY = b"k" * 32
LINES = [
    ("12 MG Road", None, "near temple", "560001"),
    (None, None, None, "800001"),
    ("शिव मंदिर", "\ud800", None, None),
]


@pytest.fixture(autouse=True)
def two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "ENOUGH", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def same(one: beside.Read, other: beside.Read) -> bool:
    return one[0] == other[0] and np.array_equal(one[1], other[1], equal_nan=True)


@given(told=st.lists(st.tuples(*[st.none() | st.text(max_size=20)] * 4), max_size=4))
def test_each_address_has_the_token_and_the_measures_of_its_reading(told: list[Any]) -> None:
    readings = [read_address(*line) for line in told]
    tokens, measures = read_here(told, KEY)
    assert tokens == [None if r.spelled is None else token(KEY, "address", r.spelled) for r in readings]
    np.testing.assert_array_equal(measures, np.array([r.measures for r in readings]).reshape(-1, 9))


def test_a_second_process_reads_the_same() -> None:
    told = LINES * 2_000
    with reading(told, KEY) as read:
        assert same(read(), read_here(told, KEY))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> "list[subprocess.Popen[bytes]]":
    """The helpers that a test starts."""
    found: list[subprocess.Popen[bytes]] = []
    start = beside._start
    monkeypatch.setattr(beside, "_start", lambda: found.append(start()) or found[-1])
    return found


def test_few_addresses_start_no_process(monkeypatch: pytest.MonkeyPatch, started: list[Any]) -> None:
    monkeypatch.setattr(beside, "ENOUGH", len(LINES) + 1)
    with reading(LINES, KEY) as read:
        assert same(read(), read_here(LINES, KEY))
    assert not started


def test_what_a_killed_process_was_to_read_is_read_here(started: list[Any]) -> None:
    told = LINES[:2] * 50_000
    with reading(told, KEY) as read:
        started[0].kill()
        assert same(read(), read_here(told, KEY))


@pytest.mark.parametrize("said", [b"", b"(", b"\xff\xff"])
def test_half_an_answer_is_none(said: bytes) -> None:
    assert same(beside._received(io.BytesIO(said), LINES, KEY), read_here(LINES, KEY))


def test_an_import_that_stops_takes_its_helper_along(started: list[Any]) -> None:
    threads = threading.active_count()
    with pytest.raises(KeyboardInterrupt), reading(LINES[:2] * 50_000, KEY):
        raise KeyboardInterrupt
    assert started[0].returncode == -signal.SIGKILL
    assert threading.active_count() == threads


def test_ctrl_c_is_for_the_import_not_for_its_helper(started: list[Any]) -> None:
    with reading(LINES[:2] * 20_000, KEY):
        assert os.getsid(started[0].pid) != os.getsid(0)
        assert os.getpgid(started[0].pid) != os.getpgid(0)
