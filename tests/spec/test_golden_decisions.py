"""Two hundred decisions for three merchants: did any of them move? `python -m tests.spec.test_golden_decisions` blesses anew."""

import csv
import io
from pathlib import Path
from types import MappingProxyType

import numpy as np

from data.contract import Action
from serving.policies.choosing import DECIDED_BY, choose
from serving.policies.policy_file import Named, read_toml
from serving.policies.policy_shelf import Worked, shop_of
from serving.scores.weighing import Asked, weighed
from tests.helpers.traits import PlainTraits

BLESSED = Path(__file__).with_name("golden_decisions.csv")
N = 200
MERCHANTS = {
    "as shipped": "",
    "fashion": """
[economics]
margin_share = 0.55
nudge_discount_minor = 10000
""",
    "careful": """
offered = ["confirm_message", "confirm_call", "partial_prepaid", "prepaid_only"]
[economics]
margin_share = 0.3
advance_kept_share = 1.0
goodwill_minor = 20000
[caps]
never_refuse_after = 3
[caps.partial_prepaid]
share = 0.2
[[rules]]
id = "dear"
when = "value >= 2500 and buyer_delivered = 0"
then = "partial_prepaid"
[[rules]]
id = "far"
when = "state in [Bihar, Assam] and p_rto >= 0.35"
then = "prepaid_only"
""",
}


def orders() -> tuple[PlainTraits, Asked]:
    """The same orders for every merchant, made up from a fixed seed."""
    rng = np.random.default_rng(20_260_211)
    k = np.rint(1000 * rng.beta(1.4, 3.6, N)).astype(np.int64)
    values = np.rint(rng.lognormal(np.log(700_00), 0.8, N)).astype(np.int64)
    j = np.minimum(k, np.rint(k * rng.uniform(0.05, 0.4, N)).astype(np.int64))
    states = rng.choice(["BIHAR", "KARNATAKA", "ASSAM", "DELHI"], N).tolist()
    traits = {
        "value": values.tolist(), "p_rto": (k / 1000).tolist(), "state": states, "district": states,
        "buyer_delivered": rng.integers(0, 5, N).tolist(), "buyer_rto": rng.integers(0, 2, N).tolist(),
    }  # fmt: skip
    return PlainTraits(N, traits), Asked(np.arange(N), k, j, values)


def decided() -> str:
    """Every order's advice by every merchant, as CSV."""
    traits, asked = orders()
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n")
    write.writerow(
        (
            "order",
            "value_minor",
            "k",
            "j",
            *(f"{name}: {what}" for name in MERCHANTS for what in ("advice", "by", "minor")),
        )
    )
    columns = []
    for name, text in MERCHANTS.items():
        worked = Worked([["partial_prepaid.share", "", 12_00]] if "caps" in text else [], MappingProxyType({}))
        shop = shop_of(read_toml(text, name), Named(name, "INR", name), (name, name), (), worked)
        group = weighed((shop, shop.money), False, "checkout", asked, True)
        choice = choose(shop, traits, [group], np.zeros(N, dtype=np.int64), np.zeros(N, dtype=bool))
        place = {int(action): i for i, action in enumerate(group.actions)}
        columns.append([(Action(a).name.lower(), DECIDED_BY[by], int(group.minor[i, place[a]]))
                        for i, (a, by) in enumerate(zip(choice.action.tolist(), choice.by.tolist(), strict=True))])  # fmt: skip
    for i in range(N):
        write.writerow(
            (i, asked.values[i], asked.k[i], asked.j[i], *(cell for column in columns for cell in column[i]))
        )
    return out.getvalue()


def test_no_decision_has_moved():
    told, blessed = decided().splitlines(), BLESSED.read_text().splitlines()
    moved = [(was, now) for was, now in zip(blessed, told, strict=True) if was != now]
    assert not moved, "if it is meant: bless anew, and say so in the changelog under Behaviour"


def test_the_blessed_decisions_are_of_every_kind():
    text = BLESSED.read_text()
    assert {a.name.lower() for a in Action} <= set(text.replace("\n", ",").split(","))
    for by in ("expected_value", "rule", "cap", "protection"):
        assert f",{by}," in text


if __name__ == "__main__":
    BLESSED.write_text(decided())
