"""What other settings would change: the figures of the report with them, by calls and sliders."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

from kamlib.book import read_settings
from kamlib.errors import KamError
from kamlib.period import graph
from kamlib.period.snapshot import open_period
from kamlib.scoring.stability import above_line_shares
from kamlib.whatif import what_if
from kamlib.whatif.sliders import Board

ROOT = Path(__file__).resolve().parents[1]
TRIED = {
    "weights": {"growth": 0.5},
    "line": 7.0,
    "abc": (0.6, 0.9),
    "lost": 2.0,
    "budget": 5000,
}


@pytest.fixture(scope="module")
def q():
    return open_period(ROOT / "data" / "sample", "2025-Q3")


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The sample again, of which nothing was asked before, and whose tables nobody else clears."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KAM_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield open_period(ROOT / "data" / "sample", "2025-Q3")


def with_lines(folder: Path, toml: str) -> Path:
    """A copy of the sample book with lines of settings in place of its own sections."""
    shutil.copytree(ROOT / "data" / "sample", folder)
    new = tomllib.loads(toml)
    kept, skipping = [], False
    for line in (folder / "book.toml").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[] ").split("]")[0].split(".")[0]
            is_criterion = "scoring" in new and line.lstrip("[").startswith("scoring.criteria")
            skipping = (section in new and section != "scoring") or is_criterion
        if not skipping:
            kept.append(line)
    (folder / "book.toml").write_text("\n".join([*kept, "", toml, ""]), encoding="utf-8")
    return folder


class TestSameAsTheReport:
    def test_every_list_and_figure_is_the_reports_with_these_lines(self, q, tmp_path):
        answer = what_if(q, **TRIED)
        book = with_lines(tmp_path / "book", answer.toml)
        assert read_settings(book).loss.lost == 2.0
        theirs = open_period(book, "2025-Q3")
        for name in ("account_scores", "score_stability", "account_status", "win_back"):
            ours, other = getattr(answer.period, name), getattr(theirs, name)
            assert ours.reset_index(drop=True).equals(other.reset_index(drop=True)), name
        then = answer.figures.set_index("figure")["then"]
        assert then["Accounts above the line"] == theirs.account_scores["is_above_line"].sum()
        assert then["Lost accounts"] == theirs.account_status["status"].eq("lost").sum()
        chosen = theirs.win_back.query("is_chosen")
        assert then["What the offers cost"] == chosen["cost"].sum() <= 5000

    @pytest.mark.parametrize(
        "setting",
        [
            name if name == "weights" else pytest.param(name, marks=pytest.mark.soak)
            for name in TRIED
        ],
    )
    def test_each_setting_alone_gives_the_reports_lists(self, q, tmp_path, setting):
        answer = what_if(q, **{setting: TRIED[setting]})
        theirs = open_period(with_lines(tmp_path / "book", answer.toml), "2025-Q3")
        for name in ("account_scores", "account_classes", "account_status", "win_back"):
            ours, other = getattr(answer.period, name), getattr(theirs, name)
            assert ours.reset_index(drop=True).equals(other.reset_index(drop=True)), name
        again = what_if(theirs)
        assert answer.figures["then"].drop(1).equals(again.figures["now"].drop(1))
        assert len(answer.moves) > 0

    def test_moves_are_the_difference_of_the_lists(self, q):
        answer = what_if(q, line=7.5)
        now, then = q.account_scores, answer.period.account_scores
        gone = set(now.loc[now["is_above_line"], "account_id"])
        gone -= set(then.loc[then["is_above_line"], "account_id"])
        rows = answer.moves.query("list == 'above the line'")
        assert set(rows["account_id"]) == gone and set(rows["change"]) == {"leaves"}
        firm = answer.period.score_stability.set_index("account_id")["above_line_share"]
        assert rows["above_line_share"].tolist() == firm[rows["account_id"]].tolist()

    def test_moves_stand_list_by_list_the_most_money_first(self, q):
        moves = what_if(q, **TRIED).moves
        lists = ["above the line", "class A", "lost", "win-back list"]
        keys = [
            (lists.index(row.list), row.change == "leaves", -row.revenue, row.account_id)
            for row in moves.itertuples()
        ]
        assert keys == sorted(keys) and len({key[:2] for key in keys}) > 4
        known = q.accounts.set_index("account_id")["name"]
        assert moves["name"].tolist() == known[moves["account_id"]].tolist()

    def test_what_comes_out_as_it_was_is_not_computed_again(self, q):
        other = what_if(q, line=7.5).period
        assert other._get("account_scores") is not q._get("account_scores")
        for name in ("key_accounts", "estimate_choice", "win_back"):
            assert other._get(name) is q._get(name), name

    @pytest.mark.parametrize(
        ("asked", "kept", "left_out"),
        [
            ({"weights": {"growth": 0.4}}, ["criterion_measures"], ["win_back", "value_record"]),
            ({"abc": (0.6, 0.9)}, ["account_figures", "silences"], ["criterion_measures"]),
            ({"abc": (0.79, 0.95)}, ["spell_dates", "lost_accounts"], ["return_record"]),
            ({"lost": 2.2}, ["silences", "past_gaps", "usual_gaps"], ["value_record"]),
            ({"lost": 2.2}, ["account_scores"], ["alarm_cases", "alive_record"]),
            ({"budget": 4000}, ["account_status", "return_rates"], ["return_record"]),
        ],
    )
    def test_only_what_rests_on_the_setting_is_computed(self, alone, asked, kept, left_out):
        alone._tried = {}
        made, compute = [], graph.compute
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                graph, "compute", lambda name, given: made.append(name) or compute(name, given)
            )
            what_if(alone)
            made.clear()
            other = what_if(alone, **asked).period
        assert made and not {*made} & {*kept, *left_out}
        for name in kept:
            assert other._get(name) is alone._get(name), name

    @pytest.mark.parametrize("rule", [{"min_score": 6.0}, {"min_score": None, "top_n": 9}])
    def test_how_firm_some_are_is_as_in_the_table_of_all(self, q, rule):
        other = q.with_settings(key_accounts=rule)
        firm = other.score_stability.set_index("account_id")["above_line_share"]
        some = firm[firm.between(0.01, 0.99)].index[::2]
        assert len(some) > 3
        assert other.call(above_line_shares, asked=set(some)).equals(firm[some])

    def test_the_books_own_settings_change_nothing(self, q):
        answer = what_if(q)
        assert answer.moves.empty and answer.toml == "" and answer.period is q
        assert answer.figures["now"].equals(answer.figures["then"])
        assert "Nobody" in str(answer)


class TestRefused:
    @pytest.mark.parametrize(
        ("asked", "said"),
        [
            ({"weights": {"groth": 0.5}}, "growth"),
            ({"weights": {"growth": -1.0}}, "above zero"),
            ({"line": 12.0}, "min_score"),
            ({"abc": (0.9, 0.5)}, "rising"),
        ],
    )
    def test_in_plain_words(self, q, asked, said):
        with pytest.raises(KamError) as error:
            what_if(q, **asked)
        assert said in f"{error.value.what} {error.value.where} {error.value.next}"


class TestSliders:
    def test_a_moved_slider_answers_as_the_call_does(self, q):
        board = Board(q)
        assert board.lines.value == ""
        board.line.value = 7.0
        assert board.answer.moves.equals(what_if(q, line=7.0).moves)
        assert board.lines.value == "[key_accounts]\nmin_score = 7.0"
        assert "leave" in board.shown.value
        board.back.click()
        assert board.lines.value == ""

    def test_what_cannot_be_is_said_in_its_place(self, q):
        board = Board(q)
        board.a.value, board.b.value = 0.9, 0.5
        assert "rising" in board.shown.value


class TestFrontend:
    """What a frontend other than Lab does: it reads the models that the kernel opens, and sends
    where a control was moved to.
    """

    @pytest.fixture
    def kernel(self) -> Iterator[Any]:
        manager, client = start_new_kernel(startup_timeout=300)
        yield client
        client.stop_channels()
        manager.shutdown_kernel(now=True)

    def told(self, kernel: Any, message: str) -> list[dict[str, Any]]:
        """What the kernel says in answer to a message, until it has nothing more to do."""
        found: list[dict[str, Any]] = []
        while not (found and found[-1]["content"].get("execution_state") == "idle"):
            one = kernel.get_iopub_msg(timeout=300)
            if one["parent_header"].get("msg_id") == message:
                found.append(one)
        return found

    def test_any_that_speaks_the_widgets_protocol_moves_a_slider(self, kernel):
        book = str(ROOT / "data" / "sample")
        code = f"""import kamlib as kam
from kamlib.whatif import sliders
sliders(kam.open_period({book!r}, "2025-Q3"))"""
        said = self.told(kernel, kernel.execute(code))
        models = {
            one["content"]["comm_id"]: one["content"]["data"]["state"]
            for one in said
            if one["msg_type"] == "comm_open"
        }
        needed = {one["_model_module"] for one in models.values()}
        assert needed == {"@jupyter-widgets/base", "@jupyter-widgets/controls"}
        (shown,) = [one["content"]["data"] for one in said if one["msg_type"] == "execute_result"]
        assert shown["application/vnd.jupyter.widget-view+json"]["model_id"] in models

        (line,) = [key for key, one in models.items() if one.get("description") == "Admission line"]
        state = {"method": "update", "state": {"value": 7.0}, "buffer_paths": []}
        message = kernel.session.msg("comm_msg", {"comm_id": line, "data": state})
        kernel.shell_channel.send(message)
        for one in self.told(kernel, message["header"]["msg_id"]):
            if one["msg_type"] == "comm_msg":
                own = models[one["content"]["comm_id"]]
                own.update(one["content"]["data"].get("state", {}))
        value = {one["_model_name"]: one["value"] for one in models.values() if "value" in one}
        assert value["TextareaModel"] == "[key_accounts]\nmin_score = 7.0"
        assert "leave" in value["HTMLModel"]
