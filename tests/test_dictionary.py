"""The data dictionary is made from the code, is current, and leaves no public table out."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path

import pytest

from kamlib.cli import app
from kamlib.dictionary import dictionary, documented_columns, entries

ROOT = Path(__file__).resolve().parents[1]
ANALYSIS = ("segmentation", "scoring", "retention", "btyd", "dossier", "programme", "overview")


def test_the_file_is_what_the_code_says():
    assert (ROOT / "docs" / "tables.md").read_text(encoding="utf-8") == dictionary(), (
        "run: python -m kamlib.dictionary docs/tables.md"
    )


def test_every_column_has_a_meaning_and_every_table_one_name():
    found = entries()
    assert len(found) > 100
    assert not [
        (e.name, column) for e in found for column, meaning in e.columns.items() if not meaning
    ]
    assert len({e.name for e in found}) == len(found)


@pytest.mark.parametrize("module", ANALYSIS)
def test_every_public_calculation_states_its_row_and_columns(module):
    package = import_module(f"kamlib.{module}")
    for name in package.__all__:
        function = getattr(package, name)
        if not inspect.isfunction(function):
            continue
        assert function.__doc__, name
        if inspect.cleandoc(function.__doc__).startswith("One row"):
            assert documented_columns(function), f"{name} states a row and no columns"


def test_every_command_and_option_is_in_the_readme_or_explains_itself():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in app.registered_commands:
        name = command.callback.__name__
        assert command.callback.__doc__, name
        assert f"kam {name}" in text
