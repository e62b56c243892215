"""The `details` of news as kept: what it refers to, without personal values. For imports and live news alike."""

import json
from typing import Any

from data import contract
from data.arrival import Desk, arrive


def kept_details(kind: str, said: dict[str, Any], desk: Desk) -> str | None:
    """The part of `details` that is kept, without personal values: a corrected address becomes place and pseudonym.

    Raises KeyError if a correction names no event, a corrected address is absent, or an action is absent or unknown;
    TypeError if an address is no table of texts.
    """
    kept: dict[str, Any] = {}
    if kind == "correction":
        kept = {"voids": str(said["voids"])} | ({"source": str(said["source"])} if "source" in said else {})
    elif kind == "action_taken":
        kept = {"action": contract.Action[str(said["action"]).upper()].name.lower()}
        kept |= {"decision_id": said["decision_id"]} if "decision_id" in said else {}
    elif kind == "address_corrected":
        kept = {"address": _corrected(said["address"], desk)}
    return json.dumps(kept, sort_keys=True) if kept else None


def _corrected(address: dict[str, Any], desk: Desk) -> dict[str, Any]:
    if not isinstance(address, dict) or not all(isinstance(v, str | None) for v in address.values()):
        raise TypeError("address")
    if address.get("pincode") and address.get("country") in (None, "IN"):
        address = {**address, "pincode": "".join(address["pincode"].split())}
    told = {
        name: [address.get(name)]
        for name in ("line1", "line2", "landmark", "city", "district", "state", "pincode", "country")
    }
    arrived = arrive({**told, "order_id": [""], "merchant_id": [""], "placed_at": [0]}, desk)
    place = {name: arrived[name][0] for name in ("pincode", "district", "state")}
    return {"address": int(arrived["address"][0]), **place}
