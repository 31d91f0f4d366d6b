"""What a practice company is made of: data files that fit together."""

from __future__ import annotations

import re
import tomllib

import pytest

from kamlib.practice.booktext import book_text
from kamlib.practice.cast import CAST, NOTES, STORIES
from kamlib.practice.material import CATEGORIES, FOLDER, MANAGERS, PRODUCTS, material, region_of

FILES = sorted(file.stem for file in FOLDER.glob("*.toml"))
CODE = "".join(file.read_text("utf-8") for file in FOLDER.parent.glob("*.py"))


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_read_and_every_part_of_it_used(name):
    if name == "book":  # a template, checked below
        return
    assert f'material("{name}")' in CODE
    unused = [key for key in material(name) if not re.search(rf'\["{key}"\]', CODE)]
    assert not unused


def test_every_story_has_a_note():
    assert set(STORIES) - {"dirt"} <= set(NOTES)  # each damaged line has a note of its own
    assert {role.manager for role in CAST} <= {None, *range(len(MANAGERS))}


def test_goods_and_places_fit_together():
    assert len(PRODUCTS) == 6 * len(CATEGORIES) == 48
    assert len({name for name, _ in PRODUCTS}) == 48
    regions = material("names")["regions"]
    assert {region_of(role.country) for role in CAST} <= set(regions)
    assert region_of("CN") == "Export"


def test_the_limits_of_the_margin_go_with_the_size_of_the_accounts():
    def anchors(size):
        criteria = tomllib.loads(book_text(size))["scoring"]["criteria"]
        return [one.get("anchors") for one in criteria if one["name"] in ("growth", "margin")]

    growth, margin = anchors(1.0)
    assert anchors(0.1) == [growth, [limit / 10 for limit in margin]]
    assert book_text() == (FOLDER / "book.toml").read_text("utf-8")
