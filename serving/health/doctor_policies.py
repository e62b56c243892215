"""`rto doctor`, merchant by merchant: does the published policy decide, and by what it was tried on?"""

from collections.abc import Iterator

from data.errors import RtoError
from data.pool import Merchant, Pool
from serving.decisions.rule_check import findings
from serving.decisions.shop import ShopPolicy, shipped
from serving.health.doctor import OK, PROBLEM, WARNING, Finding, Patient
from serving.policies.policy_shelf import loaded
from serving.policies.policy_store import PolicyStore, Version

_NO_MONEY = "the risk is told, but no action is worth more than another"
_STAYS = "rto policy publish another, or rto policy undo; until then the policy that decided goes on deciding"


def policies(patient: Patient) -> Iterator[Finding]:
    """Every merchant's published policy; who has published none decides by what is shipped."""
    for pool in patient.pools:
        merchants, store = pool.merchants(), PolicyStore(pool)
        try:
            live = store.live()
        except RtoError as error:
            yield Finding(
                f"pool {pool.name}: policies", PROBLEM, f"{error.code} {error.got}", error.to_do or error.expected
            )
            continue
        for merchant_id in sorted(live.keys() - merchants.keys()):
            yield Finding(_name(pool, merchant_id), WARNING, "published, but the pool knows no such merchant",
                          "import its orders into this pool, or undo it: rto policy undo")  # fmt: skip
        for merchant_id in sorted(live.keys() & merchants.keys()):
            yield from _published(pool, merchants[merchant_id], store, live[merchant_id], patient.now)
        yield from _by_shipped(f"pool {pool.name}: policies", [m for name, m in merchants.items() if name not in live])


def _by_shipped(name: str, merchants: list[Merchant]) -> Iterator[Finding]:
    without = sorted({m.currency for m in merchants if shipped(m.currency).money is None})
    if without:
        found = f"no costs are known for {', '.join(without)}: {_NO_MONEY}"
        yield Finding(name, WARNING, found, "rto policy draft, fill in [economics], simulate, publish")
    elif merchants:
        yield Finding(name, OK, f"{len(merchants)} merchants by the costs that are shipped")


def _name(pool: Pool, merchant_id: str) -> str:
    return f"pool {pool.name}: policy of {merchant_id}"


def _published(pool: Pool, merchant: Merchant, store: PolicyStore, number: int, now: int) -> Iterator[Finding]:
    name = _name(pool, merchant.merchant_id)
    try:
        version = store.read(merchant.merchant_id, number)
        shop = loaded(pool, merchant, version)
    except RtoError as error:
        yield Finding(name, PROBLEM, f"{error.code} {error.got}", _STAYS)
        return
    doubts = list(_doubts(pool, version, shop, now))
    for found, to_do in doubts:
        yield Finding(name, WARNING, found, to_do)
    if not doubts:
        yield Finding(name, OK, f"version {number}, {len(shop.rules.rules)} rules, {len(shop.lists)} lists")


def _doubts(pool: Pool, version: Version, shop: ShopPolicy, now: int) -> Iterator[tuple[str, str]]:
    """(what is doubtful, what to do)."""
    wrong = findings(shop.rules.rules, now)
    if wrong:
        found = f"{len(wrong)} of {len(shop.rules.rules)} rules decide less than they say, first {wrong[0].rule!r}"
        yield f"{found}: {wrong[0].said}", "rto rules check"
    if shop.money is None:
        yield f"no costs for {shop.currency}: {_NO_MONEY}", "fill in [economics], simulate, publish"
    champion = pool.champion.read_text().strip() if pool.champion.is_file() else None
    if shop.caps.caps and champion and not version.tried["bundle"].startswith("sha256:" + champion.rpartition("-")[2]):
        yield (
            "its caps were priced with the risks of another model",
            "rto policy simulate FILE, then rto policy publish FILE",
        )
    if not shop.experiment.holdout:
        yield ("no holdout: no saving can be shown, and later models forget the orders it keeps away",
               "set [experiment] holdout, 0.05 as shipped")  # fmt: skip
