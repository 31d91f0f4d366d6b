"""Ways through a real report: from period to period, to an account, from a chart and back."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup


@pytest.fixture
def visit(watched, sample_report):
    """Return a function that opens a page of the sample's report."""
    return lambda name, **options: watched(
        (Path(sample_report.folder) / f"{name}.html").resolve(), **options
    )


@pytest.mark.parametrize("asked", ["grosle pack", "A0030", "größle pack"])
def test_an_account_is_found_by_its_name_without_accents_and_by_its_id(visit, asked):
    tab = visit("retention")
    tab.get_by_label("Find an account").fill(asked)
    tab.keyboard.press("Enter")
    tab.wait_for_url(re.compile("A0030"))
    assert "Größle Pack" in tab.locator("main").inner_text()


def test_the_switch_leads_to_the_same_page_of_the_period_and_to_all_periods(visit):
    tab = visit("scoring")
    tab.locator(".switch summary").click()
    links = tab.locator(".switch a")
    assert links.first.get_attribute("href") == "../2025-Q3/scoring.html"
    assert links.first.get_attribute("aria-current") == "page"
    links.last.click()
    assert tab.get_by_role("heading", level=1).inner_text() == "Key accounts, period by period"


def test_a_mark_of_a_chart_says_what_it_is_and_leads_to_its_account_and_back(visit):
    tab = visit("scoring")
    mark = tab.locator("#account_scores-chart .wide a:has(path)").first
    tip = mark.locator("title").text_content()
    name = tip.split(":")[0]
    mark.locator("path").click(force=True)
    assert name in tab.get_by_role("heading", level=1).inner_text()
    tab.go_back()
    assert tab.get_by_role("heading", level=1).inner_text() == "Scoring"


def test_one_owner_filters_all_tables_of_a_page(visit):
    tab = visit("retention")
    tab.locator(".contents select").select_option("Ines Costa")
    owners = tab.locator("#account_status tbody tr td:last-child").all_text_contents()
    assert owners and set(owners) == {"Ines Costa"}
    tab.locator(".contents select").select_option("")
    owners = tab.locator("#account_status tbody tr td:last-child").all_text_contents()
    assert len(set(owners)) > 1


def test_every_link_leads_to_a_page_and_a_place_that_is_there(sample_report):
    """No link to a page that was not rendered, none to a place that a page has not."""
    root = Path(sample_report.site)
    soups = {
        file.resolve(): BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")
        for file in root.rglob("*.html")
    }
    ids = {file: {tag["id"] for tag in soup.find_all(id=True)} for file, soup in soups.items()}
    broken = []
    for file, soup in soups.items():
        for link in soup.find_all("a", href=True):
            path, _, place = link["href"].partition("#")
            target = (file.parent / unquote(path)).resolve() if path else file
            if not target.exists() or (
                place and target in ids and unquote(place) not in ids[target]
            ):
                broken.append((file.name, link["href"]))
    assert broken == []


def test_the_brief_is_printed_whole_on_the_first_sheet(visit, sample_report, tmp_path):
    tab = visit(f"dossiers/{sample_report.accounts[0]}")
    points = tab.locator("#negotiation_brief li bdi:first-of-type").all_text_contents()
    tab.pdf(path=str(tmp_path / "dossier.pdf"), format="A4")
    if not shutil.which("pdftotext"):
        pytest.skip("needs pdftotext to read the printed page")
    text = subprocess.run(
        ["pdftotext", "-l", "1", str(tmp_path / "dossier.pdf"), "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    first = " ".join(text.split())
    assert points and all(" ".join(point.split())[:30] in first for point in points)


@pytest.mark.parametrize(
    "name", ["index", "segmentation", "scoring", "retention", "programme", "ahead"]
)
def test_words_of_statisticians_stand_on_the_evidence_page_alone(sample_report, name):
    assert statistical(sample_report, name) == []


@pytest.mark.parametrize("number", [0, 1])
def test_words_of_statisticians_stand_in_no_dossier(sample_report, number):
    assert statistical(sample_report, f"dossiers/{sample_report.accounts[number]}") == []


def statistical(report, name):
    """Return the words of statisticians on a page."""
    soup = BeautifulSoup((Path(report.folder) / f"{name}.html").read_text("utf-8"), "html.parser")
    for part in soup(["script", "style"]):
        part.decompose()
    words = (
        r"Brier|Dirichlet|log-rank|\bk = |concentration 50|\bspells?\b|tier key|Theil|NBD|\bp = "
    )
    return re.findall(words, soup.get_text(" "))
