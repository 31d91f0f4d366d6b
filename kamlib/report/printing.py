"""Printing pages to PDF through the system's Chromium, without network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from kamlib.errors import KamError

_BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
)
_MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--no-pdf-header-footer",
)
_DATES = re.compile(rb"/(CreationDate|ModDate) ?\(D:[^)]*\)")


def browser() -> str:
    """Return the path of a browser that can print.

    Raises
    ------
    KamError
        There is none; says how to get one.
    """
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if found is None and _MACOS.is_file():
        found = str(_MACOS)
    if found is None:
        raise KamError(
            "Printing to PDF needs Chromium or Chrome, and there is none on this machine.",
            where="--pdf",
            next="Install it (Debian, Ubuntu: apt install chromium), or leave --pdf out and print "
            "from your browser.",
        )
    return found


def print_pages(folder: Path, *, timeout: int = 120) -> list[Path]:
    """Write a PDF beside every page of a folder and return their paths."""
    program, written = browser(), []
    with tempfile.TemporaryDirectory(prefix="kam-") as profile:
        for page in sorted(folder.rglob("*.html")):
            file = page.with_suffix(".pdf")
            sandbox = ["--no-sandbox"] if _is_root() else []
            command = [
                program,
                *_FLAGS,
                *sandbox,
                f"--user-data-dir={profile}",
                f"--print-to-pdf={file}",
            ]
            try:
                subprocess.run(
                    [*command, page.resolve().as_uri()],
                    check=True,
                    capture_output=True,
                    timeout=timeout,
                )
            except (subprocess.SubprocessError, OSError):
                file.unlink(missing_ok=True)
            if not file.is_file():
                raise KamError(
                    "A page could not be printed.",
                    where=page.name,
                    next="Nothing was published. Run again without --pdf, or update Chromium.",
                    exit_code=1,
                )
            file.write_bytes(_DATES.sub(_blank, file.read_bytes()))
            written.append(file)
    return written


def _blank(match: re.Match[bytes]) -> bytes:
    """Replace a date by an equally long fixed one, so that equal pages give equal files."""
    head, _, rest = match[0].partition(b"(D:")
    return head + b"(D:" + re.sub(rb"\d", b"0", rest)


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
