"""The `details` of news as kept: what it refers to, without personal values. For imports and live news alike."""

import json
from collections.abc import Sequence
from typing import Any

from data import contract
from data.arrival import Desk, arrive

_ADDRESS = ("line1", "line2", "landmark", "city", "district", "state", "pincode", "country")


def kept_details(kind: str, said: dict[str, Any], desk: Desk) -> str | None:
    """The part of `details` that is kept, without personal values: a corrected address becomes place and pseudonym.

    Raises KeyError if a correction names no event, a corrected address is absent, or an action is absent or unknown;
    TypeError if an address is no table of texts.
    """
    [kept] = keep_details([kind], [said], desk)
    if isinstance(kept, Exception):
        raise kept
    return kept


def keep_details(kinds: Sequence[str], said: Sequence[Any], desk: Desk) -> list[str | Exception | None]:
    """The same for many pieces of news; where `kept_details` raises, what it raises stands in the list. What is said
    may also be what went wrong before. All corrected addresses arrive together, in the order of the news."""
    kept = [_kept(kind, one) for kind, one in zip(kinds, said, strict=True)]
    moved = [i for i, one in enumerate(kept) if isinstance(one, dict) and "address" in one]
    for i, address in zip(moved, _corrected([kept[i]["address"] for i in moved], desk), strict=True):
        kept[i] = {"address": address}
    return [one if isinstance(one, Exception) else json.dumps(one, sort_keys=True) if one else None for one in kept]


def _kept(kind: str, said: Any) -> Any:
    """What is kept, with a corrected address still as told; or what is wrong."""
    if isinstance(said, Exception):
        return said
    if not isinstance(said, dict):
        return TypeError("details")
    try:
        if kind == "correction":
            return {"voids": str(said["voids"])} | ({"source": str(said["source"])} if "source" in said else {})
        if kind == "action_taken":
            kept = {"action": contract.Action[str(said["action"]).upper()].name.lower()}
            return kept | ({"decision_id": said["decision_id"]} if "decision_id" in said else {})
        return {"address": _checked(said["address"])} if kind == "address_corrected" else {}
    except (KeyError, TypeError) as error:
        return error


def _checked(address: Any) -> dict[str, Any]:
    if not isinstance(address, dict) or not all(isinstance(v, str | None) for v in address.values()):
        raise TypeError("address")
    if address.get("pincode") and address.get("country") in (None, "IN"):
        return {**address, "pincode": "".join(address["pincode"].split())}
    return address


def _corrected(addresses: list[dict[str, Any]], desk: Desk) -> list[dict[str, Any]]:
    if not addresses:
        return []
    told = {name: [address.get(name) for address in addresses] for name in _ADDRESS}
    n = len(addresses)
    arrived = arrive({**told, "order_id": [""] * n, "merchant_id": [""] * n, "placed_at": [0] * n}, desk)
    columns = [arrived[name].tolist() for name in ("address", "pincode", "district", "state")]
    return [
        {"address": int(pseudonym), "pincode": pincode, "district": district, "state": state}
        for pseudonym, pincode, district, state in zip(*columns, strict=True)
    ]
