"""Options that commands of every room share, and how their values are read."""

from datetime import UTC, datetime

import click

from data.contract import SECOND
from data.errors import UsageError

POOL = click.option("--pool", help="Which pool; not needed where there is only one.")
JSON = click.option("--json", "as_json", is_flag=True, help="The result as JSON on stdout.")


def moment(text: str | None, option: str) -> int | None:
    """An ISO moment as microseconds; naive times are UTC. Raises UsageError CLI003 naming the option."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        expected = "ISO 8601, as 2026-02-28T18:00+05:30"
        raise UsageError(
            "CLI003", option, got=repr(text), expected=expected, to_do="write the moment so; without a zone it is UTC"
        ) from None
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * SECOND)
