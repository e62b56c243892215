"""The style of the page of checks: light and dark, and for print."""

STYLE = """
:root { color-scheme: light dark; --ink: #1c2329; --soft: #57636e; --faint: #dfe4e8; --paper: #fff; --hard: #a4262c; --soft-mark: #8a6100; --mark: #2f6f9f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7ebee; --soft: #a3afb9; --faint: #333d46; --paper: #14191d; --hard: #ff8a80; --soft-mark: #e5b85c; --mark: #7db8e0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.55 "Inter", "Segoe UI", "Noto Sans", "Liberation Sans", Arial, sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 860px; margin: 0 auto; padding: 48px 28px 72px; }
h1 { font-size: 34px; font-weight: 500; line-height: 1.2; margin: 0; }
h2 { font-size: 18px; font-weight: 600; margin: 36px 0 0; }
p { margin: 10px 0 0; max-width: 46em; }
.kicker, figcaption, caption { color: var(--soft); font-size: 14px; text-align: left; }
.lead { font-size: 17px; }
section { border-left: 4px solid var(--soft-mark); padding-left: 18px; margin-top: 30px; break-inside: avoid; }
section.hard { border-color: var(--hard); }
section h2 { margin: 0; }
.tag { font-size: 12px; font-weight: 600; border: 1px solid; border-radius: 3px; padding: 1px 6px; color: var(--soft-mark); vertical-align: 2px; }
.hard .tag { color: var(--hard); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 24px; margin: 10px 0 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin-top: 10px; font-size: 14px; }
th, td { padding: 5px 14px 5px 0; border-bottom: 1px solid var(--faint); vertical-align: top; text-align: left; font-weight: 400; }
thead th { color: var(--soft); font-size: 13px; } th.n, td.n { text-align: right; white-space: nowrap; }
tr.failed th, tr.failed td { font-weight: 600; } tr.not_applicable { color: var(--soft); }
figure { margin: 12px 0 0; } svg { width: 100%; height: auto; display: block; }
svg rect, svg circle { fill: var(--mark); } svg line { stroke: var(--mark); stroke-width: 1.5; } svg line.axis { stroke: var(--soft); stroke-width: 1; }
svg text { fill: var(--soft); font-size: 12px; }
code { font: 12.5px/1.5 ui-monospace, Menlo, Consolas, "Liberation Mono", monospace; }
@media (max-width: 560px) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 8px; } }
@media print { :root { --ink: #000; --paper: #fff; } main { max-width: none; padding: 0; } h2 { break-after: avoid; } tr { break-inside: avoid; } }
"""
