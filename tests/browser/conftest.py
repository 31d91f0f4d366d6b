"""Tabs that are watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


def watched_tab(browser: Any, file: Path, *, width: int = 1440, scheme: str = "light") -> Any:
    """Open a file in a tab and watch it: requests, console, errors, dialogs stand in `tab.seen`."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, accept_downloads=True
    )
    tab = context.new_page()
    tab.seen = []
    tab.on("request", lambda request: tab.seen.append(f"request {request.url}"))
    tab.on("console", lambda message: tab.seen.append(f"console {message.text}"))
    tab.on("pageerror", lambda error: tab.seen.append(f"error {error}"))
    tab.on("dialog", lambda dialog: (tab.seen.append(f"dialog {dialog.message}"), dialog.dismiss()))
    tab.goto(file.as_uri())
    assert tab.seen.pop(0).startswith("request file://")
    return tab


@pytest.fixture
def watched(browser: Any) -> Iterator[Callable[..., Any]]:
    """Return a function that opens a file and watches it."""
    tabs = []

    def open_file(file: Path, **options: Any) -> Any:
        tabs.append(watched_tab(browser, file, **options))
        return tabs[-1]

    yield open_file
    for tab in tabs:
        tab.context.close()


def severe_findings(tab: Any, *, are_colours_known: bool = False) -> list[tuple[str, str]]:
    """What keeps somebody from reading a page, with all its folds open; without the contrasts of
    its colours, which take longest, where they are those of a page that was looked at.
    """
    from axe_playwright_python.sync_playwright import Axe

    tab.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    rules = {"color-contrast": {"enabled": not are_colours_known}}
    found = Axe().run(tab, options={"resultTypes": ["violations"], "rules": rules})
    return [
        (one["id"], one["nodes"][0]["html"][:160])
        for one in found.response["violations"]
        if one["impact"] in ("serious", "critical")
    ]
