"""Make the pictures of the docs: the first screen of two front pages.

`report.png`: the sample's report for 2025-Q3. `orders-alone.png`: the same quarter of a book that
has only the sample's orders (no names, costs, categories, owners or contacts).

Run `python docs/picture.py`; it needs chromium and the package playwright (extra `browser`).
"""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).resolve().parent
SAMPLE = DOCS.parent / "data" / "sample"
PERIOD, WIDTH, HEIGHT, MOST_BYTES = "2025-Q3", 1280, 1500, 300_000
ORDERS = ("order_id", "account_id", "order_date", "revenue", "quantity", "product")


def main() -> None:
    """Render both reports, take the pictures, and write them where the docs show them."""
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder)
        exported(own / "orders.csv")
        kam("new", own / "alone", "--from", own / "orders.csv", "--currency", "EUR")
        pictured("report.png", SAMPLE, "key", own / "sample")
        pictured("orders-alone.png", own / "alone", "none", own / "site")


def pictured(name: str, book: Path, accounts: str, site: Path) -> None:
    """Render a book's report, and write the picture of its front page into the docs."""
    kam("report", "--book", book, "--period", PERIOD, "--accounts", accounts, "--out", site)
    picture = photographed(site / PERIOD / "index.html")
    if len(picture) > MOST_BYTES:
        sys.exit(f"{name}: {len(picture):,} bytes; a repository should hold {MOST_BYTES:,} at most")
    (DOCS / name).write_bytes(picture)


def kam(*words: str | Path) -> None:
    """Run a command of the kit."""
    subprocess.run([sys.executable, "-m", "kamlib", *map(str, words)], cwd=DOCS.parent, check=True)


def exported(file: Path) -> None:
    """Write the sample's orders in its own currency, as a shop or a ledger would export them."""
    with (
        (SAMPLE / "orders.csv").open(encoding="utf-8", newline="") as source,
        file.open("w", encoding="utf-8", newline="") as target,
    ):
        writer = csv.DictWriter(target, ORDERS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(row for row in csv.DictReader(source) if row["currency"] == "EUR")


def photographed(page: Path) -> bytes:
    """Return the top of a page as PNG of 256 colours."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    program = (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    if program is None:
        sys.exit("The picture needs Chromium or Chrome (Debian, Ubuntu: apt install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        tab.goto(page.resolve().as_uri())
        picture = Image.open(io.BytesIO(tab.screenshot(type="png")))
        browser.close()
    small = io.BytesIO()
    picture.convert("RGB").quantize(256).save(small, "PNG", optimize=True)
    return small.getvalue()


if __name__ == "__main__":
    main()
