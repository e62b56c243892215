"""Are many orders scored at once what each of them is alone, to the last digit, whatever the batch?"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from data.contract import DAY, HOUR, Action, Payment
from data.history import Told
from data.keeping import journal
from data.keeping.database import Connection
from data.keeping.kept_state import state_of
from features.fold import add, read
from features.store import Store, unpack
from serving import ledger
from serving.decisions.shop import Policies, shipped
from serving.decisions.stages import STAGES
from serving.scorer import Ask, Scored, score, score_many
from tests.helpers.installation import NOW, SHOP, Installation
from training.bundle import Bundle, read_bundle, signing_key

STRANGER = {"phone": -2, "email": -2, "address": -2, "customer_id": -1, "device_id": -1, "ip": -1}


@pytest.fixture(scope="module")
def bundle(installation: Installation) -> Bundle:
    name = installation.pool.champion.read_text().strip()
    return read_bundle(installation.pool.bundles / name, signing_key(installation.home).public_key())


@pytest.fixture
def connection(installation: Installation) -> Iterator[Connection]:
    with installation.database() as found:
        yield found


@pytest.fixture
def asks(connection: Connection) -> list[Ask]:
    """Orders of every kind: placed here and seen again, strangers, prepaid, without a currency or an amount, too dear,
    at several moments, stages and lengths of explanation, the same order twice."""
    sql = "SELECT columns FROM orders ORDER BY merchant_id, order_id LIMIT 60"
    kept = [journal.unpacked(row[0]) for row in connection.execute(sql)]
    found = [
        Ask(c["merchant_id"], c, f"d{i}", NOW - i % 3 * HOUR, c["order_id"] if i % 2 else None, None, i % 7, i % 5 > 0,
            stage=STAGES[i % 3])
        for i, c in enumerate(kept)
    ]  # fmt: skip
    odd: list[dict[str, object]] = [
        STRANGER, {"currency": None}, {"currency": "USD"}, {"amount_minor": float("nan")}, {"amount_minor": 0.0},
        {"amount_minor": 5e12}, {"payment_method": "prepaid"}, {"payment_method": None}, {"pincode": None, "state": None},
    ]  # fmt: skip
    found += [replace(found[i], columns={**found[i].columns, **change}) for i, change in enumerate(odd)]
    return [*found, found[3], found[8]]


def told(scored: Scored) -> tuple[object, ...]:
    """Everything of an answer, NaN equal to itself."""
    return repr(scored.answer), repr(scored.made_from), scored.warnings, scored.policy


def test_a_batch_says_of_each_order_what_is_said_of_it_alone(connection: Connection, bundle: Bundle, asks: list[Ask]):
    together = score_many(connection, bundle, asks)
    alone = [score(connection, bundle, ask) for ask in asks]
    assert [told(one) for one in together] == [told(one) for one in alone]
    assert {one.answer["recommendation"]["decided_by"] for one in together} == {"expected_value", "default"}
    assert len({one.answer["risk"]["p_rto"] for one in together}) > 20


def test_the_batch_an_order_is_in_does_not_matter(connection: Connection, bundle: Bundle, asks: list[Ask]):
    whole = score_many(connection, bundle, asks)
    turned = score_many(connection, bundle, asks[::-1])
    parts = [one for i in range(0, len(asks), 7) for one in score_many(connection, bundle, asks[i : i + 7])]
    assert [told(one) for one in turned[::-1]] == [told(one) for one in whole] == [told(one) for one in parts]


def test_no_orders_are_no_answers(connection: Connection, bundle: Bundle):
    assert score_many(connection, bundle, []) == []


def test_without_a_model_each_order_gets_the_default_of_its_stage(connection: Connection, asks: list[Ask]):
    policies = Policies({ask.merchant_id: replace(shipped("INR"), default=Action.PREPAID_ONLY) for ask in asks})
    harsh = [replace(ask, policies=policies) for ask in asks[:3]]
    answers = [one.answer for one in score_many(connection, None, harsh)]
    assert [a["status"] for a in answers] == ["not_evaluated"] * 3
    assert [a["recommendation"]["action"] for a in answers] == ["prepaid_only", "allow_cod", "allow_cod"]


def test_what_cannot_be_weighed_says_why(connection: Connection, bundle: Bundle, asks: list[Ask]):
    def warned(**change: object) -> list[str]:
        columns = {**asks[0].columns, "payment_method": "cod", **change}
        scored = score(connection, bundle, replace(asks[0], columns=columns))
        assert scored.answer["status"] == "scored"
        return [one["code"] for one in scored.warnings]

    assert warned() == []
    assert warned(currency="USD") == warned(currency=None) == ["economics_missing"]
    assert warned(amount_minor=float("nan")) == warned(amount_minor=0.0) == ["amount_missing"]
    assert warned(amount_minor=5e12) == ["amount_too_large"]


@pytest.mark.parametrize("stage", STAGES)
def test_an_order_already_paid_for_is_shipped_at_every_stage(
    connection: Connection, bundle: Bundle, asks: list[Ask], stage: str
):
    paid = {**asks[0].columns, "payment_method": Payment.PREPAID.value}
    answer = score(connection, bundle, replace(asks[0], columns=paid, stage=stage)).answer
    assert [a["action"] for a in answer["actions"]] == ["allow_cod"]
    assert answer["recommendation"]["summary"] == "Ship, it is paid for"
    assert answer["risk"]["p_rto"] == answer["risk"]["p_rto_if_prepaid"]


def test_the_stage_decides_what_is_offered_and_nothing_else(connection: Connection, bundle: Bundle, asks: list[Ask]):
    cash = {**asks[0].columns, "payment_method": "cod"}
    by_stage = {s: score(connection, bundle, replace(asks[0], columns=cash, stage=s)).answer for s in STAGES}
    worth = {s: {a["action"]: a["expected_value_minor"] for a in answer["actions"]} for s, answer in by_stage.items()}
    assert set(worth["checkout"]) == {a.name.lower() for a in Action}
    assert set(worth["placed"]) == {"allow_cod", "confirm_message", "prepaid_nudge", "confirm_call"}
    assert set(worth["dispatch"]) == {"allow_cod", "confirm_message", "confirm_call"}
    assert all(worth["checkout"][action] == value for s in STAGES for action, value in worth[s].items())
    assert len({repr(answer["risk"]) for answer in by_stage.values()}) == 1


def test_readings_of_many_are_the_kernels_of_each(installation: Installation, tmp_path):
    """An order that stands under its keys is taken out of them by the kernel of the fold, sum by sum."""
    with installation.copy(tmp_path / "own").database(read_only=False) as connection:
        columns = journal.unpacked(connection.execute("SELECT columns FROM orders LIMIT 1").fetchone()[0])
        columns["order_id"], columns["placed_at"] = "late", NOW - DAY
        placed = Told(columns["merchant_id"], "late", "live", "late:placed", "placed", NOW - DAY, NOW - DAY, live=True)
        assert ledger.place(connection, columns, placed)
        held = ledger.held(connection, [(columns["merchant_id"], "late"), (SHOP, "nobody"), (SHOP, None)])
        assert held.rows.tolist() == [0]
        own = ledger.stands(connection, columns["merchant_id"], "late")
        assert own is not None
        store, table = Store(connection), journal.as_table([columns, columns])
        found = store.readings_of(table, np.array([NOW, NOW]), held)
        for kind, layout in store.layouts.items():
            key = own.key(kind)
            if key is None:
                assert all(np.isnan(found[one]).all() for one in layout.sums)
                continue
            kept = state_of(connection, [(kind, key)]).get((kind, key))
            values, grid = layout.empty() if kept is None else unpack(kept, layout)
            for row in (1, 0):
                out = [0.0] * len(layout.sums)
                if row == 0:
                    weights = tuple(-w for w in own.weights(kind))
                    add(values, grid, weights, NOW - DAY, layout.measure, layout.slot, layout.half_lives)
                read(values, grid, NOW, layout.slot, layout.half_lives, out)
                assert [found[one][row] for one in layout.sums] == pytest.approx(out, rel=1e-13, abs=1e-13)
