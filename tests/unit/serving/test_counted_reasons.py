"""What a merchant reads where counts stand behind a reason: they never gainsay it."""

import numpy as np
import pytest

from serving.scores.reasons import Texts
from tests.helpers.tables import edges

CASES = """
code              | back, known | raises | text
rto_prone_pincode | 3, 7        | yes    | 3 of 7 orders to this PIN code came back
rto_prone_pincode | 3, 7        | no     | 3 of 7 orders to this PIN code came back
rto_prone_pincode | 0, 7        | no     | 0 of 7 orders to this PIN code came back
rto_prone_pincode | 0, 7        | yes    | Orders around this PIN code came back more often; to it 0 of 7
rto_prone_pincode | 2, 2        | no     | Orders around this PIN code arrive; to it 2 of 2
rto_prone_phone   | 0, 1        | yes    | Little is known yet: 0 of 1 orders with this phone came back
rto_prone_address | 1, 1        | no     | Little is known yet: 1 of 1 orders to this address came back
rto_prone_phone   | 0, 11       | yes    | 0 of 11 orders with this phone came back
"""


@pytest.mark.parametrize(("code", "counts", "raises", "text"), edges(CASES))
def test_counts_that_gainsay_a_reason_are_told_as_what_they_are(code: str, counts: str, raises: str, text: str) -> None:
    back, known = (np.array([float(n)]) for n in counts.split(", "))
    texts = Texts({code: known}, {code: (known, back)}, [True], np.array([True]))
    assert texts.of_code(code, raises == "yes", 0) == text
