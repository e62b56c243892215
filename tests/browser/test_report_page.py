"""What does a real browser make of the report, when everything in it tries to run?"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from data.contract import DAY
from serving.reports import OpenRisk, build_report, render
from serving.reports.figures import Meta, Money
from tests.helpers.report_rows import META, NOW, RUPEES, Row, evidence, orders_of, risks, rows

PAYLOADS = (
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "'><svg onload=document.title='owned'>",
    "</title></style><script>document.body.id='owned'</script>",
    "</td><iframe srcdoc=\"<script>parent.document.title='owned'</script>\">",
)
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")


@pytest.fixture(scope="module")
def chromium() -> str:
    found = next((p for name in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(name))), None)
    if found is None:
        reason = "no chromium on this machine: the report was not opened in a browser (make system-deps installs it)"
        (pytest.fail if os.environ.get("RTO_REQUIRE_ALL") == "1" else pytest.skip)(reason)
    return str(found)


def dom_of(chromium: str, page: str, folder: Path, *more: str) -> str:
    """The document after the browser has read it, and run whatever it would run."""
    file = folder / "report.html"
    file.write_text(page, encoding="utf-8")
    command = [
        chromium,
        *FLAGS,
        *more,
        f"--user-data-dir={folder / 'profile'}",
        "--virtual-time-budget=2000",
        "--dump-dom",
    ]
    done = subprocess.run([*command, file.as_uri()], capture_output=True, text=True, check=True, timeout=120)
    return done.stdout


def hostile(i: int) -> Row:
    bad = PAYLOADS[i % len(PAYLOADS)]
    placed_at, rto = NOW - (30 + i % 60) * DAY, i % 2
    ended = (float(rto), ("delivered", "rto")[rto], None)
    return Row(bad, placed_at, "cod", 5e4, bad, bad, bad, bad, *ended, bad, bad, bad, bad)


def test_payloads_in_orders_do_not_run(chromium: str, tmp_path: Path) -> None:
    open_risks = [OpenRisk(bad, NOW, 5.0, 0.7, bad, bad, 10.0, [bad], [(bad, bad)]) for bad in PAYLOADS]
    meta = Meta(PAYLOADS[3], "Asia/Kolkata", NOW, 21)
    orders, unit = [hostile(i) for i in range(200)], Money("INR", 100, PAYLOADS[0])
    page = render(build_report(orders_of(orders), open_risks, evidence(), unit, meta))
    dom = dom_of(chromium, page, tmp_path)
    title = re.search(r"<title>(.*?)</title>", dom, re.DOTALL)
    assert title is not None
    assert title[1].startswith("RTO report, ")
    assert '<body id="owned"' not in dom
    assert re.findall(r"<(?:script|img|iframe)\b", dom) == []


def test_a_script_that_got_in_would_be_stopped_by_the_policy(chromium: str, tmp_path: Path) -> None:
    page = render(build_report(orders_of(rows(50)), [], None, RUPEES, META))
    script = "<script>document.title='owned'</script>"
    assert "<title>owned</title>" in dom_of(chromium, f"<title>x</title>{script}", tmp_path)  # scripts do run here
    assert "<title>owned</title>" not in dom_of(chromium, page.replace("</main>", f"{script}</main>"), tmp_path)


def test_the_page_refers_to_nothing_outside_and_keeps_all_sections(chromium: str, tmp_path: Path) -> None:
    orders = rows(800)
    dom = dom_of(chromium, render(build_report(orders_of(orders), risks(orders), evidence(), RUPEES, META)), tmp_path)
    assert [word for word in ("http:", "https:", "//") if word in dom] == []
    assert re.findall(r"<(?:script|link|a|form|iframe|object|embed)\b", dom) == []
    assert len(re.findall(r"<h2>", dom)) == 10
    assert "RTO cost" in dom


def test_on_a_phone_nothing_is_wider_than_the_screen_but_what_scrolls(chromium: str, tmp_path: Path) -> None:
    """The browser measures: words stay whole, reasons are on the screen, and a row is no screen of white."""
    orders = rows(900)
    page = render(build_report(orders_of(orders), risks(orders), evidence(), RUPEES, META))
    inner = tmp_path / "page.html"
    inner.write_text(page.replace('<meta http-equiv="Content-Security-Policy"', '<meta name="none"'), encoding="utf-8")
    measure = """<iframe id=f width=500 height=900 src="page.html"></iframe><script>f.onload = () => {
      const d = f.contentDocument, rows = [...d.querySelectorAll('.orders tbody tr')];
      const box = e => e.getBoundingClientRect();
      document.title = [d.documentElement.scrollWidth, rows.length, Math.max(...rows.map(r => box(r).height)),
        Math.max(...rows.map(r => box(r.querySelector('.why')).right))].map(Math.round).join(' ');
    }</script>"""
    flags = ("--allow-file-access-from-files", "--disable-web-security")
    dom = dom_of(chromium, measure, tmp_path, *flags)
    title = re.search(r"<title>(.*?)</title>", dom)
    assert title is not None
    width, n, tallest, right = map(int, title[1].split())
    assert n > 5
    assert width <= 500
    assert tallest < 260
    assert right <= 500
