"""The merchant's report: one page without script or network, made from orders, open risks and the model's evidence."""

from serving.reports.build import build_report
from serving.reports.figures import Evidence, Meta, Money, OpenRisk, OrderRow, Report
from serving.reports.render import render
from serving.reports.rows import order_rows

__all__ = ["Evidence", "Meta", "Money", "OpenRisk", "OrderRow", "Report", "build_report", "order_rows", "render"]
