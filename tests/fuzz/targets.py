"""What anybody can send or hand in, as functions of bytes: each returns, or refuses in the way it is documented to.

`make fuzz` lets a fuzzer guided by coverage look for a third way; `test_targets.py` tries some thousand damaged examples.
"""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import orjson
import xgboost as xgb
from pydantic import ValidationError
from starlette.requests import Request

from data.errors import DataError
from data.files.csv_sheet import read_csv
from data.files.shaping import File
from data.persons.addresses import read_address
from data.persons.emails import email_name_match, read_email
from data.persons.phones import phone_of, read_phone
from data.pool import Merchant
from serving.web.body import checked_batch, require_json
from serving.web.http import Refusal
from serving.web.schema import EventIn, PlaceIn, ScoreIn, error_fields
from serving.web.webhook_keys import signature
from serving.web.webhooks import delivered, events_of
from training.tree_structure import TreesError, require_trees

SECRET, NOW_S = b"a secret of a courier's", 1_770_000_000
_SHAPES = (ScoreIn, PlaceIn, EventIn)


@dataclass(frozen=True, slots=True)
class Target:
    """run: on any bytes.  seeds: examples of what is meant."""

    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]


def body(data: bytes) -> None:
    """A request's body, in every shape there is."""
    try:
        require_json(data)
    except Refusal:
        return
    for shape in _SHAPES:
        try:
            shape.model_validate_json(data)
        except ValidationError as error:
            pointer, message = error_fields(shape, error.errors(include_url=False, include_input=False))
            assert pointer.startswith("/"), pointer
            assert message
    try:
        checked_batch(data)
    except Refusal:
        return


def person(data: bytes) -> None:
    """A phone, an e-mail address, a name and an address, as people type them."""
    parts = (data.decode("utf-8", errors="replace").split("\n") + [""] * 6)[:6]
    phone, email, name, line1, line2, pincode = parts
    for country in ("IN", "PK", "CO"):
        told = phone_of(phone, country).e164
        assert told is None or (told.startswith("+") and told[1:].isdigit()), told
        _measured(read_phone(phone, country).measures)
    _measured(read_email(email).measures)
    _measured(read_address(line1, line2, name, pincode).measures)
    _measured((email_name_match(email, name),))


def _measured(measures: tuple[float, ...]) -> None:
    """Numbers, or NaN for what cannot be told; never infinite."""
    assert not np.isinf(np.array(measures, dtype=float)).any(), measures


def webhook(data: bytes) -> None:
    """Three headers, a line each, and a body."""
    lines = data.split(b"\n", 3)
    message_id, moment, said, content = (lines + [b""] * 4)[:4]
    names = (b"webhook-id", b"webhook-timestamp", b"webhook-signature")
    headers = list(zip(names, (message_id, moment, said), strict=True))
    request = Request({"type": "http", "method": "POST", "path": "/", "headers": headers})
    try:
        found = delivered(request, content, [SECRET], NOW_S * 1_000_000)
    except Refusal as refusal:
        assert refusal.status == 401, refusal.status
        good = signature(SECRET, message_id.decode("latin-1"), moment.decode("latin-1"), content)
        assert b"v1," + good not in said.split(b" ")[:8] or not _fits(message_id, moment), (
            "a good signature was refused"
        )
        return
    try:
        events_of(found, Merchant("acme"), "courier")
    except Refusal as refusal:
        assert refusal.status in (400, 422), refusal.status


def _fits(message_id: bytes, moment: bytes) -> bool:
    plain = moment.isdigit() and len(moment) <= 12 and 1 <= len(message_id) <= 128
    return plain and abs(int(moment) - NOW_S) <= 300


def csv(data: bytes) -> None:
    """A merchant's export."""
    path = _scratch() / "orders.csv"
    path.write_bytes(data)
    try:
        sheet = read_csv(path, File())
    except DataError as error:
        assert error.code, error
        return
    assert len(sheet.table) == len(sheet.rows)


def trees(data: bytes) -> None:
    """The trees of a bundle, whose reader must refuse what xgboost would die of."""
    try:
        require_trees(data, 3, 5)
    except TreesError as error:
        assert str(error)


@cache
def _scratch() -> Path:
    return Path(tempfile.mkdtemp(prefix="fuzz-"))


def _bodies() -> list[bytes]:
    order = {"order_id": "o-1", "placed_at": "2026-02-11T21:14:05+05:30", "currency": "INR", "amount_minor": 64_900,
             "payment_method": "cod", "line_items": [{"sku": "s", "quantity": 1, "price_minor": 64_900}],
             "customer": {"phone": "+91 90000 90001", "email": "a@example.in", "name": "Asha"},
             "shipping_address": {"line1": "12 MG Road", "pincode": "800001", "country": "IN"}}  # fmt: skip
    event = {
        "merchant_id": "m",
        "event_id": "e",
        "order_id": "o",
        "type": "delivered",
        "happened_at": "2026-02-11T21:14:05Z",
    }
    asked = [
        {"merchant_id": "m", "order": order, "options": {"explain": 3}},
        {"merchant_id": "m", "orders": [order, {}]},
    ]
    return [orjson.dumps(one) for one in (*asked, event)]


def _persons() -> list[bytes]:
    return [
        b"+91 98765-43210\nasha.rao77@example.in\nAsha Rao\nH.No 12, Gali 3, near mandir\nKankarbagh\n800001",
        "०९८७६५४३२१०\nक@उदाहरण.in\nआशा\nमकान १२\n\n११०००१".encode(),
    ]


def _webhooks() -> list[bytes]:
    event = {"event_id": "e", "order_id": "o", "type": "delivered", "happened_at": "2026-02-01T21:14:05Z"}
    content = json.dumps({"events": [event]}).encode()
    signed = [(b"msg_1", str(NOW_S).encode(), content), (b"msg_2", str(NOW_S - 299).encode(), b"{}")]
    return [b"\n".join((i, at, b"v1," + signature(SECRET, i.decode(), at.decode(), c), c)) for i, at, c in signed]


def _exports() -> list[bytes]:
    return [
        b'order_id,placed_at,amount,status\no-1,2026-02-01,649.00,Delivered\no-2,2026-02-02,"1,299.00",RTO\n',
        '\ufeffpedido;fecha;valor\n"a ""b""";01/02/2026;1.299,00\r\n;;\r\n'.encode(),
    ]


def _boosters() -> list[bytes]:
    x = np.random.default_rng(7).normal(size=(400, 3))
    data = xgb.DMatrix(x, label=(x[:, 0] > 0.2).astype(float))
    return [bytes(xgb.train({"max_depth": 3, "nthread": 1}, data, num_boost_round=5).save_raw("ubj"))]


TARGETS = {
    "body": Target(body, _bodies),
    "person": Target(person, _persons),
    "webhook": Target(webhook, _webhooks),
    "csv": Target(csv, _exports),
    "trees": Target(trees, _boosters),
}
