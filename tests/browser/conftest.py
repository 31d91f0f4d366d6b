"""Tabs that are watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def watched(browser: Any) -> Iterator[Callable[..., Any]]:
    """Return a function that opens a file and watches it: requests, console, errors, dialogs stand
    in `tab.seen`.
    """
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
        tab.on(
            "dialog", lambda dialog: (tab.seen.append(f"dialog {dialog.message}"), dialog.dismiss())
        )
        tab.goto(file.as_uri())
        assert tab.seen.pop(0).startswith("request file://")
        return tab

    yield open_file
    for context in contexts:
        context.close()
