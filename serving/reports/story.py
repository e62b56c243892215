"""The report in a few plain sentences: what came back, where, and what to do today."""

from zoneinfo import ZoneInfo

from data.contract import DAY
from serving.reports import wording
from serving.reports.figures import Group, GroupRow, Period, Report

_SURE = 30  # outcomes behind a place that is named in a sentence


def sentences(report: Report) -> tuple[str, ...]:
    """Two to five sentences, each true as it stands. Empty without a judged order."""
    if not report.headline.every.n:
        return ()
    found = (_trend(report), _where(report), _what(report), _attempts(report), _today(report))
    return tuple(text for text in found if text)


def known_day(report: Report) -> str:
    """The last day of which it is known how parcels ended."""
    return wording.day(wording.local_day(report.meta.told_until, ZoneInfo(report.meta.timezone)))


def old_news(report: Report) -> tuple[str, str] | None:
    """That nothing is known of the last weeks, and what follows; None where something is."""
    if not report.meta.old:
        return None
    days = (report.meta.generated_at - report.meta.told_until) // DAY
    return (
        f"Nothing is known after {known_day(report)}, {wording.count(days)} days before this report was made.",
        "Shares and risks are of that time, and what was open then may long have ended: import newer orders, or send news.",
    )


def _trend(report: Report) -> str:
    final = [m for m in report.months if m.mature and m.every.n >= _SURE]
    if len(final) < 2:
        return ""
    before, last = final[-2:]
    change = _change(before, last)
    now, then = (wording.percent(m.every.share) for m in (last, before))
    return f"{wording.month(last.start)}, the last month that is final: {now}, after {then} the month before; {change}."


def _change(before: Period, last: Period) -> str:
    if last.every.low > before.every.high:
        return "that is a real rise"
    if last.every.high < before.every.low:
        return "that is a real fall"
    return "the difference may be chance"


def _where(report: Report) -> str:
    row = _worst(report.groups["state"]) or _worst(report.groups["district"])
    if row is None:
        return ""
    return f"It comes back most from {_named(report, row)}."


def _what(report: Report) -> str:
    row = _worst(report.groups["category"])
    return f"Of the goods, {_named(report, row)}." if row else ""


def _worst(group: Group) -> GroupRow | None:
    """The row above the average for sure with the most parcels beyond it."""
    every = group.total.share or 0.0
    above = [row for row in group.rows if row.stands_out > 0 and row.share.n >= _SURE]
    return max(above, key=lambda row: row.share.rto - row.share.n * every, default=None)


def _named(report: Report, row: GroupRow) -> str:
    share, every = row.share, report.headline.every.share
    counts = f"{wording.count(share.rto)} of {wording.count(share.n)}"
    return (
        f"{wording.short(row.name)}: {counts}, {wording.percent(share.share)} against {wording.percent(every)} overall"
    )


def _attempts(report: Report) -> str:
    found = report.attempts
    if found.told < _SURE:
        return ""
    share = wording.percent(found.first_failed / found.told)
    saved = wording.count(found.delivered)
    return (
        f"The first delivery attempt failed for {share} of the orders of which one was told; "
        f"{saved} of those {wording.count(found.first_failed)} were delivered later."
    )


def _today(report: Report) -> str:
    today = report.today
    if not today.scored:
        return ""
    when = f"As of {known_day(report)}" if report.meta.old else "Today"
    if not today.weighed:
        return (
            f"{when}: {wording.count(today.high)} of {wording.count(today.scored)} open orders are of high risk; what to do "
            f"about them cannot be weighed, as no costs are known for {report.money.currency}."
        )
    if not today.to_act:
        return f"{when}: ship all {wording.count(today.scored)} open orders as they are."
    acts = (
        f"{wording.count(s.orders)} × {wording.ACTIONS.get(s.action, s.action).lower()}"
        for s in today.sums
        if s.action != "allow_cod"
    )
    n = wording.count(today.to_act)
    return f"{when}: for {n} open orders something is worth more than shipping as it is: {', '.join(acts)}."
