"""Every exercise is solved by its solution and fails with what people mistake, seed after seed."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell

import kamlib as kam
from kamlib.errors import KamError
from kamlib.practice import company
from kamlib.training import desk
from kamlib.training.exercise import is_same, judged
from kamlib.training.exercises import EXERCISES
from kamlib.training.known import Known
from kamlib.training.learner import Learner, learner, seed_of
from kamlib.training.slip import listen

made = cache(company)
FEW, MANY = ["Learner 0"], [f"Learner {n}" for n in range(1, 20)]


def solved(known: Known) -> dict[str, Any]:
    """What the solutions answer, run in order as a learner would."""
    space: dict[str, Any] = {"mine": known.q, "answers": {}}
    for one in EXERCISES.values():
        tree = ast.parse(one.solution)
        last = ast.Expression(tree.body.pop().value)  # type: ignore[attr-defined]
        exec(compile(tree, one.id, "exec"), space)
        space["answers"][one.id] = eval(compile(last, one.id, "eval"), space)
    return space["answers"]


@pytest.fixture(scope="module")
def known(request, tmp_path_factory) -> Known:
    return Learner(request.param, tmp_path_factory.mktemp("learner")).known


def check_seed(known: Known) -> None:
    answers = solved(known)
    told = {one: judged(EXERCISES[one], known, answer) for one, answer in answers.items()}
    assert {
        one: (answers[one], verdict.text) for one, verdict in told.items() if not verdict.is_right
    } == {}
    for one in EXERCISES.values():
        right = one.answer(known)
        for mistake in one.mistakes:
            wrong = mistake.wrong(known)
            if not is_same(one.kind, wrong, right):
                verdict = judged(one, known, wrong)
                assert not verdict.is_right, (one.id, mistake.name, wrong, right)
                assert verdict.mistake, (one.id, mistake.name)


@pytest.mark.parametrize("known", FEW, indirect=True)
def test_solutions_are_right_and_mistakes_are_named(known):
    check_seed(known)


@pytest.mark.soak
@pytest.mark.parametrize("known", MANY, indirect=True)
def test_solutions_are_right_and_mistakes_are_named_for_many(known):
    check_seed(known)


@pytest.mark.parametrize("known", FEW, indirect=True)
class TestFeedback:
    def test_an_answer_of_another_form_is_told_the_form(self, known):
        told = {
            "1a": judged(EXERCISES["1a"], known, "many").text,
            "1b": judged(EXERCISES["1b"], known, 42).text,
            "6b": judged(EXERCISES["6b"], known, "A0001").text,
            "7a": judged(EXERCISES["7a"], known, ["A0001", "A0002"]).text,
        }
        assert "whole number" in told["1a"]
        assert "As a share this is 0.42" in told["1b"]
        assert "list of account ids" in told["6b"]
        assert "more than one" in told["7a"]

    @pytest.mark.parametrize(
        ("answer", "said"),
        [("42 %", "percent sign"), ("0,42", "a decimal has a point"), ("much", "cannot be read.")],
    )
    def test_an_answer_that_cannot_be_read_is_told_what_is_in_the_way(self, known, answer, said):
        verdict = judged(EXERCISES["1b"], known, answer)
        assert said in verdict.text and "0.42 for 42 %" in verdict.text and not verdict.is_read

    def test_a_table_is_no_figure_and_blanks_about_a_figure_are_none(self, known):
        keys = EXERCISES["1a"].answer(known)
        assert "it is a table" in judged(EXERCISES["1a"], known, known.q.key_accounts).text
        assert judged(EXERCISES["1a"], known, f" {keys} ").is_right

    def test_an_answer_near_by_is_told_the_direction(self, known):
        right = EXERCISES["1b"].answer(known)
        assert "too high" in judged(EXERCISES["1b"], known, right + 0.09).text


class TestAtTheDesk:
    @pytest.fixture(scope="class")
    def home(self, tmp_path_factory) -> Path:
        """The folder of the learners' companies, each made once for all these tests."""
        return tmp_path_factory.mktemp("training")

    @pytest.fixture
    def said(self, monkeypatch, home) -> Iterator[list[str]]:
        """What the desk says to somebody who has tried nothing yet."""
        texts: list[str] = []
        monkeypatch.setattr(desk, "display", lambda shown: texts.append(shown.data))
        monkeypatch.setattr("kamlib.training.learner.company", made)
        monkeypatch.setenv("KAM_TRAINING", str(home))
        monkeypatch.setattr(desk, "_HERE", [])
        monkeypatch.setattr(desk, "_TAKEN", Counter())
        yield texts
        for progress in home.glob("*/progress.json"):
            progress.unlink()

    def test_without_a_name_or_an_answer_it_says_what_to_do(self, said):
        assert desk.start("  ") is None
        desk.ask("3a")
        desk.check("3a", None)
        desk.check("3a", 4)
        desk.hint("3a")
        assert "name between the quotes" in said[0]
        assert "Exercise 3a" in said[1] and "whole number" in said[1]
        assert "Not answered yet" in said[2]
        assert "Say who you are" in said[3]
        assert said[4] == EXERCISES["3a"].hints[0]
        desk.hint("3a")
        desk.hint()
        assert said[5] == EXERCISES["3a"].hints[1]
        assert said[6] == f"**Exercise 1a.** {EXERCISES['1a'].hints[0]}"

    def test_other_spellings_are_understood_and_a_decimal_comma_is_named(self, said):
        desk.start(7)
        assert "being made" in said[0] and "Welcome, 7." in said[1]
        desk.check(" 1B ", 0, 42)
        desk.check("1b", " ")
        desk.check("1b")
        assert "a decimal has a point" in said[2]
        assert "Not answered yet" in said[3] == said[4]
        with pytest.raises(KamError, match="no exercise '12'"):
            desk.check(12)

    def test_an_answer_that_cannot_be_read_is_no_try(self, said):
        desk.start("Ada Lind")
        for slip in ("thirteen", [1, 2], float("nan"), pd.DataFrame({"n": [1]})):
            desk.check("1a", slip)
            assert "Not right" in said[-1] and "Give a whole number" in said[-1]
        assert desk._HERE[0].progress == {}
        desk.check("1a", 10_000)
        assert desk._HERE[0].progress["1a"]["tries"] == 1

    def test_a_hint_without_an_exercise_is_for_the_one_at_hand(self, said):
        q = desk.start("Ada Lind")
        desk.hint()
        assert said[-1] == f"**Exercise 1a.** {EXERCISES['1a'].hints[0]}"
        desk.check("3a", 10_000)
        desk.check("2a", "no figure")
        desk.hint()
        assert said[-1] == f"**Exercise 3a.** {EXERCISES['3a'].hints[0]}"
        desk.check("1a", int(q.key_accounts["is_key"].sum()))
        desk.hint()
        assert said[-1].startswith("**Exercise 1b.**")
        known = desk._HERE[0].known
        for one in EXERCISES.values():
            desk.check(one.id, one.answer(known))
        desk.hint()
        assert said[-1].startswith("Everything is solved")

    def test_an_answer_of_the_sample_is_told_whose_company_is_asked(self, said, monkeypatch):
        q = desk.start("Ada Lind")
        wrong = int(q.key_accounts["is_key"].sum()) + 1
        monkeypatch.setattr(desk, "_cell", lambda: f'check("1a", {wrong})')
        desk.check("1a", wrong)
        assert "`q` is the sample book" in said[-1]
        monkeypatch.setattr(desk, "_cell", lambda: 'check("1a", mine.key_accounts.size)')
        desk.check("1a", wrong)
        assert "sample" not in said[-1]

    def test_progress_is_kept_and_the_certificate_says_what_was_shown(self, said):
        q = desk.start("Ada <Lind>")
        keys = int(q.key_accounts["is_key"].sum())
        desk.check("1a", keys + 1)
        desk.hint("1a")
        desk.check("1a", keys)
        desk.start("ada  <lind>")
        assert "1 of 22" in said[-1]
        page = desk.certificate().read_text(encoding="utf-8")
        assert "Ada" not in page and "ada  &lt;lind&gt;" in page
        assert "1 of 2 solved, in 2 tries, with 1 hint" in page
        assert "0 of 11 chapters are whole" in page.replace("\n", " ")
        assert "Still open: 1b" in said[-1]

    def test_the_truth_is_not_in_the_learners_folder(self, said, home):
        desk.start("Ada Lind")
        names = [file.name for file in home.rglob("*")]
        assert "orders.csv" in names and "truth" not in names and "truth.csv" not in names


SLIPS = {
    'check("1a", thirteen)': 'between quotes: "thirteen"',
    'chek("1a", 13)': "Did you mean 'check'?",
    'check("1a", 42%)': "no percent sign",
    "start(“Ada”)": "straight quotes",
    "mine.key_accounts": "Put your name",
    'table["iskey"]': "Did you mean 'is_key'?",
    "table.iskey": "Did you mean 'is_key'?",
    'q["key_accounts"]': "named after a point",
    "q.key_acounts": "Did you mean 'key_accounts'?",
}


def test_a_slip_in_a_cell_is_answered_in_words(root, capsys):
    shell = InteractiveShell()
    listen(shell)
    table = pd.DataFrame({"is_key": [True]})
    shell.push({"check": desk.check, "start": desk.start, "mine": None, "table": table})
    shell.push({"q": kam.open_period(root / "data" / "sample")})
    for cell, said in SLIPS.items():
        assert not shell.run_cell(cell).success
        shown = capsys.readouterr().out
        assert said in shown and "Traceback" not in shown, cell
    for cell in ("1 / 0", '{}["a"]'):
        shell.run_cell(cell)
        assert "Traceback" in capsys.readouterr().out


def test_each_learner_has_a_company_of_their_own():
    seeds = {seed_of(name) for name in MANY}
    assert len(seeds) == len(MANY)
    assert learner("Ada Lind").folder != learner("ada-lind!").folder
    small = [company(seed_of(name), accounts=60, months=48).tables["orders"] for name in MANY[:2]]
    assert not small[0].equals(small[1])


def test_every_exercise_has_three_hints_and_two_a_chapter():
    assert all(len(one.hints) == 3 for one in EXERCISES.values())
    assert [one.chapter for one in EXERCISES.values()] == [n for n in range(1, 12) for _ in "ab"]
