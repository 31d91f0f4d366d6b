"""A browser for the tests of pages, and tabs that are watched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium; where there is none the tests are skipped with the reason, in CI they fail."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        program = None
    if program is None:
        reason = "needs chromium and the packages playwright and axe-playwright-python"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield started
        started.close()


@pytest.fixture
def watched(browser: Any) -> Iterator[Callable[..., Any]]:
    """Return a function that opens a file and watches it: requests, console, errors, dialogs stand in `tab.seen`."""
    contexts = []

    def open_file(file: Path, *, width: int = 1440, scheme: str = "light") -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, accept_downloads=True
        )
        contexts.append(context)
        tab = context.new_page()
        tab.seen = []
        tab.on("request", lambda request: tab.seen.append(f"request {request.url}"))
        tab.on("console", lambda message: tab.seen.append(f"console {message.text}"))
        tab.on("pageerror", lambda error: tab.seen.append(f"error {error}"))
        tab.on("dialog", lambda dialog: (tab.seen.append(f"dialog {dialog.message}"), dialog.dismiss()))
        tab.goto(file.as_uri())
        assert tab.seen.pop(0).startswith("request file://")
        return tab

    yield open_file
    for context in contexts:
        context.close()
