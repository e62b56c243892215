"""DQ100 to DQ139: checks of the orders, one by one."""

from data.checks.check import Check, Given, Severity, Suite
from data.contract import EARLIEST, Payment

HARD, SOFT, ORDERS = Severity.HARD, Severity.SOFT, Suite.ORDERS
BETWEEN, NOT_NULL = "ExpectColumnValuesToBeBetween", "ExpectColumnValuesToNotBeNull"
REGEX, IN_SET = "ExpectColumnValuesToMatchRegex", "ExpectColumnValuesToBeInSet"

AMOUNT_TIMES_USUAL_MAX = 1000.0
"""An amount this many times the merchant's median in the same currency is a slip of the decimal point."""
KNOWN_PIN_SHARE_MIN = 0.95

ROWS = (
    Check(
        "DQ100", "there are orders", HARD,
        "an empty history is a wrong file or a mapping that matches nothing",
        "check the file, its header row and the mapping's column names",
        ORDERS, "ExpectTableRowCountToBeBetween", {"min_value": 1}, whole=True, empty_fails=True,
    ),
    Check(
        "DQ101", "every order has an order_id", HARD,
        "news finds its order by this number; without it the outcome is lost",
        "map the column that holds the order number, or pass --skip-bad-rows",
        ORDERS, NOT_NULL, {"column": "order_id"}, empty_fails=True,
    ),
    Check(
        "DQ102", "(merchant_id, order_id) is unique", HARD,
        "an order told twice counts twice in every sum of its buyer and place",
        "if one order has several lines, say so in the mapping; if numbers are reused, map a longer one",
        ORDERS, "ExpectCompoundColumnsToBeUnique",
        {"column_list": ["merchant_id", "order_id"], "ignore_row_if": "any_value_is_missing"},
    ),
    Check(
        "DQ103", "placed_at lies between 2000 and the export", HARD,
        "a wrong date format or zone moves an order to where it sees the future, or is never seen",
        "check the mapping's date format and time zone, and exported_at",
        ORDERS, BETWEEN, {"column": "placed_at", "min_value": EARLIEST, "max_value": Given.EXPORTED_AT},
    ),
    Check(
        "DQ104", "amount_minor is not negative", HARD,
        "a refund or a correction booked as an order is not an order",
        "leave such rows out with --skip-bad-rows, or map the column with the amount as ordered",
        ORDERS, BETWEEN, {"column": "amount_minor", "min_value": 0},
    ),
    Check(
        "DQ105", "amount_minor is at most 1,000 times the merchant's usual", SOFT,
        "major and minor units mixed in one column, or a decimal point lost; one such order outweighs a thousand",
        "look at the mapping's column and unit (major or minor) for the amount, then import again",
        ORDERS, BETWEEN, {"column": "amount_times_usual", "max_value": AMOUNT_TIMES_USUAL_MAX},
    ),
    Check(
        "DQ106", "currency is a three-letter code", HARD,
        "money in different currencies is never added, so each must be named",
        "map the currency, or set it as a constant, as INR",
        ORDERS, REGEX, {"column": "currency", "regex": "^[A-Z]{3}$"},
    ),
    Check(
        "DQ107", "payment_method is cod, prepaid or undecided", HARD,
        "cash on delivery is the strongest sign there is; an unknown word would be read as missing",
        "add the word to the mapping's values for payment_method",
        ORDERS, IN_SET, {"column": "payment_method", "value_set": [p.value for p in Payment]},
    ),
    Check(
        "DQ108", "an order has at least one piece", HARD,
        "an order of nothing was cancelled before it began, or the quantity is a correction",
        "leave such rows out with --skip-bad-rows, or map the quantity as ordered",
        ORDERS, BETWEEN, {"column": "n_units", "min_value": 1},
    ),
    Check(
        "DQ109", "discount_minor is not negative", HARD,
        "a negative discount is a surcharge, or a column with the other sign",
        "map the column with its sign turned, or leave it out",
        ORDERS, BETWEEN, {"column": "discount_minor", "min_value": 0},
    ),
    Check(
        "DQ110", "shipping_fee_minor is not negative", HARD,
        "a negative fee is a refund booked on the order",
        "map the fee as shown to the buyer, or leave it out",
        ORDERS, BETWEEN, {"column": "shipping_fee_minor", "min_value": 0},
    ),
    Check(
        "DQ111", "a PIN code in India is six digits", HARD,
        "a PIN read as a number (560085.0) or with a letter in it (5600O1) finds no place",
        "map the PIN as text, fix the rows, or pass --skip-bad-rows",
        ORDERS, REGEX, {"column": "pincode", "regex": "^[0-9]{6}$"}, where=("country", "IN"),
    ),
    Check(
        "DQ112", "95 % of PIN codes are in the register", SOFT,
        "an unknown PIN gives no district and no state; many of them mean another column was mapped",
        "look at the examples; new PIN codes are fine, shifted or shortened ones are not",
        ORDERS, IN_SET, {"column": "pin_known", "value_set": [1.0], "mostly": KNOWN_PIN_SHARE_MIN},
    ),
)  # fmt: skip

KNOWN_SHARE_MIN = {
    "amount_minor": 0.95,
    "payment_method": 0.95,
    "pincode": 0.90,
    "phone": 0.80,
    "address": 0.80,
    "category": 0.50,
}
"""Of these columns at least this share of orders should hold a value, where the column is there at all."""


_UNREADABLE = {
    "phone": "a phone counts as missing too where nobody can read it as a number of its country: 9.19877E+11 as Excel writes "
    "it, 98XXXXXX10 as couriers mask it, a number of another country. Export the column as text, set `country` in the "
    "mapping, or leave the column out",
    "address": "an address counts as missing where line1, line2 and landmark are all blank: map those that hold it, or none",
}
"""What to do where a value may be there and count as missing all the same."""


def _filled(number: int, column: str, share: float) -> Check:
    return Check(
        f"DQ{number}",
        f"{column} is known for {share * 100:.0f} % of orders",
        SOFT,
        "what is often missing teaches little, and missing for one outcome only it gives the outcome away",
        f"see whether {column} is missing for some channel, time or outcome; map it fully or not at all"
        + (f". {more[:1].upper()}{more[1:]}" if (more := _UNREADABLE.get(column)) else ""),
        ORDERS,
        NOT_NULL,
        {"column": column, "mostly": share},
    )


READABLE = Check(
    "DQ127", "half of the phones told can be read", SOFT,
    "phones that nobody can read as numbers name no buyer: without a buyer's past the risk is told from the order and its "
    "place alone, and DQ124 says nothing where no phone at all can be read",
    f"is the right column mapped, and the shop's `country` right? {_UNREADABLE['phone'][:1].upper()}{_UNREADABLE['phone'][1:]}",
    ORDERS, IN_SET, {"column": "phone_valid", "value_set": [1.0], "mostly": 0.5},
)  # fmt: skip

ORDER_CHECKS = (
    *ROWS,
    *(_filled(121 + i, column, share) for i, (column, share) in enumerate(KNOWN_SHARE_MIN.items())),
    READABLE,
)
