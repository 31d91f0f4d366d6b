"""The walls of the design: who may import what, and what a report notebook may contain."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from inspect import getdoc
from pathlib import Path
from string import Formatter

import pytest

from kamlib.period import graph
from kamlib.period.names import FACTS, READ_TABLES, SECTIONS

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "kamlib"
FILES = sorted(PACKAGE.rglob("*.py"))
STORIES = sorted((PACKAGE / "story").glob("*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
ANALYSIS = (
    "segmentation",
    "scoring",
    "retention",
    "btyd",
    "dossier",
    "programme",
    "evidence",
    "verdict",
    "overview",
    "ahead",
)
LAYERS = (
    {"errors", "words", "tables", "holes"},
    {"book"},
    {"intake"},
    {"period"},
    {"outlook", "choice", "decided", "slopes"},
    {*ANALYSIS},
    {"story"},
    {"plots", "page"},
    {
        "practice",
        "workbook",
        "slides",
        "digest",
        "review",
        "report",
        "check",
        "classroom",
        "dictionary",
        "languages",
        "messages",
        "notebooks",
        "cli",
        "given",
        "options",
        "start",
        "steps",
        "stop",
        "training",
        "whatif",
        "__main__",
        "__init__",
    },
)
LAYER = {name: number for number, names in enumerate(LAYERS) for name in names}


def module(file: Path) -> str:
    """The top-level module of kamlib that a file belongs to."""
    first = file.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


@cache
def nodes(file: Path) -> tuple[ast.AST, ...]:
    """Every node of a file's syntax."""
    return tuple(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))


@cache
def imports(file: Path) -> set[str]:
    """Every module that a file imports, inside functions too."""
    found = set()
    for node in nodes(file):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def kit_imports(file: Path) -> set[str]:
    return {name.split(".")[1] for name in imports(file) if name.startswith("kamlib.")} & set(LAYER)


def test_every_module_has_its_place():
    assert {module(file) for file in FILES} <= set(LAYER)


def test_imports_run_one_way():
    for file in FILES:
        own = module(file)
        if own == "__init__":
            continue
        later = {name for name in kit_imports(file) if LAYER[name] > LAYER[own] and name != own}
        assert not later, f"{file} imports {later}, which stand above it"
        if own in ANALYSIS:
            assert not kit_imports(file) & set(ANALYSIS) - {own}, (
                f"{file}: analysis modules receive each other's tables"
            )


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("matplotlib", {"plots"}),
        ("seaborn", {"plots"}),
        ("papermill", {"report"}),
        ("nbconvert", {"report"}),
        ("duckdb", {"intake"}),
        ("ibis", {"intake", "period"}),
        ("xlsxwriter", {"workbook"}),
        ("pptx", {"slides"}),
    ],
)
def test_one_module_knows_each_large_library(package, allowed):
    users = {
        module(file) for file in FILES if package in {name.split(".")[0] for name in imports(file)}
    }
    assert users <= allowed
    assert users or package == "duckdb"


def test_one_place_begins_a_sentence():
    users = {
        str(file.relative_to(PACKAGE))
        for file in FILES
        if re.search(r"\[:?[01]\]\.upper\(\)", file.read_text(encoding="utf-8"))
    }
    assert users == {"words/nouns.py"}


@pytest.mark.parametrize("file", STORIES, ids=lambda file: file.name)
def test_a_story_says_its_sentences_so_that_they_can_be_translated(file):
    """What is filled in stands in ``say``; an f-string joins what is said, or makes an id."""
    joined = [
        "".join(part.value for part in node.values if isinstance(part, ast.Constant))
        for node in nodes(file)
        if isinstance(node, ast.JoinedStr)
    ]
    with_words = [text for text in joined if re.search(r"[A-Za-z]{2}", text)]
    assert [text for text in with_words if not re.fullmatch(r"[\w.#/-]+", text)] == []


def test_a_sentence_is_given_the_facts_it_names_and_no_other():
    for call in (node for file in FILES for node in nodes(file)):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
            continue
        if call.func.id != "say" or not call.args or not isinstance(call.args[0], ast.Constant):
            continue
        given = {fact.arg for fact in call.keywords}
        if None in given or not given:
            continue
        template = call.args[0].value
        assert given == {name for _, name, _, _ in Formatter().parse(template) if name}, template


def test_only_intake_opens_an_engine():
    openers = {
        module(file) for file in FILES if "duckdb.connect" in file.read_text(encoding="utf-8")
    }
    assert openers == {"intake"}


def test_a_module_is_one_noun_and_not_long():
    for file in FILES:
        own = file.relative_to(PACKAGE).with_suffix("")
        assert not set(own.parts) & {"utils", "helpers", "common", "misc"}
        most = 460 if file.parent.name == "story" else 400  # a line for each fact that is said
        assert len(file.read_text(encoding="utf-8").splitlines()) <= most, own
        called = {
            node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for node in nodes(file)
            if isinstance(node, ast.Call)
        }
        if module(file) not in ("cli", "report", "steps"):
            assert not called & {"today", "now", "print"}, own
        assert not any(isinstance(node, ast.Assert) for node in nodes(file)), own


class TestCalculations:
    def test_each_has_an_example_that_runs(self):
        told = {name: getdoc(graph.function(name)) or "" for name in graph.calculations()}
        assert [name for name, text in told.items() if "\nExamples\n" not in text] == []
        assert [name for name, text in told.items() if ">>> " not in text] == []

    def test_each_tells_the_parameters_that_are_no_name_of_a_period(self):
        known = {*graph.calculations(), *READ_TABLES, *FACTS, *SECTIONS, "account_id"}
        untold = []
        for name in graph.calculations():
            told = (getdoc(graph.function(name)) or "").partition("\nParameters\n")[2]
            own = [one for one in graph.parameters(name) if graph.plain(one) not in known]
            untold += [(name, one) for one in own if f"\n{one}\n" not in told]
        assert untold == []


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.name)
class TestReportNotebook:
    def cells(self, file: Path, kind: str) -> list[str]:
        notebook = json.loads(file.read_text(encoding="utf-8"))
        return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == kind]

    def test_it_composes_and_computes_nothing_itself(self, file):
        banned = (
            ast.FunctionDef,
            ast.For,
            ast.While,
            ast.ClassDef,
            ast.Lambda,
            ast.ListComp,
            ast.DictComp,
        )
        for source in self.cells(file, "code"):
            assert not source.lstrip().startswith(("!", "%%"))
            tree = ast.parse(
                "\n".join(line for line in source.splitlines() if not line.startswith("%"))
            )
            assert not [
                type(node).__name__ for node in ast.walk(tree) if isinstance(node, banned)
            ], source
            attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            assert not attributes & {"merge", "groupby", "apply", "iterrows", "pivot_table"}, source

    def test_it_has_one_parameters_cell_that_papermill_can_read(self, file):
        notebook = json.loads(file.read_text(encoding="utf-8"))
        tagged = [c for c in notebook["cells"] if "parameters" in c["metadata"].get("tags", [])]
        assert len(tagged) == 1
        lines = "".join(tagged[0]["source"]).splitlines()
        names = [
            line.split("=")[0].strip() for line in lines if "=" in line and not line.startswith("#")
        ]
        assert names[:3] == ["book", "period", "manager_id"]
        for line in lines:
            comment = line.partition("#")[2]
            assert "=" not in comment and '"' not in comment

    def test_it_has_short_lines_short_cells_and_more_prose_than_code(self, file):
        code, prose = self.cells(file, "code"), self.cells(file, "markdown")
        assert not [line for cell in code for line in cell.splitlines() if len(line) > 100]
        assert not [cell for cell in code if len(cell.splitlines()) > 10]
        words = sum(len(cell.split()) for cell in prose)
        assert words >= 15 * sum(map(len, code)) / 100

    def test_what_the_catalogue_knows_is_not_said_again(self, file):
        given = {
            word.arg
            for cell in self.cells(file, "code")
            for node in ast.walk(ast.parse(cell))
            if isinstance(node, ast.Call)
            for word in node.keywords
        }
        assert not given & {"columns", "kinds", "words", "links", "labels", "book", "as_of"}

    def test_it_is_committed_without_outputs_and_reads_like_a_memo(self, file):
        notebook = json.loads(file.read_text(encoding="utf-8"))
        code = [c for c in notebook["cells"] if c["cell_type"] == "code"]
        assert all(not c["outputs"] and c["execution_count"] is None for c in code)
        assert all("id" in c for c in notebook["cells"])
        assert len(self.cells(file, "markdown")) >= 3


def test_the_five_report_notebooks_and_the_front_page_are_there():
    assert [file.stem for file in NOTEBOOKS] == [
        "00_overview",
        "01_segmentation",
        "02_key_account_scoring",
        "03_retention",
        "04_account_dossier",
        "05_programme_review",
        "06_ahead",
        "07_evidence",
    ]
