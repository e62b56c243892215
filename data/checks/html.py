"""The checks as one offline page, made from the JSON of their report alone: nothing fetched, no script, all escaped."""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

Values = Mapping[str, Any]
STYLE = Path(__file__).with_name("checks.css").read_text(encoding="utf-8")
DIGEST = b64encode(sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{DIGEST}'; base-uri 'none'; form-action 'none'"
WIDTH, HEIGHT, LEFT, BOTTOM = 760, 170, 48, 22
ORDER = {"hard": 0, "soft": 1}


def checks_page(report: Values) -> str:
    """The page of `CheckReport.as_dict()`, UTF-8."""
    results = list(report["results"])
    failed = sorted((r for r in results if r["outcome"] == "failed"), key=lambda r: (ORDER[r["severity"]], r["code"]))
    n_hard = sum(r["severity"] == "hard" for r in failed)
    series = report.get("series", {})
    body = [_summary(results, failed, n_hard, str(report["purpose"])), *(_failure(r) for r in failed)]
    body += [_days(series.get("orders_per_day", [])), _weeks(series.get("rto_by_week", []))]
    body += [_all(results)]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Checks: {len(failed)} failed</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in body if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def _summary(results: list[Values], failed: list[Values], n_hard: int, purpose: str) -> str:
    passed = sum(r["outcome"] == "passed" for r in results)
    idle = len(results) - passed - len(failed)
    verdict = "Stopped" if n_hard else "Passed, with remarks" if failed else "All is well"
    said = f"{n_hard} of the failures stop the {escape(purpose)}; nothing was kept." if n_hard and purpose == "import" else (
        f"{n_hard} of the failures stop the {escape(purpose)}." if n_hard else "Nothing here stops the work.")  # fmt: skip
    return (
        f'<p class="kicker">Checks of a history, for {escape(purpose)}</p>\n<h1>{verdict}</h1>\n'
        f'<p class="lead">{passed} checks passed, {len(failed)} failed, {idle} are not applicable. {said}</p>'
    )


def _failure(r: Values) -> str:
    examples = ", ".join(f"<code>{escape(str(e))}</code>" for e in r["examples"])
    rows = [("Found", _found(r)), ("Why it matters", _sentence(r["why"])), ("To do", _sentence(r["to_do"]))]
    listed = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in [*rows, ("For example", examples)] if value)
    weight = escape(str(r["severity"]))
    title = f"{escape(str(r['code']))} {escape(str(r['title']))}"
    return (
        f'<section class="{weight}"><h2>Failed: {title} <span class="tag">{weight}</span></h2>'
        f"<dl>{listed}</dl></section>"
    )


def _found(r: Values) -> str:
    if r["n_failed"] is not None:
        return f"{r['n_failed']:,} of {r['n_checked']:,} ({100 * r['share_failed']:.2f} %)"
    return "not applicable" if r["observed"] is None else f"saw {r['observed']:.4g}"


def _sentence(text: str) -> str:
    return escape(text[:1].upper() + text[1:]) + "."


def _all(results: list[Values]) -> str:
    rows = "".join(
        f'<tr class="{escape(str(r["outcome"]))}"><th scope="row">{escape(str(r["code"]))}</th>'
        f"<td>{escape(str(r['title']))}</td><td>{escape(str(r['severity']))}</td>"
        f"<td>{escape(str(r['outcome']).replace('_', ' '))}</td>"
        f'<td class="n">{r["n_checked"]:,}</td>'
        f'<td class="n">{"" if r["n_failed"] is None else format(r["n_failed"], ",")}</td></tr>'
        for r in results
    )
    head = "".join(f'<th scope="col"{c}>{n}</th>' for n, c in (("number", ""), ("check", ""), ("weight", ""),
                   ("result", ""), ("looked at", ' class="n"'), ("failed", ' class="n"')))  # fmt: skip
    return (
        f'<h2>All checks</h2><div class="scroll"><table><caption>Every check, by its number</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _days(days: list[list[Any]]) -> str:
    if len(days) < 2:
        return ""
    most = max(n for _, n in days) or 1
    step = (WIDTH - LEFT) / len(days)
    bars = "".join(
        f'<rect x="{LEFT + i * step:.1f}" y="{_y(n / most):.1f}" '
        f'width="{max(step * 0.8, 0.5):.2f}" height="{HEIGHT - BOTTOM - _y(n / most):.1f}"/>'
        for i, (_, n) in enumerate(days)
    )
    label = f"Orders per day from {days[0][0]} to {days[-1][0]}, at most {most:,}"
    return _figure("Orders per day", label, bars, f"{most:,}", days[0][0], days[-1][0], "UTC days.")


def _weeks(weeks: list[list[Any]]) -> str:
    if len(weeks) < 2:
        return ""
    top = max(high for *_, high in weeks) or 1.0
    step = (WIDTH - LEFT) / len(weeks)
    marks = "".join(
        f'<line x1="{LEFT + (i + 0.5) * step:.1f}" x2="{LEFT + (i + 0.5) * step:.1f}" '
        f'y1="{_y(low / top):.1f}" y2="{_y(high / top):.1f}"/>'
        f'<circle cx="{LEFT + (i + 0.5) * step:.1f}" cy="{_y(share / top):.1f}" r="3"/>'
        for i, (_, _, share, low, high) in enumerate(weeks)
    )
    label = f"RTO share by week, {weeks[0][2]:.1%} in the first and {weeks[-1][2]:.1%} in the last"
    note = "Of orders with an outcome, with 95 % intervals. The newest weeks are not mature: deliveries are told before RTOs."
    return _figure("RTO share by week", label, marks, f"{100 * top:.0f} %", weeks[0][0], weeks[-1][0], note)


def _figure(title: str, label: str, marks: str, top: str, first: str, last: str, note: str) -> str:
    floor = HEIGHT - BOTTOM
    return (
        f'<h2>{title}</h2><figure><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
        f'<line class="axis" x1="{LEFT}" x2="{WIDTH}" y1="{floor}" y2="{floor}"/>{marks}'
        f'<text x="{LEFT - 6}" y="14" text-anchor="end">{escape(top)}</text>'
        f'<text x="{LEFT - 6}" y="{floor}" text-anchor="end">0</text>'
        f'<text x="{LEFT}" y="{HEIGHT - 5}">{escape(str(first))}</text>'
        f'<text x="{WIDTH}" y="{HEIGHT - 5}" text-anchor="end">{escape(str(last))}</text>'
        f"</svg><figcaption>{escape(note)}</figcaption></figure>"
    )


def _y(share: float) -> float:
    return 6 + (1 - share) * (HEIGHT - BOTTOM - 6)
