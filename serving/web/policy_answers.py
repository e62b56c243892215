"""Policies over HTTP: what decides now, and a policy tried on past orders. Nothing here makes anything live."""

from typing import Annotated, Any

from pydantic import Field

from data.errors import PlanError, UsageError
from data.pool import Merchant, Pool
from serving.policies.past import read_past
from serving.policies.policy_hand import Hand, told
from serving.policies.policy_shapes import PolicyIn
from serving.policies.pricing import priced
from serving.policies.simulating import simulate
from serving.web.http import Refusal, rfc3339
from serving.web.schema import Id, Strict


class SimulateIn(Strict):
    """A policy to try, as its TOML file would say it, on the cash orders of the last days."""

    merchant_id: Id
    policy: PolicyIn
    days: Annotated[int, Field(ge=1, le=3650)] = 90


def policy_told(pool: Pool, merchant: Merchant) -> dict[str, Any]:
    """What decides for a merchant now, and every version there was."""
    hand = Hand(pool, merchant)
    live = hand.store.live().get(merchant.merchant_id)
    version = None if live is None else hand.store.read(merchant.merchant_id, live)
    versions = [hand.store.read(merchant.merchant_id, number) for number in hand.store.versions(merchant.merchant_id)]
    found = told(hand.live(), version)
    found["published_at"] = None if version is None else rfc3339(version.published_at)
    return {"live": found, "versions": [{"version": v.version, "published_at": rfc3339(v.published_at), "note": v.note,
                                         "live": v.version == live} for v in versions]}  # fmt: skip


def policy_tried(pool: Pool, merchant: Merchant, asked: SimulateIn) -> dict[str, Any]:
    """A policy tried on past orders. Raises Refusal 422 for one that cannot be meant, 409 where no past is ready."""
    hand = Hand(pool, merchant)
    try:
        shop = hand.meant(asked.policy, "policy").ready()
    except (PlanError, UsageError) as error:
        said = ", ".join(one for one in (f"expected {error.expected}", error.to_do) if one)
        raise Refusal(422, "policy_refused", f"{error.code} {error.where}: {said}", "/policy") from None
    past = read_past(pool)
    if past is None:
        raise Refusal(
            409, "not_prepared", "no past orders are ready: run rto policy simulate once where the history is"
        )
    shop = priced(shop, past, past.rows_of(merchant.merchant_id, asked.days))
    return simulate(past, merchant.merchant_id, shop, hand.live(), asked.days)
