"""Where a pool keeps its files, and its secrets."""

from pathlib import Path

import pytest

from data.errors import DataError
from data.pool import Pool


def test_the_token_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    pool = Pool(tmp_path, "acme")
    key = pool.token_key()
    assert pool.token_key() == key
    assert len(key) == 32
    assert pool.token_key_file.stat().st_mode & 0o777 == 0o600


def test_a_lost_token_key_is_not_replaced_in_silence(tmp_path: Path) -> None:
    pool = Pool(tmp_path, "acme")
    pool.token_key()
    (pool.segments / "000001-abc").mkdir(parents=True)
    pool.token_key_file.unlink()
    with pytest.raises(DataError, match="KEY003"):
        pool.token_key()
    assert not pool.token_key_file.exists()
