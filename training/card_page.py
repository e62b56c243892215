"""A card's page: Jinja templates with every value escaped, the style inside, a policy that lets no script run."""

from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from data.contract import SECOND

NOT_APPLICABLE = "not applicable"


def page(kind: str, values: dict[str, Any]) -> str:
    """The page of a card of this kind (`templates/KIND.html`), UTF-8."""
    environment = _environment()
    style = environment.loader.get_source(environment, "card.css")[0] if environment.loader else ""
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return environment.get_template(f"{kind}.html").render(card=values, style=Markup(style), style_digest=digest)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    loader = PackageLoader("training")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    filters = (
        count, share, figure, signed, change, size, sentence, came, points, points_ends, share_ends, ends, fine,
        fine_ends, precise, precise_ends, days, day, moment, words, listed, setting, utc,
    )  # fmt: skip
    made.filters |= {f.__name__: f for f in filters}
    return made


def utc(at: Any) -> str | None:
    """Microseconds as UTC text, as `2026-02-11T15:44:05Z`; None for None."""
    return None if at is None else datetime.fromtimestamp(int(at) // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def count(n: float | None) -> str:
    """
    >>> count(12345), count(None)
    ('12,345', 'not applicable')
    """
    return NOT_APPLICABLE if n is None else f"{n:,.0f}"


def share(value: float | None) -> str:
    """A share of 0 to 1 in percent.

    >>> share(0.26314), share(None)
    ('26.3 %', 'not applicable')
    """
    return NOT_APPLICABLE if value is None else f"{100 * value:.1f} %"


def figure(value: float | None) -> str:
    """A metric, three digits after the point.

    >>> figure(0.78539), figure(None)
    ('0.785', 'not applicable')
    """
    return NOT_APPLICABLE if value is None else f"{value:.3f}".replace("-", "\u2212")


def signed(value: float | None) -> str:
    """A difference with its sign, four digits after the point, with a true minus."""
    return NOT_APPLICABLE if value is None else f"{value:+.4f}".replace("-", "\u2212")


def change(value: float | None) -> str:
    """A change with its sign, three digits after the point, with a true minus; nothing for None."""
    return "" if value is None else f"{value:+.3f}".replace("-", "\u2212")


def size(value: float | None) -> str:
    """How large a change must be; nothing for None."""
    return "" if value is None else f"{value:.3f}"


def sentence(text: str) -> str:
    """Its first letter large.

    >>> sentence("said 3, came 4")
    'Said 3, came 4'
    """
    return text[:1].upper() + text[1:]


def came(truth: dict[str, Any] | None, name: str) -> str:
    """A figure of what became of orders (`holding.Truth` as values), three digits after the point."""
    told = None if truth is None else truth["came"] if name == "rto_share" else (truth[name] or {}).get("value")
    return figure(told)


def points(value: float | None) -> str:
    """A difference of shares in percentage points, with a true minus.

    >>> points(0.0314), points(None)
    ('+3.1', 'not applicable')
    """
    return NOT_APPLICABLE if value is None else f"{100 * value:+.1f}".replace("-", "\u2212")


def points_ends(interval: Sequence[float] | None) -> str:
    """Both ends of its interval."""
    return NOT_APPLICABLE if interval is None else " to ".join(map(points, interval))


def share_ends(interval: Sequence[float] | None) -> str:
    """An interval of a share, in percent.

    >>> share_ends([0.021, 0.034])
    '2.1 to 3.4 %'
    """
    return NOT_APPLICABLE if interval is None else f"{100 * interval[0]:.1f} to {share(interval[1])}"


def ends(interval: Sequence[float] | None, with_sign: bool = False) -> str:
    """An interval: both ends.

    >>> ends([0.7146, 0.8272])
    '0.715 to 0.827'
    """
    write = signed if with_sign else figure
    return NOT_APPLICABLE if interval is None else f"{write(interval[0])} to {write(interval[1])}"


def fine(value: float | None) -> str:
    """A small difference with its sign, five digits after the point, with a true minus."""
    return NOT_APPLICABLE if value is None else f"{value:+.5f}".replace("-", "\u2212")


def fine_ends(interval: Sequence[float | None]) -> str:
    """Both ends of an interval of a small difference."""
    return NOT_APPLICABLE if None in interval else " to ".join(map(fine, interval))


def precise(value: float | None) -> str:
    """A metric or a coefficient, four digits after the point, with a true minus."""
    return NOT_APPLICABLE if value is None else f"{value:.4f}".replace("-", "\u2212")


def precise_ends(interval: Sequence[float | None]) -> str:
    """Both ends of its interval."""
    return NOT_APPLICABLE if None in interval else " to ".join(map(precise, interval))


def setting(value: Any) -> str:
    """A value of a plan.

    >>> setting([2, 4]), setting(0.05), setting(["linear", "none"])
    ('2 or 4', '0.05', 'linear or none')
    """
    return " or ".join(str(one) for one in value) if isinstance(value, list) else str(value)


def days(value: float | None) -> str:
    """
    >>> days(14.0), days(12.345), days(1.0)
    ('14 days', '12.3 days', '1 day')
    """
    if value is None:
        return NOT_APPLICABLE
    rounded = f"{value:.1f}".removesuffix(".0")
    return f"{rounded} day{'' if rounded == '1' else 's'}"


def day(at: str | None) -> str:
    """The day of a moment in UTC."""
    return NOT_APPLICABLE if at is None else at[:10]


def moment(at: str | None) -> str:
    """A moment in UTC to the minute."""
    return NOT_APPLICABLE if at is None else f"{at[:10]} {at[11:16]} UTC"


def words(name: str) -> str:
    """A code as words: `early_stop` is "early stop"."""
    return name.replace("_", " ")


def listed(items: Sequence[str]) -> str:
    """Items with commas between; "none" without any."""
    return ", ".join(items) if items else "none"
