"""`docs/world.md`, written from the world itself: `python -m data.world.page > docs/world.md`."""

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from data.world.frozen import parameters_digest
from data.world.marginal import DEVIATIONS, USUAL_SIZE
from data.world.marginals import MARGINALS
from data.world.outcomes import CAUSES
from data.world.parameter import Row, rows
from data.world.presets import NETWORK, PRESETS, Preset
from data.world.recorded import RECORDED
from data.world.shops import CATEGORIES
from data.world.simulate import simulate

MEASURED = Path(__file__).parents[2] / "docs" / "world-models.json"
"""What `make bench-world ARGS=--keep` found."""
INTRO = """# The made-up market

> **Good figures on a made-up market are not figures of anyone's shop.** Here we know what is true because we made it
> up: that is the use of it, and the limit of it. A model that does well here has shown that it reads what can be read
> from a log like this; what it will do on real orders, only real orders tell.

`rto simulate` draws a market whose truth is known: who is reliable, why each parcel came back, what would have
happened under every action. No public data tells how far a model is from the possible; a made-up market does.

    rto simulate --preset network --orders 500000 --seed 7 --out market
    rto import market/orders.parquet market/news.parquet --mapping native
    rto simulate --preset network --orders 200000 --seed 7 --check

The same preset, number of orders, seed and last day give the same bytes. The files are written into a folder beside
and renamed when all are there, so a folder that has its name is whole; a run that was killed is begun anew, for a
world is drawn whole and there is nothing to resume. A test holds this page and the code together; it is written by

    python -m data.world.page > docs/world.md
    python -m data.world.pictures docs/img

| file | holds |
|---|---|
| `orders.parquet`, `news.parquet` | what the shops know, in the native contract |
| `truth/orders.parquet` | each order: chances by cause, end, latents, action taken, where every other would have led |
| `truth/people.parquet`, `truth/places.parquet` | traits of buyers, effects of PIN codes |
| `world.json`, `WORLD.md` | preset, seed, size, end; a warning |

Import and training never open `truth/`; a test watches that.

## What it models

- **Presets.** `network`: one pool of sixty merchants over eighteen months. `merchant`: one shop whose buyers come
  about twice. `demo`: three shops, for `rto demo`.
- **Buyers** with a reliability nobody sees. Some live together and are alike; some share a phone; phones and devices
  change, those of unreliable buyers often. A few belong to **rings** that order in bursts at one shop, some of them
  on one device and to one address.
- **Places.** PIN codes, districts, states and coordinates are real (India Post, GODL-India); which sell more, and how
  parcels fare there, is drawn. Couriers differ, and differ by district, and now and then one breaks down in a
  district for a week.
- **Drawn, then balanced.** A few shops make up most of a pool and a dozen states most of a country: left to luck, half
  of all drawn pools were outside some band below. So effects of places are centred within each tier, those of states,
  districts and couriers in themselves, and drawn shops are moved together until the pool's waits, prices and refusals
  are as planned by volume. Who is a bad shop or a bad district is still drawn anew for each seed.
- **Addresses** in Latin letters in the manner of Hindi, Bengali, southern and English streets, with parts left out
  and typing errors the oftener the worse their writer; nonsense; wrong PIN codes; and short village addresses (*Vill
  Rampur, PO Sonbarsa*) that are perfectly good.
- **A visit's intent**, which nobody sees either, but which leaves traces: app or web, account or guest, an e-mail or
  none, a full name or a short one. The contract has no column for one-time passwords or time on the page, so there
  are none here.
- **Five competing causes** of an RTO: no intent or a fake order, refusal at the door, an address nobody finds, a
  buyer out of reach three times, the courier's fault. The first that fires counts. Each has its own equation, with
  interactions; an order's own luck and its delay are integrated out, so each order's chance is known in closed form.
- **Time.** Sale windows, nights, a slow drift and a yearly wave, and in the last tenth of `network` and `merchant`
  one abrupt shift.
- **News** as couriers tell it: hours late, reasons booked with a noisy pen, scans corrected a day later, parcels
  lost, ends never told, orders taken back before dispatch.
- **What the shops did** about risky orders under a logging policy, with propensities (`--logging`, `--explore`); what
  every other action would have led to, drawn with the same luck.

## What to take from the truth

`truth/orders.parquet` has a row for each order; join it by `order_id`, in tests and studies alone.

| to know | read |
|---|---|
| the risk, if paid in cash and if paid up front | `p_cod`, `p_prepaid` |
| chances by cause, as the order is paid | `p_fake`, `p_refusal`, `p_address`, `p_unreachable`, `p_courier` |
| a good buyer: would have taken the parcel, had it just been shipped | `cause_if_shipped` is 0 |
| what each action would have led to, with common luck | `data.world.effects.outcome_under(truth, action, plan)` |
| the chance of each end under each action | `data.world.effects.chances_under(truth, action, plan, delivered_after_all)` |
| what the shops did, and with what chance | `action`, `propensity` |
| nonsense addresses; short village ones that are good | `gibberish`; `rural` |
| after the abrupt shift; after the change of mix | `shift`; `mix` |
| the best score the log allows | `data.world.oracle.observable_oracle(world.inner).p` |

`plan` and `delivered_after_all` are `preset.effects` and `preset.causes.delivered_after_all`. A first attempt that
failed is news, as a shop hears it: `attempt_failed`, days before the end.

**For monitors**: `--shift none|concept|mix --shift-at SHARE` draws a market without drift, wave and shift of its own, in
which one thing changes at one moment. *concept*: the same orders are refused more often. *mix*: other orders come (more
paid posts, more cash, higher discounts), each as risky as its like before. *none*: nothing, to count false alarms.

## What it leaves out

Returns after delivery, part deliveries, exchanges; the text of addresses that were corrected; stock; marketplaces;
prices that answer to demand; buyers who learn or who are driven away by a refusal, and refused ones who come back
under a new phone; shops that copy each other; couriers chosen by price; holidays, weather, elections; addresses in
Indian scripts; more than one country, currency or warehouse; people of whom several hide behind one account. Effects
of actions rest on vendors' claims or are assumed: no randomised study is public.
"""


PICTURES = """
![Every marginal within its band, for three seeds](img/world-bands.svg)

![Cash RTO by delay, tier and district, and the reasons booked](img/world-marginals.svg)

![When ends are told; cash RTO week by week](img/world-time.svg)
"""


def page() -> str:
    """The page as Markdown."""
    parts = [
        INTRO,
        _bands(),
        PICTURES,
        _models(json.loads(MEASURED.read_text(encoding="utf-8"))),
        "\n## Parameters\n",
        SOURCES,
        f"\nDigest of all parameters: `{parameters_digest()}`.\n",
    ]
    return "".join([*parts, *_plans(), _shops(), _pen()])


SOURCES = """
What has no public source says *assumed*. *science notes* are the project's own notes from before the build, which
began with a throw-away prototype: read them as assumed, too. Where presets differ the row shows each. Effects on a
logit unless said otherwise.
"""


def _bands() -> str:
    """Every marginal's band and source; a tiny world is drawn for their names only."""
    tiny = simulate(NETWORK, 2_000, 1, 1_780_000_000_000_000, lambda done, total: None)
    head = (
        "\n## Marginals\n\n`--check` prints these with their verdicts and ends with status 13 if one is outside its band.\n"
        f"They were set for `network` at {USUAL_SIZE:,} orders, where the mean over seeds is at least {DEVIATIONS:g} deviations\n"
        "over seeds (*scatter*) inside each band. Smaller markets scatter more: their bands are wider by as many deviations as\n"
        "they have more, and where that would more than double a band the verdict is *too few orders*, neither good nor\n"
        "bad. Districts are compared without the luck of who lives there, as published shares of millions of parcels are.\n"
        "A market changed by `--shift`, `--logging` or `--explore` is not judged.\n\n"
        "| marginal | least | most | scatter | source |\n|---|---|---|---|---|\n"
    )
    figures = [one for measure in MARGINALS for one in measure(tiny)]
    lines = [f"| {one.name} | {one.least:g} | {one.most:g} | {one.scatter:g} | {one.source} |\n" for one in figures]
    return head + "".join(lines)


def _models(found: dict[str, Any]) -> str:
    """How far everybody gets on each market measured, and how those who learn stand beside the observable oracle."""
    markets = found["markets"]
    ruled = "|---|" + "---|" * len(markets) + "\n"
    seeds = " | ".join(f"seed {market['seed']}" for market in markets)
    text = MODELS.format(orders=found["orders"], at=found["at"]) + f"| AUC; log loss | {seeds} |\n{ruled}"
    for name in markets[0]["rows"]:
        cells = [market["rows"][name] for market in markets]
        text += f"| {name} | " + " | ".join(f"{row['auc']:.4f}; {row['log_loss']:.4f}" for row in cells) + " |\n"
    text += "| *orders; came back* | " + " | ".join(f"{m['n']:,}; {m['rto_share']:.1%}" for m in markets) + " |\n"
    text += f"\n| gain on the oracle (limit) | {seeds} |\n{ruled}"
    for name in [name for name, row in markets[0]["rows"].items() if "alarm" in row]:
        alarms = [market["rows"][name]["alarm"] for market in markets]
        for what, words in (("auc", "AUC"), ("log_loss", "log loss")):
            cells = [f"{alarm[f'{what}_gain']:+.4f} ({alarm[f'{what}_limit']:.4f})" for alarm in alarms]
            text += f"| {name}: {words} | " + " | ".join(cells) + " |\n"
    return text


MODELS = """
## How far a model is from the possible

`make bench-world`, {at}, `network`, {orders:,} orders: everybody on the cash orders of the model's untouched future. The
*observable oracle* knows the parameters and who is who, and of buyers only what was told by then: no model of the log
can beat it but by chance, and trees given its word and all features besides must gain nothing. A gain above its limit
(three paired standard errors and a little for the oracle's own rounding) is a leak, and in tests an alarm.

"""


def _plans() -> list[str]:
    """A table for each plan of the presets, in the order of their fields; then what stands in no plan."""
    tables = [_table("Market", "", [row for row in rows(NETWORK) if "." not in row.name])]
    for column in fields(Preset):
        plan = getattr(NETWORK, column.name)
        if is_dataclass(plan) and "why" not in column.metadata:
            mine = [row for row in rows(NETWORK) if row.name.startswith(f"{column.name}.")]
            tables.append(_table(column.name.capitalize(), type(plan).__doc__ or "", mine))
    sales = [
        f"| {name} | " + "; ".join(f"{sale.starts:g} of the period, {sale.days} days" for sale in preset.sales) + " |\n"
        for name, preset in PRESETS.items()
    ]
    return [*tables, SALES, *sales]


SALES = """
### Sale windows

Assumed: a festive one of 20 days and short ones of 7.

| preset | begin at, for |
|---|---|
"""


def _table(title: str, words: str, mine: list[Row]) -> str:
    others = {name: {row.name: row.value for row in rows(preset)} for name, preset in PRESETS.items()}
    words = words.splitlines()[0] if words else ""
    head = f"\n### {title}\n\n{words}\n\n| parameter | value | meaning | source |\n|---|---|---|---|\n"
    return head + "".join(_line(row, others) for row in mine)


def _line(row: Row, others: dict[str, dict[str, Any]]) -> str:
    odd = [
        f"{name} {_shown(theirs[row.name])}"
        for name, theirs in others.items()
        if theirs.get(row.name, row.value) != row.value
    ]
    value = "; ".join([_shown(row.value), *odd])
    return f"| `{row.name.rpartition('.')[2]}` | {value} | {row.why} | {row.source} |\n"


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(_shown(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _shops() -> str:
    head = """
### Categories

Medians in rupees; effects on the logits of refusal and of paying in cash. The order follows the RTO shares by category of
the Shiprocket calculator; the figures are assumed. Drawn shops sell some of these.

| category | median price | refusal | cash |
|---|---|---|---|
"""
    lines = [f"| {a.name} | {a.median_price:g} | {a.refusal:+g} | {a.cod:+g} |\n" for a in CATEGORIES]
    named = """
| preset | shop | share | from PIN | days to dispatch | refusal | more so outside the cities |
|---|---|---|---|---|---|---|
"""
    shops = [
        f"| {name} | {m.merchant_id} | {m.share:g} | {m.origin_pincode} | {m.dispatch_days:g} | {m.refusal:+g} | {m.rural:+g} |\n"
        for name, preset in PRESETS.items()
        for m in preset.merchants
    ]
    return head + "".join(lines) + named + "".join(shops)


def _pen() -> str:
    kinds = sorted({kind for booked in RECORDED.values() for kind in booked})
    head = f"""
### What couriers write down

Share of failed attempts booked under each reason, by true cause (*none*: delivered in the end). Assumed, and set
so that the booked mix of cash RTOs is ClickPost's.

| true cause | {" | ".join(kind.name.lower().replace("_", " ") for kind in kinds)} |
|---|{"---|" * len(kinds)}
"""
    lines = [
        f"| {CAUSES[cause]} | " + " | ".join(f"{booked[kind]:g}" if kind in booked else "" for kind in kinds) + " |\n"
        for cause, booked in RECORDED.items()
    ]
    return head + "".join(lines)


if __name__ == "__main__":
    print(page(), end="")
