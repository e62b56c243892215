"""From figures to the page: one HTML text with its style inside, no script, nothing fetched from anywhere."""

from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from math import floor, log10
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from serving.reports import wording
from serving.reports.advice_chart import tier_chart
from serving.reports.charts import ORDERS_PER_POINT, WEEKS, week_chart, whisker, whisker_scale
from serving.reports.decided import MOST_DECISIONS
from serving.reports.figures import Report
from serving.reports.groups import PIN_PRIOR
from serving.reports.reliability import panels
from serving.reports.shares import Share
from serving.reports.story import known_day, old_news, sentences
from serving.reports.tables import period_text, source_text

_STYLE = "report.css"
_SMALL = 10  # major units: a smaller saving is shown with its decimals, or it would read as none
_POLICY = "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True, slots=True)
class Links:
    """Where a served page leads: this report as a workbook and table by table, and the same for other periods.

    All relative. csv: what comes before the name of a table.
    """

    xlsx: str
    csv: str
    newest: str
    everything: str


def render(report: Report, links: Links | None = None) -> str:
    """The page as UTF-8 HTML. Every word from orders is escaped; the policy in its head lets no script run."""
    zone = ZoneInfo(report.meta.timezone)
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            links=links,
            style=Markup(_style()),
            policy=policy_of(),
            period=period_text(report),
            source=source_text(report),
            story=sentences(report),
            chart=week_chart(report.weeks, with_payment=report.headline.has_payment),
            tier_chart=tier_chart(report.advice.weeks),
            panels=panels(report.evidence) if report.evidence else (),
            generated=wording.moment(report.meta.generated_at, zone),
            known_day=known_day(report),
            old_news=old_news(report),
            told_until=wording.moment(report.meta.told_until, zone),
            placed_day=lambda at: wording.day(wording.local_day(at, zone)),
            money=lambda minor: wording.money(minor, report.money),
            whole=lambda minor: wording.money(minor, report.money, whole=True),
            saving=lambda minor: wording.money(
                minor, report.money, whole=abs(minor or 0) >= _SMALL * 10**report.money.minor_digits
            ),
        )
    )


def policy_of() -> str:
    """The Content-Security-Policy of the page: its one style, and nothing else from anywhere."""
    return _POLICY.format(digest=b64encode(sha256(_style().encode()).digest()).decode())


@lru_cache(maxsize=1)
def _style() -> str:
    environment = _environment()
    assert environment.loader is not None, "made with one"
    return environment.loader.get_source(environment, _STYLE)[0]


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("serving.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": wording.count,
        "percent": wording.percent,
        "interval": wording.interval,
        "day": wording.day,
        "short_day": wording.short_day,
        "month": wording.month,
        "short": wording.short,
        "code": wording.code,
        "px": lambda value: f"{value:.1f}",
    }
    environment.globals |= {
        "actions": wording.ACTIONS,
        "buckets": wording.BUCKETS,
        "tier_names": wording.TIERS,
        "whisker": whisker,
        "whisker_scale": whisker_scale,
        "in_words": in_words,
        "per_point": ORDERS_PER_POINT,
        "pin_prior": PIN_PRIOR,
        "max_weeks": WEEKS,
        "max_decisions": MOST_DECISIONS,
    }
    return environment


def in_words(share: Share) -> str:
    """A share as people say it: '1 in 4', '2 in 100'; empty where none came back or none is known.

    >>> in_words(Share(1000, 262)), in_words(Share(1000, 31)), in_words(Share(1000, 700))
    ('about 1 in 4', 'about 1 in 32', 'about 7 in 10')
    """
    if not share.rto or share.share is None:
        return ""
    if share.share > 0.4:
        return f"about {round(10 * share.share)} in 10"
    every = 1 / share.share
    return f"about 1 in {round(every, 1 - floor(log10(every))):.0f}"
