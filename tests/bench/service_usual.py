"""The usual stack beside ours in `make bench-service`: FastAPI, history queries in SQL, a pandas row, XGBClassifier.

Written as well as such a service is usually written: the model is loaded once and predicts on one thread, connections are
kept, every query has a covering index and looks only at what was known by then, the access log is off. It asks for no key,
keeps no decision and weighs no money, all of which ours does. `POST /reasons` adds the five strongest contributions.

    python -m tests.bench.service_usual make MARKET FOLDER     the database and the model, from a market
    python -m tests.bench.service_usual serve FOLDER PORT
"""

import sqlite3
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import uvicorn
import xgboost as xgb
from fastapi import FastAPI
from pydantic import BaseModel

from data.contract import DAY

KEYS = ("phone", "email", "address", "device_id", "pincode", "merchant_pincode")
CATEGORIES = ("payment_method", "category", "channel", "merchant_id")
NUMBERS = ("amount_minor", "discount_share", "items", "hour", "has_landmark", "address_length", "promised_days")
_BY_KEY = """SELECT COUNT(*), COALESCE(SUM(rto), 0) FROM orders WHERE {key} = ? AND known_at < ?"""
_OF_LATE = "SELECT COUNT(*) FROM orders WHERE phone = ? AND placed_at >= ? AND placed_at < ?"
COLUMNS = (*NUMBERS, *(f"{key}_{what}" for key in KEYS for what in ("known", "rto_share")), "phone_placed_1d")


class Line(BaseModel):
    sku: str | None = None
    category: str | None = None
    quantity: int = 1
    price_minor: int | None = None


class Person(BaseModel):
    customer_id: str | None = None
    phone: str | None = None
    email: str | None = None
    name: str | None = None


class Address(BaseModel):
    line1: str | None = None
    line2: str | None = None
    landmark: str | None = None
    city: str | None = None
    district: str | None = None
    state: str | None = None
    pincode: str | None = None
    country: str | None = None


class Order(BaseModel):
    checkout_id: str | None = None
    order_id: str | None = None
    placed_at: datetime
    channel: str | None = None
    currency: str | None = None
    amount_minor: int
    discount_minor: int = 0
    shipping_fee_minor: int = 0
    payment_method: str
    line_items: list[Line]
    customer: Person
    shipping_address: Address
    origin_pincode: str | None = None
    promised_at: datetime | None = None
    device_id: str | None = None
    ip: str | None = None
    campaign: str | None = None


class Asked(BaseModel):
    merchant_id: str
    stage: str
    order: Order
    options: dict[str, Any] = {}


def row_of(connection: sqlite3.Connection, merchant: str, order: Order) -> dict[str, Any]:
    """The features of one order, by name: what it says itself, and what is known of others like it."""
    at, address = micros(order.placed_at), order.shipping_address
    text = " ".join(part for part in (address.line1, address.line2) if part)
    line = order.line_items[0]
    row: dict[str, Any] = {
        "amount_minor": order.amount_minor,
        "discount_share": order.discount_minor / max(1, order.amount_minor + order.discount_minor),
        "items": sum(one.quantity for one in order.line_items),
        "hour": order.placed_at.hour,
        "has_landmark": float(bool(address.landmark)),
        "address_length": len(text),
        "promised_days": (micros(order.promised_at) - at) / DAY if order.promised_at else np.nan,
    }
    values = {"phone": order.customer.phone, "email": order.customer.email, "device_id": order.device_id}
    values |= {"address": f"{text}|{address.pincode}", "pincode": address.pincode}
    values |= {"merchant_pincode": f"{merchant}|{address.pincode}"}
    for key in KEYS:
        known, rto = connection.execute(_BY_KEY.format(key=key), (values[key], at)).fetchone()
        row |= {f"{key}_known": known, f"{key}_rto_share": rto / known if known else np.nan}
    row["phone_placed_1d"] = connection.execute(_OF_LATE, (values["phone"], at - DAY, at)).fetchone()[0]
    said = {"payment_method": order.payment_method, "category": line.category, "channel": order.channel}
    return row | said | {"merchant_id": merchant}


def micros(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


def frame(rows: list[dict[str, Any]], kinds: dict[str, pd.CategoricalDtype]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[*COLUMNS, *CATEGORIES]).astype(kinds)


def app(folder: Path) -> FastAPI:
    """The service. Both routes are `async`: on one core that was quicker than FastAPI's threads."""
    model = xgb.XGBClassifier()
    model.load_model(folder / "usual.ubj")
    model.set_params(n_jobs=1)
    booster = model.get_booster()
    booster.set_param({"nthread": 1})
    kinds = kinds_of(folder)
    connection = sqlite3.connect(folder / "usual.sqlite", check_same_thread=False)
    connection.execute("PRAGMA query_only = 1")
    web = FastAPI()

    def row(asked: Asked) -> pd.DataFrame:
        return frame([row_of(connection, asked.merchant_id, asked.order)], kinds)

    @web.post("/score")
    async def score(asked: Asked) -> dict[str, Any]:
        p = float(model.predict_proba(row(asked))[0, 1])
        return {"p_rto": round(p, 3), "tier": tier(p)}

    @web.post("/reasons")
    async def reasons(asked: Asked) -> dict[str, Any]:
        one = row(asked)
        p = float(model.predict_proba(one)[0, 1])
        parts = booster.predict(xgb.DMatrix(one, enable_categorical=True, nthread=1), pred_contribs=True)[0, :-1]
        strongest = np.argsort(-np.abs(parts))[:5]
        told = [{"feature": one.columns[j], "contribution": round(float(parts[j]), 4)} for j in strongest]
        return {"p_rto": round(p, 3), "tier": tier(p), "reasons": told}

    return web


def tier(p: float) -> str:
    return "low" if p < 0.2 else "medium" if p < 0.5 else "high"


def kinds_of(folder: Path) -> dict[str, pd.CategoricalDtype]:
    told = pd.read_json(folder / "kinds.json", typ="series")
    return {name: pd.CategoricalDtype(values) for name, values in told.items()}


def orders_of(market: Path) -> pd.DataFrame:
    """One row for each order of a market: its keys, when it was placed, what became of it and when that was told."""
    orders = pq.read_table(market / "orders.parquet").to_pandas().drop_duplicates("order_id")
    news = pq.read_table(market / "news.parquet").to_pandas()
    ends = (
        news[news["type"].isin(("delivered", "rto_started"))]
        .sort_values("known_at")
        .drop_duplicates("order_id", keep="last")
    )
    ended = ends.set_index("order_id")
    for name in ("placed_at", "promised_at"):
        orders[name] = orders[name].astype("datetime64[us, UTC]").astype("int64")
    orders["rto"] = orders["order_id"].map((ended["type"] == "rto_started").astype(float))
    orders["known_at"] = orders["order_id"].map(ended["known_at"].astype("datetime64[us, UTC]").astype("int64"))
    text = orders["line1"].fillna("") + np.where(orders["line2"].notna(), " " + orders["line2"].fillna(""), "")
    orders["address"] = text.str.strip() + "|" + orders["pincode"].astype(str)
    orders["merchant_pincode"] = orders["merchant_id"] + "|" + orders["pincode"].astype(str)
    return orders


def told_rows(orders: pd.DataFrame) -> Iterator[tuple[str, Order]]:
    """Orders as the service is asked about them."""
    for one in orders.to_dict("records"):
        one = {name: None if value is None or value != value else value for name, value in one.items()}
        placed, promised = (
            one[name] and datetime.fromtimestamp(one[name] / 1e6, UTC) for name in ("placed_at", "promised_at")
        )
        yield one["merchant_id"], Order(
            placed_at=placed, promised_at=promised, channel=one["channel"], amount_minor=one["amount_minor"],
            discount_minor=one["discount_minor"] or 0, payment_method=one["payment_method"],
            line_items=[Line(category=one["category"], quantity=one["quantity"])],
            customer=Person(phone=one["phone"], email=one["email"]),
            shipping_address=Address(**{name: one[name] for name in Address.model_fields}), device_id=one["device_id"],
        )  # fmt: skip


def make(market: Path, folder: Path) -> None:
    """The database with its indexes, and a classifier as people train it, on what each order could know."""
    folder.mkdir(parents=True, exist_ok=True)
    orders, connection = orders_of(market), sqlite3.connect(folder / "usual.sqlite")
    kept = orders[["order_id", *dict.fromkeys((*KEYS, "placed_at", "known_at", "rto"))]]
    kept.to_sql("orders", connection, if_exists="replace", index=False)
    for key in KEYS:
        connection.execute(f"CREATE INDEX by_{key} ON orders ({key}, known_at, rto)")
    connection.execute("CREATE INDEX placed_by_phone ON orders (phone, placed_at)")
    connection.execute("ANALYZE")
    connection.commit()
    learned = orders[orders["rto"].notna()]
    rows = [row_of(connection, merchant, order) for merchant, order in told_rows(learned)]
    kinds = {name: pd.CategoricalDtype(sorted(orders[name].dropna().unique())) for name in CATEGORIES}
    pd.Series({name: list(kind.categories) for name, kind in kinds.items()}).to_json(folder / "kinds.json")
    model = xgb.XGBClassifier(
        enable_categorical=True, tree_method="hist", n_jobs=2
    )  # 100 trees of depth 6: as it comes
    model.fit(frame(rows, kinds), learned["rto"].astype(int))
    model.save_model(folder / "usual.ubj")


def main() -> None:
    what, *rest = sys.argv[1:]
    if what == "make":
        make(Path(rest[0]), Path(rest[1]))
    else:
        uvicorn.run(app(Path(rest[0])), host="127.0.0.1", port=int(rest[1]), access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
