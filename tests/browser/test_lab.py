"""The notebooks in JupyterLab itself: cells run, TAB lists tables, sliders answer."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from kamlib.notebooks import copy_notebooks

ROOT = Path(__file__).resolve().parents[2]
SHOTS = os.environ.get("KAM_SCREENSHOTS")

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[str]:
    """JupyterLab on copies of the notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    copy_notebooks(folder, ROOT / "data" / "sample")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--no-browser", "--allow-root", f"--port={port}", f"--ServerApp.root_dir={folder}"]
    options += ["--IdentityProvider.token=", "--ServerApp.password=", "--LabApp.news_url=None"]
    environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(folder / "config")}
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *options], env=environment, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    until = time.monotonic() + 300
    while True:
        try:
            urllib.request.urlopen(f"{address}/api", timeout=5).close()
            break
        except OSError:
            assert time.monotonic() < until and server.poll() is None
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(0.5)
    yield address
    server.terminate()
    server.wait(30)


@pytest.fixture
def opened(lab, browser):
    """Return a function that opens a notebook in a fresh workspace."""
    context = browser.new_context(viewport={"width": 1300, "height": 1000})

    def open_notebook(name: str):
        page = context.new_page()
        page.set_default_timeout(400_000)  # a loaded machine is slow
        page.goto(f"{lab}/lab/workspaces/w{time.monotonic_ns()}/tree/{name}?reset")
        page.wait_for_selector(".jp-Notebook .jp-Cell")
        page.get_by_text("| Idle").wait_for()
        return page

    yield open_notebook
    context.close()


def run_all(page) -> None:
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_function(  # to the end, or to an error, after which no cell runs
        """() => { const cells = [...document.querySelectorAll('.jp-CodeCell')];
        const said = cells.map(c => c.querySelector('.jp-InputPrompt')?.textContent ?? '');
        if (document.querySelector('.jp-OutputArea-output[data-mime-type*=error]')) return true;
        return cells.length && said.every(text => /\\[\\d+\\]/.test(text)); }"""
    )


def shots(page, name: str) -> None:
    """Take the page in both themes, where pictures are wanted."""
    for theme in ("Light", "Dark"):
        themed(page, f"JupyterLab {theme}")
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"{name}-{theme.lower()}.png")


def errors(page) -> list[str]:
    found = page.locator(".jp-OutputArea-output[data-mime-type*=error]")
    return [found.nth(place).inner_text()[:300] for place in range(found.count())]


def themed(page, name: str) -> None:
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    page.get_by_text("Theme", exact=True).first.hover()
    page.get_by_text(name, exact=True).last.click()
    page.wait_for_selector(f"body[data-jp-theme-name='{name}']", state="attached")


def test_explore_runs_and_its_tables_are_sorted(opened):
    page = opened("explore.ipynb")
    run_all(page)
    assert errors(page) == []
    figure = page.locator("figure.table").first
    figure.scroll_into_view_if_needed()
    before = figure.locator("tbody tr").first.inner_text()
    figure.get_by_role("button", name="Days silent").click()
    figure.locator("th[aria-sort]").wait_for()
    assert figure.locator("tbody tr").first.inner_text() != before
    figure.get_by_text("all 120 rows").click()
    figure.get_by_label("Find").fill("Kettle")
    assert "Kettle" in figure.locator("tbody tr").first.inner_text()
    shots(page, "explore")


def test_tab_lists_the_tables(opened):
    page = opened("start.ipynb")
    run_all(page)
    assert errors(page) == []
    page.locator(".jp-CodeCell .cm-content").last.click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    page.keyboard.type("q.account_cl")
    listed = (
        "() => /account_classes/.test(document.querySelector('.jp-Notebook').innerText)"
        " || /account_classes/.test(document.querySelector('.jp-Completer')?.innerText ?? '')"
    )
    for _ in range(25):  # Lab drops an answer that takes over a second, as the first one may
        page.keyboard.press("Tab")
        page.wait_for_timeout(3_000)
        if page.evaluate(listed):
            break
    assert page.evaluate(listed)
    shots(page, "start")


def test_a_slider_answers_and_gives_the_lines(opened):
    page = opened("what_if.ipynb")
    run_all(page)
    assert errors(page) == []
    box = page.locator(".jp-OutputArea-output .widget-vbox").first
    handle = box.locator(".noUi-handle").nth(5)
    handle.scroll_into_view_if_needed()
    handle.focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    lines = box.locator("textarea")
    page.wait_for_function(  # the answer to the last of the six, 6.5 + 0.6
        "(e) => e.value.includes('min_score = 7.1')", arg=lines.element_handle()
    )
    assert "[key_accounts]" in lines.input_value()
    box.locator("figure.table").first.scroll_into_view_if_needed()
    shots(page, "what-if")


@pytest.mark.parametrize("chapter", ["01_who_is_a_key_account", "03_abc_xyz"])
def test_a_learner_answers_in_a_chapter(opened, chapter):
    page = opened(f"training/{chapter}.ipynb")
    first = chapter[:2].lstrip("0")
    cells = page.locator(".jp-CodeCell")
    begin = cells.filter(has_text="your name between the quotes").first
    begin.scroll_into_view_if_needed()
    line = begin.locator(".cm-line", has_text='start("")')
    line.click()
    page.keyboard.press("Home")
    for _ in 'mine = start("':
        page.keyboard.press("ArrowRight")
    page.keyboard.type("Ada Lind")
    question = cells.filter(has_text=f'ask("{first}a")').first
    question.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    answer = {
        "1": 'int(mine.key_accounts["is_key"].sum())',
        "3": 'int(mine.account_classes["abc_revenue"].eq("A").sum())',
    }[first]
    page.keyboard.type(f'ask("{first}a")\nhint("{first}a")\ncheck("{first}a", {answer})')
    run_all(page)
    assert errors(page) == []
    said = question.locator(".jp-OutputArea").inner_text()
    assert "Right." in said
    question.scroll_into_view_if_needed()
    shots(page, f"chapter-{first}")
