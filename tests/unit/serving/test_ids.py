"""Are ids drawn ahead as good as ids drawn one by one?"""

from concurrent.futures import ThreadPoolExecutor

import pytest

from serving import ids
from serving.ids import random_hex


def test_no_id_is_given_twice_whichever_threads_ask():
    with ThreadPoolExecutor(4) as pool:
        found = [one for own in pool.map(lambda _: [random_hex(12) for _ in range(500)], range(4)) for one in own]
    assert len(set(found)) == len(found) == 2_000
    assert {len(one) for one in found} == {24}
    assert len({one[:2] for one in found}) > 200, "they differ from the first byte on"


def test_a_copy_of_the_process_does_not_give_the_same():
    ids.random_hex(8)
    kept = list(ids._ready)
    ids.forget()
    random_hex(8)
    assert not set(kept) & set(ids._ready)


@pytest.mark.parametrize("n", [0, 17])
def test_of_no_other_length(n: int):
    with pytest.raises(ValueError, match="1 to 16"):
        random_hex(n)
