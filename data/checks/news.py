"""DQ200 to DQ299: checks of the news about orders."""

from data.checks.check import Check, Given, Severity, Suite
from data.contract import EARLIEST, NewsType, Reason

HARD, SOFT, NEWS = Severity.HARD, Severity.SOFT, Suite.NEWS
BETWEEN, NOT_NULL = "ExpectColumnValuesToBeBetween", "ExpectColumnValuesToNotBeNull"
IN_SET, PAIR = "ExpectColumnValuesToBeInSet", "ExpectColumnPairValuesAToBeGreaterThanB"


def _later(later: str, earlier: str) -> dict[str, object]:
    pair = {"column_A": later, "column_B": earlier, "or_equal": True}
    return {**pair, "ignore_row_if": "either_value_is_missing"}


NEWS_CHECKS = (
    Check(
        "DQ201", "all news has an event_id", HARD,
        "without it the same news told twice cannot be told from two events",
        "map the courier's event number, or let the mapping make one",
        NEWS, NOT_NULL, {"column": "event_id"}, empty_fails=True,
    ),
    Check(
        "DQ202", "(merchant_id, source, event_id) is unique", HARD,
        "one id with two contents: one of them is wrong, and which one would be a guess",
        "find the repeated ids in the export; equal repeats are merged on import, these differ",
        NEWS, "ExpectCompoundColumnsToBeUnique",
        {"column_list": ["merchant_id", "source", "event_id"], "ignore_row_if": "any_value_is_missing"},
    ),
    Check(
        "DQ203", "all news names its order", HARD,
        "news of no order changes nothing and hides a wrong column",
        "map the column that holds the order number",
        NEWS, NOT_NULL, {"column": "order_id"}, empty_fails=True,
    ),
    Check(
        "DQ204", "type is one the contract knows", HARD,
        "an unknown status read as nothing would leave the order open for ever",
        "add the status to the mapping's news",
        NEWS, IN_SET, {"column": "type", "value_set": [t.name.lower() for t in NewsType]}, empty_fails=True,
    ),
    Check(
        "DQ205", "reason is one the contract knows", HARD,
        "the reason decides whether a failure stands on the buyer's record or on the courier's",
        "add the courier's word to the mapping's reasons",
        NEWS, IN_SET, {"column": "reason", "value_set": [r.name.lower() for r in Reason]},
    ),
    Check(
        "DQ206", "the order of each news is known", SOFT,
        "live news may arrive before its order and counts once the order is there, so this is counted, not refused",
        "if there are many, the order numbers of the two files differ (prefix, zeros) or orders are missing",
        NEWS, NOT_NULL, {"column": "placed_at"}, empty_fails=True,
    ),
    Check(
        "DQ207", "happened_at lies after 2000", HARD,
        "the label is decided by what happened last; a date of 1970 is an empty cell",
        "check the mapping's date format for the column",
        NEWS, BETWEEN, {"column": "happened_at", "min_value": EARLIEST},
    ),
    Check(
        "DQ208", "nothing is known before it happened", HARD,
        "known too early, an outcome would teach the model what nobody knew",
        "check the time zones of the two columns, or declare a reporting delay",
        NEWS, PAIR, _later("known_at", "happened_at"),
    ),
    Check(
        "DQ209", "nothing is known before its order was placed", HARD,
        "an outcome from before the order is another order's, or a wrong date",
        "check the date formats of both files, and whether order numbers are reused",
        NEWS, PAIR, _later("known_at", "placed_at"),
    ),
    Check(
        "DQ210", "nothing is known after the export", HARD,
        "an export cannot tell what came later; maturity is measured to exported_at",
        "set exported_at to the day the file was made, or shorten the declared reporting delay",
        NEWS, BETWEEN, {"column": "known_at", "max_value": Given.EXPORTED_AT},
    ),
)  # fmt: skip
