"""DQ300 to DQ399: checks of the outcomes as a whole."""

from data.checks.check import Check, Severity, Suite

HARD, SOFT, LABELS = Severity.HARD, Severity.SOFT, Suite.LABELS

LABELLED_SHARE_MIN = 0.5
RTO_SHARE_MIN, RTO_SHARE_MAX = 0.002, 0.80
RECENT_OVER_BEFORE_MIN = 0.8

LABEL_CHECKS = (
    Check(
        "DQ301", "half of the orders have an outcome", SOFT,
        "if most orders never end, final statuses are missing from the export or from the mapping",
        "look at the statuses that give no outcome, and at [join]: do most orders find their row in the other file? Only "
        "where most orders are younger than a parcel's way is this as it should be",
        LABELS, "ExpectColumnValuesToNotBeNull", {"column": "label", "mostly": LABELLED_SHARE_MIN}, empty_fails=True,
    ),
    Check(
        "DQ302", "the RTO share lies between 0.2 % and 80 %", SOFT,
        "outside it, returns after delivery or cancellations are read as RTO, or RTO as something else",
        "check which statuses the mapping turns into rto_started, rto_received and delivered",
        LABELS, "ExpectColumnMeanToBeBetween",
        {"column": "label", "min_value": RTO_SHARE_MIN, "max_value": RTO_SHARE_MAX}, whole=True,
    ),
    Check(
        "DQ303", "there are both RTO and delivered orders", SOFT,
        "with one kind of outcome there is nothing to learn. It is only noted, as outcomes may come in a later file; "
        "training counts matured orders only and says itself what is missing (TRAIN002, TRAIN003)",
        "import the outcomes too, or check the statuses in the mapping",
        LABELS, "ExpectColumnUniqueValueCountToBeBetween", {"column": "label", "min_value": 2},
        whole=True, empty_fails=True,
    ),
    Check(
        "DQ304", "the RTO share does not fall in the last four weeks", SOFT,
        "deliveries are told days before RTOs, so young orders look too safe; trained on, they teach that all is well",
        "declare the reporting delay and exported_at in the mapping, so that young orders wait until they are mature",
        Suite.TREND, "ExpectColumnValuesToBeBetween",
        {"column": "recent_over_before", "min_value": RECENT_OVER_BEFORE_MIN}, whole=True,
    ),
)  # fmt: skip
