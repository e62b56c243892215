"""The merchant's report: one page without script or network, and its tables as files."""

from serving.reports.build import build_report
from serving.reports.decided import Decided
from serving.reports.figures import Evidence, Meta, Money, OpenRisk, Report
from serving.reports.reading import Span, read_orders
from serving.reports.render import Links, policy_of, render
from serving.reports.tables import tables

__all__ = [
    "Decided", "Evidence", "Links", "Meta", "Money", "OpenRisk", "Report", "Span", "build_report", "policy_of",
    "read_orders", "render", "tables",
]  # fmt: skip
