"""What stands in the training's notebooks, its cases and figures, and the templates to copy."""

from __future__ import annotations

import ast
import csv
import json
import re
import tomllib
from inspect import getdoc
from pathlib import Path

import pandas as pd
import pytest

import kamlib as kam
from kamlib.book import read_settings
from kamlib.classroom import templates
from kamlib.cli import main
from kamlib.dossier.plans import plan_reading
from kamlib.errors import KamError
from kamlib.practice import BOOKS, STORIES, company, read_story, told_stories
from kamlib.tables import CANONICAL
from kamlib.training import role
from kamlib.training.exercises import EXERCISES
from kamlib.training.solutions import FOLDER, solution_pages

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = sorted((ROOT / "notebooks" / "training").glob("*.ipynb"))


def cells(file: Path, kind: str) -> list[str]:
    notebook = json.loads(file.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == kind]


@pytest.mark.parametrize("file", CHAPTERS, ids=lambda file: file.stem)
class TestChapter:
    def test_prose_teaches(self, file):
        lines = [line for cell in cells(file, "code") for line in cell.splitlines() if line.strip()]
        words = sum(len(cell.split()) for cell in cells(file, "markdown"))
        assert words >= 15 * len(lines)
        assert max(map(len, lines)) <= 100

    def test_it_begins_with_a_decision_and_ends_on_monday(self, file):
        prose = cells(file, "markdown")
        assert "*The decision.*" in prose[0]
        heads = [line for cell in prose for line in cell.splitlines() if line.startswith("## ")]
        assert "## On Monday" in heads
        if file.stem != "00_the_role":
            assert heads[:4] == ["## By hand", "## With the kit", "## On Monday", "## Exercises"]

    def test_its_outputs_are_committed_and_name_no_machine(self, file):
        notebook = json.loads(file.read_text(encoding="utf-8"))
        code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        assert all(cell["execution_count"] for cell in code)
        shown = json.dumps([cell["outputs"] for cell in code])
        assert not re.search(r"/tmp/|/home/|Warning|Traceback", shown)

    def test_what_it_calls_of_the_kit_is_documented(self, file):
        calls = {
            node.func.id
            for cell in cells(file, "code")
            for node in ast.walk(ast.parse(cell))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        from kamlib import training

        if file.stem != "00_the_role":
            brought = re.search(r"from kamlib.training import (.*)", "\n".join(cells(file, "code")))
            assert {"ask", "check", "hint", "start"} <= set(brought[1].split(", "))
        for name in calls & {*training.__all__, "case", "teaching_figures", "skills_beside_team"}:
            text = getdoc(getattr(training, name, None) or getattr(role, name)) or ""
            assert "Examples" in text


def test_each_chapter_asks_its_own_exercises():
    asked = [
        one
        for file in CHAPTERS
        for cell in cells(file, "code")
        for one in re.findall(r'ask\("(\w+)"\)', cell)
    ]
    assert asked == list(EXERCISES)


def test_the_solutions_in_their_folder_are_those_of_the_exercises():
    written = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.md")}
    assert written == solution_pages()


class TestRole:
    @pytest.fixture
    def said(self, monkeypatch) -> list[str]:
        texts: list[str] = []
        monkeypatch.setattr(role, "display", lambda shown: texts.append(shown.data))
        return texts

    def test_the_cases_are_the_five_mistakes_and_each_decision_has_its_consequence(self, said):
        cases = role.material()["cases"]
        kinds = next(one for one in CANONICAL["incidents"].columns if one.name == "kind").choices
        assert {one["mistake"] for one in cases} == set(kinds) - {"quality", "other"}
        for one in cases:
            assert one["sound"] in one["options"].keys() == one["consequences"].keys()
            for letter in one["options"]:
                role.case(one["mistake"], letter)
                holds = "That holds" if letter == one["sound"] else "That costs"
                assert holds in said[-1] and one["consequences"][letter] in said[-1]

    def test_without_a_decision_a_case_asks(self, said):
        role.case("late")
        role.case("late", "z")
        assert "**a**" in said[0] and "Decide for a, b, c" in said[1]

    def test_a_rating_outside_1_to_5_and_an_unknown_skill_are_refused(self):
        q = kam.open_period(ROOT / "data" / "sample", "2025-Q3")
        with pytest.raises(KamError, match="between 1 and 5"):
            role.skills_beside_team(q, {"analytics": 6})
        with pytest.raises(KamError, match="no skill"):
            role.skills_beside_team(q, {"analysis": 3})

    def test_the_teams_figure_is_the_mean_of_the_latest_ratings(self):
        q = kam.open_period(ROOT / "data" / "sample", "2025-Q3")
        rated = q.skills.query("skill == 'analytics' and assessed_date <= @q.as_of")
        latest = rated.sort_values("assessed_date").groupby("manager_id")["rating"].last()
        table = role.skills_beside_team(q, {"analytics": 2})
        assert table.loc["analytics", "team"] == pytest.approx(latest.mean())
        assert table.loc["analytics", "asked"] == q.book.programme.required_rating


class TestTemplates:
    def test_each_is_copied_once(self, tmp_path, capsys):
        assert main(["template"]) == 0
        assert set(templates()) == {
            line.split()[0] for line in capsys.readouterr().out.splitlines()
        }
        for name in templates():
            assert main(["template", name, str(tmp_path)]) == 0
            assert (tmp_path / name).read_bytes() == (ROOT / "templates" / name).read_bytes()
        assert main(["template", "book.toml", str(tmp_path)]) == 2
        assert main(["template", "books.toml"]) == 2

    def test_the_book_is_a_book(self, tmp_path):
        assert main(["template", "book.toml", str(tmp_path)]) == 0
        assert read_settings(tmp_path).title == "My company"
        text = (tmp_path / "book.toml").read_text(encoding="utf-8")
        awake = re.sub(r"(?m)^#(?=\w+ = )", "", text)
        (tmp_path / "book.toml").write_text(awake, encoding="utf-8")
        assert read_settings(tmp_path).loss.lost == 3.0

    def test_the_plan_is_read_without_a_problem(self):
        plans = {"ACME": ROOT / "templates" / "plan.toml"}
        reading = plan_reading(plans=plans, account_id="ACME")
        assert reading.plan is not None and reading.problem is None

    def test_the_scoring_table_is_a_table_of_judgements(self):
        with (ROOT / "templates" / "scoring_table.csv").open(encoding="utf-8") as file:
            columns = set(next(csv.reader(file)))
        required = {one.name for one in CANONICAL["judgements"].columns if one.required}
        assert required <= columns

    def test_the_page_of_ones_own_is_rendered_by_its_book(self):
        code = "\n".join(cells(ROOT / "templates" / "own_page.ipynb", "code"))
        code = code.replace('book = ".."', f"book = {str(ROOT / 'data' / 'sample')!r}")
        exec(compile(code, "own_page", "exec"), {})

    def test_the_account_plan_by_hand_asks_what_the_plan_file_asks(self):
        text = (ROOT / "templates" / "account_plan.md").read_text(encoding="utf-8").lower()
        plan = tomllib.loads((ROOT / "templates" / "plan.toml").read_text(encoding="utf-8"))
        assert all(word in text for word in plan["swot"])
        assert all(word in text for word in ("short", "medium", "long", "owner", "due"))

    def test_the_contact_card_knows_every_part_in_a_decision(self):
        text = (ROOT / "templates" / "contact_card.md").read_text(encoding="utf-8")
        roles = next(one for one in CANONICAL["contacts"].columns if one.name == "role").choices
        assert all(word in text for word in roles)


class TestStories:
    def test_every_story_is_described(self, capsys):
        assert main(["practice", "--stories"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[0] for line in lines] == [*STORIES, *BOOKS]
        assert all(told_stories().values()) and not [line for line in lines if "{" in line]

    def test_a_story_of_ones_own_is_planted(self):
        roles = read_story(ROOT / "templates" / "story.toml")
        made = company(3, accounts=20, months=48, story="none", own=roles)
        (row,) = made.truth.query("story == 'new_buyer'").to_dict("records")
        assert row["note"] == "buys half as much since a new buyer came"
        lines = made.tables["orders"].query(f"account_id == '{row['account_id']}'")
        years = lines.groupby(lines["order_date"].dt.year)["revenue"].sum()
        assert years.iloc[-1] < 0.6 * years.iloc[0]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("[[roles]]\nstory = 'x'\n", "is missing"),
            ("[[roles]]\nstry = 'x'\n", "Unknown key 'stry'"),
            ("[[roles]\n", "cannot be read"),
            ("", "no roles"),
        ],
    )
    def test_a_story_that_is_none_is_refused(self, tmp_path, text, said):
        file = tmp_path / "story.toml"
        file.write_text(text, encoding="utf-8")
        with pytest.raises(KamError, match=said):
            read_story(file)

    def test_sealed_the_truth_is_not_there_and_the_learners_company_is_the_same(self, tmp_path):
        sealed, opened = tmp_path / "sealed", tmp_path / "opened"
        assert main(["practice", str(sealed), "--learner", "Ada Lind", "--sealed"]) == 0
        assert main(["practice", str(opened), "--learner", "ada  lind"]) == 0
        assert not (sealed / "truth").exists()
        truth = pd.read_csv(opened / "truth" / "truth.csv")
        assert {"seasonal", "late_leaver"} <= set(truth["story"])
        assert (sealed / "orders.csv").read_bytes() == (opened / "orders.csv").read_bytes()
        assert "truth" not in (sealed / "book.toml").read_text(encoding="utf-8")
