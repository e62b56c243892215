"""Requests to /v1 and what they were answered, kept in `tests/service/golden/v1.jsonl`: promises, so lines are only ever added.

`python -m tests.helpers.golden` asks a service on the made-up market what is not in the file yet, and adds it.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from data.contract import NewsType, Reason
from serving.web.schema import TEST_ERRORS
from tests.helpers.installation import NOW, SHOP, an_order, another_order, ask, built, rfc3339, served
from tests.helpers.signing import secret_of, signed

FILE = Path(__file__).parents[1] / "service" / "golden" / "v1.jsonl"
MINE = {"merchant_id": SHOP}
Case = dict[str, Any]
"""name, verb, path (`{scored}`: the decision of the case `scored`), and of query, body, headers, signed what there is; once
asked, status and answer."""


def post(name: str, path: str, body: Any, **more: Any) -> Case:
    return {"name": name, "verb": "POST", "path": path, "body": body, **more}


def get(name: str, path: str, **query: Any) -> Case:
    return {"name": name, "verb": "GET", "path": path, "query": MINE | query}


def scores() -> Iterator[Case]:
    """Single scores: what is told of an order, at each stage, with each option."""
    whole = an_order(checkout_id="g-1")
    yield post("scored", "/v1/score", ask(whole))
    yield post("with all reasons", "/v1/score", ask(whole, explain=20))
    yield post("without reasons", "/v1/score", ask(whole, explain=0))
    yield post("a dry run", "/v1/score", ask(whole, dry_run=True))
    yield post("only a time", "/v1/score", ask({"placed_at": rfc3339(NOW)}))
    for name in ("channel", "currency", "amount_minor", "discount_minor", "shipping_fee_minor", "payment_method", "line_items",
                 "customer", "shipping_address"):  # fmt: skip
        less = {key: value for key, value in whole.items() if key != name}
        yield post(f"without {name}", "/v1/score", ask(less, explain=1))
        yield post(f"a wrong {name}", "/v1/score", ask(whole | {name: {"no": "such"}}, explain=1))
    for name in ("checkout_id", "order_id", "channel", "courier", "device_id", "ip", "campaign"):
        yield post(f"null {name}", "/v1/score", ask(whole | {name: None}, explain=1))
    for method in ("cod", "prepaid", "undecided"):
        yield post(f"paid as {method}", "/v1/score", ask(an_order(payment_method=method), explain=1))
        placed = ask(an_order(order_id=f"g-{method}", payment_method=method), explain=1) | {"stage": "placed"}
        yield post(f"placed as {method}", "/v1/score", placed)
    for currency in ("INR", "IDR", "USD", "inr"):
        yield post(f"in {currency}", "/v1/score", ask(an_order(currency=currency), explain=1))
    for amount in (0, 1, 149_900, 10**13, 10**13 + 1, -1, 1.5, "149900", True):
        yield post(f"amount {json.dumps(amount)}", "/v1/score", ask(an_order(amount_minor=amount), explain=1))
    for moment in (rfc3339(NOW), "1999-12-31T00:00:00Z", "2035-01-01T00:00:00Z", "yesterday", "2025-10-09T21:14:05"):
        yield post(f"placed at {moment}", "/v1/score", ask(an_order(placed_at=moment), explain=1))
    for pincode in ("800001", "800 001", "0", "80000", "8000012"):
        yield post(f"pincode {pincode}", "/v1/score", ask(an_order(shipping_address={"pincode": pincode}), explain=1))
    for unknown in ("merchant", "order", "option"):
        body: dict[str, Any] = ask(an_order(), explain=1)
        {"merchant": body, "order": body["order"], "option": body["options"]}[unknown]["surprise"] = 1
        yield post(f"an unknown field of the {unknown}", "/v1/score", body)
    yield post("of nobody known", "/v1/score", ask(an_order(), "nobody"))
    yield post("dispatch of none", "/v1/score", ask({"order_id": "g-none"}) | {"stage": "dispatch"})
    yield post("no such stage", "/v1/score", ask(an_order()) | {"stage": "later"})
    yield post("too many reasons", "/v1/score", ask(an_order(), explain=21))


def rehearsals() -> Iterator[Case]:
    tests = ("low", "medium", "high", "allow_cod", "confirm_message", "confirm_call", "prepaid_nudge", "partial_prepaid",
             "prepaid_only", "not_evaluated", "fallback", *TEST_ERRORS, "no_such_test")  # fmt: skip
    for test in tests:
        yield post(f"test {test}", "/v1/score", ask(an_order(), test=test))
    yield post(
        "a batch of test orders", "/v1/score/batch", MINE | {"orders": [an_order()] * 2, "options": {"test": "high"}}
    )


def batches() -> Iterator[Case]:
    orders = [an_order(), {"amount_minor": -1}, another_order(), {"placed_at": "2035-01-01T00:00:00Z"}]
    yield post("a batch", "/v1/score/batch", MINE | {"orders": orders, "options": {"explain": 1}})
    yield post("a batch of none", "/v1/score/batch", MINE | {"orders": []})
    yield post("a batch of too many", "/v1/score/batch", MINE | {"orders": [{}] * 201})
    yield post("a batch without a merchant", "/v1/score/batch", {"orders": orders})


def orders() -> Iterator[Case]:
    order = an_order(order_id="g-o1", checkout_id="g-1")
    yield post("an order", "/v1/orders", MINE | {"order": order})
    yield post("an order told again", "/v1/orders", MINE | {"order": order})
    yield post("an order told otherwise", "/v1/orders", MINE | {"order": order | {"amount_minor": 1}})
    yield post("an order without an id", "/v1/orders", MINE | {"order": an_order()})
    yield post("an order without more", "/v1/orders", MINE | {"order": {"order_id": "g-o2", "placed_at": rfc3339(NOW)}})
    yield post("before dispatch", "/v1/score", ask({"order_id": "g-o1"}) | {"stage": "dispatch"})


def news() -> Iterator[Case]:
    details: dict[str, Any] = {
        "correction": {"voids": "g-delivered"}, "action_taken": {"action": "confirm_call"},
        "address_corrected": {"address": {"line1": "9 Lake View Road", "pincode": "800002"}},
    }  # fmt: skip
    for kind in (one.name.lower() for one in NewsType if one != NewsType.PLACED):
        event = MINE | {"event_id": f"g-{kind}", "order_id": "g-o1", "type": kind, "happened_at": rfc3339(NOW)}
        yield post(f"news {kind}", "/v1/events", event | ({"details": details[kind]} if kind in details else {}))
        if kind in details:
            yield post(f"news {kind} without details", "/v1/events", event | {"event_id": f"g-{kind}-bare"})
    for reason in (one.name.lower() for one in Reason if one != Reason.NONE):
        event = {"event_id": f"g-{reason}", "order_id": "g-o2", "type": "attempt_failed", "happened_at": rfc3339(NOW)}
        yield post(f"an attempt failed: {reason}", "/v1/events", MINE | event | {"reason": reason, "source": "courier"})
    first = MINE | {"event_id": "g-again", "order_id": "g-o2", "type": "dispatched", "happened_at": rfc3339(NOW)}
    yield post("news told once", "/v1/events", first)
    yield post("news told twice", "/v1/events", first)
    yield post("news told otherwise", "/v1/events", first | {"type": "lost"})
    yield post("news of no type", "/v1/events", first | {"type": "eaten"})


def pushed() -> Iterator[Case]:
    path = f"/v1/webhooks/{SHOP}/courier"
    event = {"event_id": "g-w1", "order_id": "g-o2", "type": "out_for_delivery", "happened_at": rfc3339(NOW)}
    yield post("signed news", path, {"events": [event | {"hub": "BOM"}]}, signed="g-m1")
    yield post("signed news again", path, {"events": [event | {"hub": "BOM"}]}, signed="g-m1")
    yield post("signed news of no type", path, {"events": [event | {"type": "eaten"}]}, signed="g-m2")
    yield post("signed news of none", path, {"events": []}, signed="g-m3")
    yield post("news without a signature", path, {"events": [event]})


def questions() -> Iterator[Case]:
    """What is asked of what was kept."""
    overrule = MINE | {"action": "allow_cod", "reason": "known to us", "by": "asha"}
    yield get("the decision", "/v1/decisions/{scored}")
    yield get("no decision", "/v1/decisions/dec_none")
    yield get("the decision again", "/v1/decisions/{scored}/replay")
    yield post("the decision again, posted", "/v1/decisions/{scored}/replay", None, query=MINE)
    yield get("no decision again", "/v1/decisions/dec_none/replay")
    yield post("decided otherwise", "/v1/decisions/{scored}/override", overrule)
    yield post(
        "decided otherwise for the buyer",
        "/v1/decisions/{scored}/override",
        overrule | {"about": "buyer", "days": 1, "appeal": True},
    )
    yield post("decided otherwise for no reason", "/v1/decisions/{scored}/override", overrule | {"reason": ""})
    yield post("decided otherwise by a number", "/v1/decisions/{scored}/override", overrule | {"by": "9000090001"})
    yield post("decided otherwise about none", "/v1/decisions/dec_none/override", overrule)
    yield get("decisions of a checkout", "/v1/decisions", checkout_id="g-1")
    yield get("decisions of an order", "/v1/decisions", order_id="g-o1")
    yield get("decisions of neither", "/v1/decisions")
    yield get("the policies", "/v1/policies")
    yield post("a policy before any was tried", "/v1/policies/simulate", MINE | {"policy": {}})
    yield post("a policy that cannot be meant", "/v1/policies/simulate", MINE | {"policy": {"surprise": 1}})
    yield get("the model", "/v1/model")


def keyed() -> Iterator[Case]:
    key = {"idempotency-key": "g-key"}
    yield post("under a key", "/v1/score", ask(an_order(checkout_id="g-k")), headers=key)
    yield post("under the same key", "/v1/score", ask(an_order(checkout_id="g-k")), headers=key)
    yield post("under the same key otherwise", "/v1/score", ask(an_order(checkout_id="g-l")), headers=key)
    yield post("under no key", "/v1/score", ask(an_order()), headers={"idempotency-key": "a b"})
    yield post("not called JSON", "/v1/score", ask(an_order()), headers={"content-type": "text/plain"})
    yield post("with no good key", "/v1/score", ask(an_order()), headers={"authorization": "Bearer wrong"})


def queued() -> Iterator[Case]:
    yield get("the queue", "/v1/queue", capacity="3", link="https://shop.example/{order_id}")
    yield get("the queue of messages", "/v1/queue", by="message", days="30")
    yield get("a queue of pigeons", "/v1/queue", by="pigeon")
    yield get("a queue for none", "/v1/queue", capacity="0")
    contact = MINE | {"order_id": "g-nobody", "outcome": "confirmed", "contacted_at": rfc3339(NOW)}
    yield post("a contact about an order that no queue held", "/v1/queue/outcomes", contact)
    yield post("a contact that ended otherwise", "/v1/queue/outcomes", contact | {"outcome": "married"})


def cases() -> list[Case]:
    """Everything that is asked, in the order in which it is asked."""
    told = [scores(), rehearsals(), batches(), orders(), news(), pushed(), questions(), keyed(), queued()]
    return [one for some in told for one in some]


def asked(client: httpx.Client, secret: str, all_of: list[Case]) -> list[Case]:
    """The cases, each with what it is answered now."""
    decisions: dict[str, str] = {}
    return [_asked(client, secret, one, decisions) for one in all_of]


def _asked(client: httpx.Client, secret: str, one: Case, decisions: dict[str, str]) -> Case:
    path = one["path"].format_map(decisions) if "{" in one["path"] else one["path"]
    content = None if one.get("body") is None else json.dumps(one["body"]).encode()
    headers = {"content-type": "application/json"} | one.get("headers", {})
    if "signed" in one:
        headers |= signed(secret, content or b"", one["signed"])
    found = client.request(one["verb"], path, params=one.get("query"), content=content, headers=headers)
    told = found.json()
    if "decision_id" in told:
        decisions.setdefault(one["name"], told["decision_id"])
    return one | {"status": found.status_code, "answer": told}


def kept() -> list[Case]:
    """The file's cases."""
    return [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


def add() -> int:
    """Add to the file what is asked and not in it yet; how many."""
    names = {one["name"] for one in kept()} if FILE.exists() else set()
    with tempfile.TemporaryDirectory() as folder:
        own = built(Path(folder) / "built").copy(Path(folder) / "home")
        secret = secret_of(own)
        with served(own) as client:
            found = [one for one in asked(client, secret, cases()) if one["name"] not in names]
    with FILE.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(one, separators=(",", ":")) + "\n" for one in found)
    return len(found)


if __name__ == "__main__":
    print(f"{add()} cases added to {FILE.name}", file=sys.stderr)
