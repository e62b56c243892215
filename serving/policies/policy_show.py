"""Simulations, rules and sums as a person reads them in a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from data.console import fields, table
from data.currency import minor_digits
from serving.reports.figures import Money
from serving.reports.wording import money as in_money
from serving.reports.wording import percent


def amount(minor: int | None, currency: str | None) -> str:
    """Minor units as a merchant writes money, whole."""
    return in_money(minor, Money(currency or "INR", minor_digits=minor_digits(currency)), whole=True)


def between(told: Mapping[str, Any], currency: str | None) -> str:
    """A difference with its interval."""
    low, high = (amount(told[f"{end}_minor"], currency) for end in ("low", "high"))
    return f"{amount(told['difference_minor'], currency)} ({low} to {high})"


def outcomes(told: Mapping[str, int]) -> str:
    """Orders, and what became of them."""
    return f"{told['orders']:,}: {told['delivered']:,} delivered, {told['rto']:,} RTO, {told['unknown']:,} unknown"


def show_trial(r: dict[str, Any]) -> None:
    """A simulation."""
    money, currency, refused = r["money"], r["money"]["currency"], r["refused"]
    fields(
        [
            ("policy", f"{r['policy']['new']} beside {r['policy']['live']}"),
            ("cash orders", f"{r['from'][:10]} to {r['to'][:10]}, {outcomes(r['cash_orders'])}"),
            ("touched", outcomes(r["touched"])),
            ("money, 95 %", f"{between(money['against_live'], currency)} against live"),
            ("", f"{between(money['against_shipping'], currency)} against shipping everything"),
            ("by the risks alone", f"{amount(money['against_live']['expected_by_risk_minor'], currency)} against live"),
            ("refused cash", f"{percent(refused['new']['refused_share'])}, live {percent(refused['live']['refused_share'])}"),
            ("  of buyers who took it", f"{percent(refused['new']['good_refused_share'])}, live "
                                        f"{percent(refused['live']['good_refused_share'])}"),
            ("decided by", ", ".join(f"{name}: {n:,}" for name, n in r["decided_by"].items())),
        ]
    )  # fmt: skip
    print()
    ends = ("delivered", "rto", "unknown")
    rows = [(a["action"], a["live"], a["new"], *(a["new_outcomes"][end] for end in ends)) for a in r["actions"]]
    table(("action", "live", "new", "new: delivered", "RTO", "unknown"), rows)
    if r["changes"]:
        table(("from", "to", "orders", "delivered", "RTO", "unknown", "difference"),
              [(c["from"], c["to"], c["orders"], c["delivered"], c["rto"], c["unknown"], amount(c["difference_minor"], currency))
               for c in r["changes"]], title="\nwhat changes")  # fmt: skip
    if r["caps"]:
        table(("cap", "limit", "used", "most by", "price"),
              [(c["cap"], c["limit"], c["used"], c["group"], amount(c["price_minor"], currency)) for c in r["caps"]],
              title="\ncaps")  # fmt: skip
    if r["examples"]:
        table(("order", "worth", "risk", "live", "new", "by", "expected", "came out"),
              [(e["order_id"], amount(e["value_minor"], currency), e["p_rto"], e["live_action"], e["action"], _by(e),
                amount(e["expected_difference_minor"], currency), e["outcome"]) for e in r["examples"]],
              title="\nexamples: what gains and loses most, by the risks")  # fmt: skip
    for one in r["findings"]:
        print(f"\nrule {one['rule']} is {one['kind']}: {one['said']}")
    learned, n = r["model"]["orders_it_learned_from"], r["cash_orders"]["orders"]
    if learned:
        print(
            f"\n{learned:,} of the {n:,} orders are ones the model has learned from: on them it looks better than it is"
        )


def _by(e: Mapping[str, Any]) -> str:
    because = e["because"]
    return str(e["decided_by"]) + (f" {because['name']}" if because else "")


def show_backtest(r: dict[str, Any]) -> None:
    """What rules and lists did to past orders."""
    print(f"cash orders of {r['days']} days to {r['to'][:10]}, {outcomes(r['cash_orders'])}\n")
    for one in (*r["rules"], *r["lists"]):
        name = f"rule {one['rule']}" if "rule" in one else f"{one['effect']} list {one['list']} ({one['rows']:,} rows)"
        print(name + (f": {one['text']}" if "text" in one else ""))
        fields(
            [
                ("  matches", f"{one['matched']:,}"),
                ("  decides", outcomes(one["decided"])),
                ("  changes", outcomes(one["changed"])),
                ("  money, 95 %", f"{between(one['money'], r['currency'])} against none of them"),
            ]
        )
        for e in one["examples"]:
            print(f"    {e['order_id']}: risk {e['p_rto']}, {e['without_it']} becomes {e['action']}; {e['outcome']}")


def show_findings(r: dict[str, Any]) -> None:
    """What is wrong with rules."""
    for one in r["findings"]:
        print(f"{one['kind']:<14} {one['rule']}: {one['said']}")
    if not r["findings"]:
        print(f"{r['rules']} rules and {r['lists']} lists: nothing is dead, shadowed or contradicting")


def differences(was: Any, now: Any, path: str = "") -> list[dict[str, Any]]:
    """Each place where two policies say different things."""
    return [{"what": what, "was": one, "now": other} for what, one, other in _differ(was, now, path)]


def _differ(was: Any, now: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    named = [_by_name(side) for side in (was, now)]
    if all(isinstance(side, dict) for side in named):
        one, other = named
        for key in dict.fromkeys((*one, *other)):
            yield from _differ(one.get(key), other.get(key), f"{path}.{key}" if path else str(key))
    elif was != now:
        yield path, was, now


def _by_name(side: Any) -> Any:
    """Rules and lists by their ids: their order is told apart from what they say."""
    if side is None:
        return {}
    if (
        isinstance(side, list)
        and side
        and all(isinstance(one, dict) and ("id" in one or "name" in one) for one in side)
    ):
        order = [one.get("id", one.get("name")) for one in side]
        return {"order": order} | {str(one.get("id", one.get("name"))): one for one in side}
    return side
