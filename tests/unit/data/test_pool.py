"""Where a pool keeps its files, and its secrets."""

from pathlib import Path

import pytest

from data.errors import DataError, UsageError
from data.pool import Merchant, Pool, at_home, pools_of


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


def test_a_merchant_lives_in_one_pool(tmp_path: Path) -> None:
    Pool(tmp_path, "couriers").add_merchants([Merchant("nila"), Merchant("volt")])
    Pool(tmp_path, "acme").add_merchants([Merchant("acme")])
    assert {merchant: pool.name for merchant, pool in pools_of(tmp_path).items()} == {
        "nila": "couriers", "volt": "couriers", "acme": "acme"
    }  # fmt: skip
    at_home(Pool(tmp_path, "couriers"), ["volt", "somebody-new"])
    with pytest.raises(UsageError, match="CLI009") as refused:
        at_home(Pool(tmp_path, "acme"), ["somebody-new", "volt"])
    assert "--pool couriers" in refused.value.to_do
