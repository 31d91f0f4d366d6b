"""What the kit says of itself is made from the catalogue and the code, is current, and complete."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from kamlib.cli import app
from kamlib.dictionary import public_names, written
from kamlib.period import graph
from kamlib.tables import CANONICAL, catalogue

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("file", list(written()), ids=lambda file: file.name)
def test_the_file_is_what_the_code_says(file):
    assert file.read_text(encoding="utf-8") == written()[file](), "run: python -m kamlib.dictionary"


def test_every_table_states_its_row_and_every_column_its_meaning():
    known = catalogue()
    assert len(known.tables) > 100
    assert not [name for name, table in known.tables.items() if not table.row.startswith("One row")]
    assert not [name for name, column in known.columns.items() if not column.meaning.strip()]
    assert not [name for name, column in known.columns.items() if not column.heading.strip()]


def test_no_column_is_explained_that_no_table_has():
    used = {
        column
        for table in catalogue().tables.values()
        for column in (*table.columns, *table.facts, *table.shown)
    }
    assert not set(catalogue().columns) - used


def test_a_column_named_as_in_the_book_is_of_a_like_type():
    words = {"id", "text", "code", "sentence"}
    kinds = {"choice": words, "id": words, "text": words, "flag": {"flag"}}
    figures = {"money", "share", "number", "count", "index"}
    kinds |= {"money": figures, "number": figures, "date": {"date", "month"}, "month": {"month"}}
    differing = {
        (table.name, column.name)
        for table in CANONICAL.values()
        for column in table.columns
        if (output := catalogue().columns.get(column.name))
        and output.type not in kinds[column.type]
    }
    assert not differing


def test_every_public_name_has_a_docstring_and_calculations_begin_with_their_row():
    for name, module in public_names().items():
        function = getattr(__import__(f"kamlib.{module}", fromlist=[name]), name)
        text = inspect.getdoc(function) or ""
        assert text, name
        if name in graph.calculations() and name in catalogue().tables:
            assert text.startswith("One row"), name
            assert "Columns\n---" not in text, name


def test_every_command_and_option_is_in_the_readme_or_explains_itself():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in app.registered_commands:
        name = command.callback.__name__
        assert command.callback.__doc__, name
        assert f"kam {name}" in text
