"""Make docs/report.png, the README's picture: the first screen of the sample's report for 2025-Q3.

Run `python docs/picture.py`; it needs chromium and the package playwright (extra `browser`).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).resolve().parent
PERIOD, WIDTH, HEIGHT, MOST_BYTES = "2025-Q3", 1280, 1500, 300_000


def main() -> None:
    """Render the sample's report, take the picture, and write it where the README shows it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "kamlib",
            "report",
            "--period",
            PERIOD,
            "--accounts",
            "key",
            "--out",
            folder,
        ]
        subprocess.run(command, cwd=DOCS.parent, check=True)
        picture = photographed(Path(folder) / PERIOD / "index.html")
    if len(picture) > MOST_BYTES:
        sys.exit(
            f"The picture has {len(picture):,} bytes; at most {MOST_BYTES:,} belong into a "
            "repository."
        )
    (DOCS / "report.png").write_bytes(picture)


def photographed(page: Path) -> bytes:
    """Return the top of a page as PNG."""
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
        picture: bytes = tab.screenshot(type="png")
        browser.close()
    return picture


if __name__ == "__main__":
    main()
