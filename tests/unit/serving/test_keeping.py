"""Are decisions that are written together kept as each alone would be?"""

from pathlib import Path
from typing import Any

from data.keeping.database import immediate, open_database
from serving.resilience.scoring import Keeping
from serving.web.once import Asked, Repeated

AT = 1_760_000_000_000_000


def decision(name: str) -> dict[str, Any]:
    ids = {"merchant_id": "shop", "order_id": None, "checkout_id": f"c-{name}"}
    return {"decision_id": name, "answer": {}, "made_from": ids | {"scored_at": AT, "folded_through": 0}}


def keeping(name: str, key: str | None) -> Keeping:
    answered = None if key is None else (Asked("shop", key, "the same question", AT), (200, name.encode()))
    return Keeping([decision(name)], answered)


def test_one_that_was_answered_before_keeps_nothing_and_leaves_the_others_alone(tmp_path: Path):
    connection = open_database(tmp_path / "store.sqlite")
    with immediate(connection):
        keeping("first", "key:a")(connection)
    with immediate(connection):
        ends = Keeping.together(
            connection, [keeping("again", "key:a"), keeping("other", "key:b"), keeping("plain", None)]
        )
    assert isinstance(ends[0], Repeated)
    assert (ends[0].said, ends[1:]) == ((200, b"first"), [None, None])
    ids = [row[0] for row in connection.execute("SELECT decision_id FROM decisions ORDER BY decision_id")]
    assert ids == ["first", "other", "plain"]
    assert connection.execute("SELECT COUNT(*) FROM answered").fetchone() == (2,)
