"""The report over HTTP: which days and which form are asked for, and the answers, made anew at most once a minute."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from data.keeping.database import open_database
from data.keeping.journal import last_seq
from data.pool import Merchant, Pool
from serving.clock import Clock
from serving.page import Period, make_report
from serving.reports import Links, Report, policy_of, render, tables
from serving.reports.downloads import csv_bytes, xlsx_bytes
from serving.web.http import Refusal
from training.bundle import Bundle

KEPT_S = 60.0
"""An answer may be this old, if no news came and no model was published meanwhile."""
_MOST_KEPT = 32
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request wants. form: html, csv or xlsx.  table: of a CSV.  path: where the page itself is served."""

    form: str
    period: Period
    table: str
    path: str


def report_asked(request: Request) -> Asked:
    """What a request wants. Raises Refusal 422 for a day that is none."""
    query, path = request.query_params, request.url.path
    ending = path.rpartition(".")[2]
    form = ending if request.state.route.endswith((".csv", ".xlsx")) else "html"
    merchant = quote(request.path_params["merchant_id"], safe="")
    return Asked(form, _period(query), query.get("table", "summary"), merchant)


def _period(query: Mapping[str, str]) -> Period:
    everything = query.get("from") == "all"
    since = None if everything else _day(query, "from")
    until = _day(query, "to")
    if since is not None and until is not None and since > until:
        raise Refusal(422, "invalid", "the first day comes after the last", "?from")
    return Period(since, until, everything)


def _day(query: Mapping[str, str], name: str) -> date | None:
    text = query.get(name)
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise Refusal(422, "invalid", "a day, as 2026-02-28", f"?{name}") from None


class ReportAnswers:
    """Answers kept for a short while by what they were made from. Safe to use from several threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[object, tuple[float, Response]] = OrderedDict()
        self._lock = threading.Lock()  # one report at a time: the second asker finds what the first one made

    def answer(self, pool: Pool, merchant: Merchant, bundle: Bundle | None, clock: Clock, asked: Asked) -> Response:
        """Page or file. Raises Refusal 404 for a table that is not there."""
        digest = None if bundle is None else bundle.digest
        with self._lock:
            key = (pool.name, merchant.merchant_id, asked, digest, _newest(pool))
            made_at, kept = self._kept.get(key, (float("-inf"), None))
            if kept is None or clock.monotonic() - made_at > KEPT_S:
                report = make_report(pool, merchant, bundle, clock.now(), asked.period)
                kept = _FORMS[asked.form](report, asked)
                self._kept[key] = (clock.monotonic(), kept)
            self._kept.move_to_end(key)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
            return Response(kept.body, headers=dict(kept.headers))


def _newest(pool: Pool) -> tuple[int, int]:
    """What changes with every piece of news, every import and every decision."""
    connection = open_database(pool.database, read_only=True)
    try:
        (decided,) = next(connection.execute("SELECT COALESCE(MAX(scored_at), 0) FROM decisions"))
        return last_seq(connection), int(decided)
    finally:
        connection.close()


def _page(report: Report, asked: Asked) -> Response:
    days = {name: day.isoformat() for name, day in (("from", asked.period.since), ("to", asked.period.until)) if day}
    if asked.period.everything:
        days["from"] = "all"
    links = Links(
        xlsx=_link(f"{asked.path}.xlsx", days),
        csv=_link(f"{asked.path}.csv", days | {"table": ""}),
        newest=f"./{asked.path}",
        everything=_link(asked.path, {"from": "all"}),
    )
    policy = f"{policy_of()}; frame-ancestors 'none'"
    return HTMLResponse(render(report, links), headers={"content-security-policy": policy})


def _link(path: str, query: dict[str, str]) -> str:
    return f"./{path}?{urlencode(query)}" if query else f"./{path}"


def _csv(report: Report, asked: Asked) -> Response:
    found = tables(report)
    if asked.table not in found:
        raise Refusal(404, "not_found", f"no such table; there are: {', '.join(found)}", "?table")
    return Response(csv_bytes(found[asked.table]), headers=_file(f"{asked.table}.csv", "text/csv; charset=utf-8"))


def _xlsx(report: Report, asked: Asked) -> Response:
    return Response(xlsx_bytes(tables(report).values(), "RTO report"), headers=_file("rto-report.xlsx", _XLSX))


_FORMS: dict[str, Callable[[Report, Asked], Response]] = {"html": _page, "csv": _csv, "xlsx": _xlsx}


def _file(name: str, media_type: str) -> dict[str, str]:
    return {"content-type": media_type, "content-disposition": f'attachment; filename="{name}"'}
