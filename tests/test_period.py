"""A period answers by name: every table of the catalogue, computed once, the same for all."""

from __future__ import annotations

import inspect
import pickle
import pkgutil
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest

import kamlib as kam
from kamlib import plots
from kamlib.book import read_settings
from kamlib.errors import KamError
from kamlib.intake import read_book
from kamlib.intake.sources import open_engine
from kamlib.period import Period, graph, held, origin, snapshot
from kamlib.period.calendar import parse_period
from kamlib.period.kept import read_table, write_table
from kamlib.period.names import FACTS, READ_TABLES, SECTIONS
from kamlib.story import said_of
from kamlib.tables import catalogue

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "data" / "sample"
TELLING = ("kamlib.story", "kamlib.plots", "kamlib.page", "kamlib.report", "kamlib.digest")


@pytest.fixture(scope="module")
def q() -> Period:
    return kam.open_period(SAMPLE, "2025-Q3")


def names(scope: str) -> list[str]:
    return [name for name in graph.calculations() if graph.scope_of(name) == scope]


def written(root: Path, periods: list[str], of_neighbours=READ_TABLES) -> dict[str, Path]:
    """Write snapshots of the sample's periods; return the folders of all that are there."""
    with open_engine() as engine:
        intake = read_book(SAMPLE, read_settings(SAMPLE), engine)
        for period in periods:
            snapshot.write_snapshots(
                intake, [parse_period(period)], root, of_neighbours=of_neighbours
            )
    return {file.parent.name: file.parent for file in root.glob("*/snapshot.json")}


class TestThePeriodsComparedWith:
    def test_whatever_the_kit_asks_of_them_is_prepared(self):
        said_of("")  # loads every story
        modules = [f"kamlib.plots.{one.name}" for one in pkgutil.iter_modules(plots.__path__)]
        for module in map(import_module, modules):
            assert module
        told = [one for name, one in sys.modules.items() if name.startswith(TELLING)]
        calls = [f for module in told for f in vars(module).values() if inspect.isfunction(f)]
        asked = {name for call in calls for name in graph.wanted(call)}
        asked |= {name for one in graph.calculations() for name in graph.parameters(one)}
        compared = {graph.plain(one) for one in asked if one.startswith(("previous_", "year_ago_"))}
        compared &= {*graph.calculations(), *READ_TABLES}
        assert {"account_status", "account_scores"} <= compared
        for table in compared:
            rests_on = (
                {graph.plain(one) for one in graph.upstream(table)}
                if table in (graph.calculations())
                else {table}
            )
            assert rests_on & set(READ_TABLES) <= graph.asked_of_neighbours(), table

    def test_they_have_less_than_the_period_itself_and_the_same(self, tmp_path):
        asked = graph.asked_of_neighbours()
        few = written(tmp_path / "few", ["2025-Q3"], asked)
        whole = written(tmp_path / "whole", ["2025-Q3"])
        assert asked < set(READ_TABLES) - {"price_years", "product_windows", "sales_cells"}
        for label in ("2025-Q2", "2024-Q3"):
            files = {file.name: file.read_bytes() for file in few[label].glob("*.parquet")}
            assert files.keys() == {f"{name}.parquet" for name in asked}
            assert files == {name: (whole[label] / name).read_bytes() for name in files}
        q, same = (snapshot.prepared(one["2025-Q3"], "") for one in (few, whole))
        for table in ("account_status", "health_parts", "account_classes", "key_accounts"):
            one, other = getattr(q.previous, table), getattr(same.previous, table)
            pd.testing.assert_frame_equal(one, other)
        with pytest.raises(KamError, match=r"price_years.* is not at hand"):
            _ = q.previous.price_years

    def test_one_that_is_asked_for_itself_later_is_made_whole(self, tmp_path):
        home = written(tmp_path, ["2025-Q3", "2025-Q2"], graph.asked_of_neighbours())
        assert snapshot.is_prepared(home["2025-Q2"], READ_TABLES)
        assert not snapshot.is_prepared(home["2024-Q3"], READ_TABLES)
        assert len(snapshot.prepared(home["2025-Q2"], "").price_years)


class TestTheGraph:
    def test_every_calculation_of_the_catalogue_is_there_and_hamilton_joins_them(self):
        for scope in ("", "account"):
            nodes = graph.graph(scope).graph.nodes
            assert set(names(scope)) <= set(nodes)

    def test_every_parameter_is_a_name_of_the_period_or_has_a_default(self):
        known = {*graph.calculations(), *READ_TABLES, *FACTS, *SECTIONS, "account_id"}
        for name in graph.calculations():
            for parameter, has_default in graph.parameters(name).items():
                assert has_default or graph.plain(parameter) in known, (name, parameter)

    def test_no_calculation_of_the_book_asks_for_a_table_of_one_account(self):
        for name in names(""):
            assert not [p for p in graph.parameters(name) if graph.scope_of(graph.plain(p))], name

    def test_analysis_does_not_see_words_nor_the_whole_book(self):
        for name in graph.calculations():
            assert not {"book"} & set(graph.parameters(name)), name
            assert not [p for p in graph.parameters(name) if p.startswith("told_")], name


class TestTables:
    @pytest.mark.parametrize("name", names(""))
    def test_a_table_is_as_the_catalogue_says(self, q, name):
        found = getattr(q, name)
        table = catalogue().tables.get(name)
        if table is None:
            return  # a value
        known = catalogue().columns
        told = [column for column in table.columns if known[column].type == "sentence"]
        assert list(found.columns) == [c for c in (*table.columns, *table.facts) if c not in told]
        assert list(q.told(name).columns) == list(table.columns)
        assert isinstance(found.index, pd.RangeIndex)
        if table.key:
            keyed = found if set(table.key) <= set(found) else q.told(name)
            assert not keyed.duplicated(list(table.key)).any(), table.key

    @pytest.mark.parametrize("name", names("account"))
    def test_a_table_of_one_account_is_as_the_catalogue_says(self, q, name):
        me = q.account("A0004")
        found = getattr(me, name)
        table = catalogue().tables.get(name)
        if table is None:
            return
        assert list(me.told(name).columns) == list(table.columns)
        if "account_id" in found and name != "group_tree":  # which lists the whole group
            assert set(found["account_id"]) <= {"A0004"}

    def test_what_is_kept_on_disk_is_what_was_computed(self, q):
        again = kam.open_period(SAMPLE, "2025-Q3")
        for name in names(""):
            if name in catalogue().tables:
                pd.testing.assert_frame_equal(getattr(again, name), getattr(q, name))

    def test_a_table_is_computed_once_for_all_who_read_the_same_folder(self, tmp_path, monkeypatch):
        monkeypatch.setenv("KAM_CACHE", str(tmp_path))
        one, other = (kam.open_period(ROOT / "data" / "northwind", "1997-Q4") for _ in range(2))
        computed: list[str] = []
        compute = graph.compute
        monkeypatch.setattr(
            graph, "compute", lambda name, given: computed.append(name) or compute(name, given)
        )
        first, second = one.class_moves, other.class_moves
        pd.testing.assert_frame_equal(first, second)
        assert "class_moves" in computed and "account_classes" in computed
        assert not [name for name in set(computed) if computed.count(name) > 2]
        of_both = ("account_classes", "account_figures")
        here = [name for name in computed if name not in of_both]
        assert len(here) == len(set(here))  # the classes of both periods, all else once

    def test_a_frame_may_be_changed_without_harm(self, q):
        mine = q.account_classes
        mine["revenue"] = 0.0
        assert q.account_classes["revenue"].sum() > 0

    def test_a_frame_knows_where_it_comes_from_also_filtered_and_sorted(self, q):
        some = q.account_status.query("status == 'lost'").sort_values("silence_days").head(3)
        assert origin(some) == (q, "account_status")
        assert origin(pd.DataFrame({"a": [1]})) == (None, "")


class TestOtherPeriods:
    def test_previous_and_year_ago_are_the_same_book_of_those_days(self, q):
        assert q.previous.as_of == pd.Timestamp("2025-06-30")
        assert q.year_ago.as_of == pd.Timestamp("2024-09-30")
        alone = kam.open_period(SAMPLE, "2025-Q2")
        pd.testing.assert_frame_equal(q.previous.account_classes, alone.account_classes)

    def test_a_period_prepared_as_a_neighbour_has_its_own_when_it_is_opened_itself(
        self, tmp_path, monkeypatch
    ):
        monkeypatch.setenv("KAM_CACHE", str(tmp_path))
        northwind = ROOT / "data" / "northwind"
        assert kam.open_period(northwind, "1997-Q4").previous.previous is None
        assert kam.open_period(northwind, "1997-Q3").previous.span.label == "1997-Q2"

    def test_a_neighbour_has_no_neighbours_so_every_report_says_the_same(self, q):
        assert q.previous.previous is None
        assert q.previous.year_ago is None

    def test_where_the_data_do_not_reach_back_there_is_no_previous(self):
        first = kam.open_period(ROOT / "data" / "northwind", "1996-Q3")
        assert first.previous is None
        assert first.class_moves is not None

    def test_an_earlier_day_is_what_was_known_then(self, q):
        then = q.at(pd.Timestamp("2025-06-30"))
        assert then.account_days["date"].max() <= pd.Timestamp("2025-06-30")
        pd.testing.assert_frame_equal(
            then.account_classes[["account_id", "revenue", "abc_revenue"]],
            q.previous.account_classes[["account_id", "revenue", "abc_revenue"]],
        )

    def test_what_rests_on_no_day_is_computed_once_for_all_of_them(self, q):
        then = q.at(pd.Timestamp("2025-06-30"))
        assert then._get("contact_rhythms") is q._get("contact_rhythms")
        assert then._get("plan_register") is not q._get("plan_register")


class TestOneAccount:
    def test_it_has_its_own_rows_of_every_table(self, q):
        me = q.account("A0004")
        assert set(me.account_months["account_id"]) == {"A0004"}
        assert len(me.account_classes) == 1
        assert (
            me.account_classes["revenue"].iloc[0]
            == (q.account_classes.set_index("account_id").loc["A0004", "revenue"])
        )

    def test_no_id_is_the_largest_account(self, q):
        year = q.account_classes.sort_values("revenue", ascending=False)
        assert q.account().account_id == year["account_id"].iloc[0]

    def test_an_unknown_account_is_refused(self, q):
        with pytest.raises(KamError, match="'A004' is not an account of the book"):
            q.account("A004")

    def test_a_table_of_one_account_says_how_to_ask(self, q):
        with pytest.raises(AttributeError, match=r"q\.account\('…'\)\.category_history"):
            _ = q.category_history


class TestSettings:
    def test_other_settings_change_what_rests_on_them_and_nothing_else(self, q):
        other = q.with_settings(segmentation={"abc": (0.5, 0.9)})
        assert (other.account_classes["abc_revenue"] != q.account_classes["abc_revenue"]).any()
        assert other._get("alarm_quality") is q._get("alarm_quality")
        assert q.book.segmentation.abc != (0.5, 0.9)

    def test_the_period_before_has_them_too(self, q):
        other = q.with_settings(segmentation={"abc": (0.5, 0.9)})
        assert other.previous.book.segmentation.abc == (0.5, 0.9)

    def test_an_unknown_section_or_key_names_the_nearest(self, q):
        with pytest.raises(KamError, match="Did you mean 'segmentation'"):
            q.with_settings(segmentaton={"abc": (0.5, 0.9)})
        with pytest.raises(KamError, match="Did you mean 'abc'"):
            q.with_settings(segmentation={"abcs": (0.5, 0.9)})


class TestLineage:
    def test_it_reaches_the_order_lines_and_the_settings(self, q):
        found = q.lineage("win_back").set_index("name")["kind"]
        assert found["account_status"] == "table"
        assert found["account_days"] == "order lines"
        assert found["loss"] == "setting"
        assert found["offers"] == "table of the book"

    def test_order_lines_of_one_account_add_up_to_its_days(self, q):
        lines = q.order_lines("A0004")
        days = q.account_days.query("account_id == 'A0004'")
        assert set(lines["account_id"]) == {"A0004"}
        assert round(lines["revenue"].sum(), 2) == round(days["revenue"].sum(), 2)
        assert lines["order_date"].max() <= q.as_of


class TestAtHome:
    def test_tab_lists_every_table_and_repr_is_short(self, q):
        listed = dir(q)
        assert set(names("")) <= set(listed)
        assert "account_months" in listed and "orders" not in listed
        assert not [name for name in listed if name.startswith("_")]
        assert "Q3 2025" in repr(q) and len(repr(q)) < 200
        assert "category_history" in dir(q.account("A0004"))

    def test_help_says_one_line_of_each_table(self):
        assert Period.account_classes.__doc__.startswith("One row per account")

    def test_near_matches(self, q):
        with pytest.raises(AttributeError, match="Did you mean 'account_days'"):
            _ = q.acount_days
        with pytest.raises(AttributeError, match=r"q\.order_lines"):
            _ = q.orders
        with pytest.raises(AttributeError, match="Did you mean 'account_classes'"):
            _ = kam.acount_classes

    def test_the_hall_has_calculations_plots_page_and_open_period_alone(self):
        public = [name for name in dir(kam) if not name.startswith("_")]
        other = [
            name
            for name in public
            if name not in graph.calculations() and not name.startswith("plot_")
        ]
        assert sorted(other) == ["open_period", "page", "plots"]
        assert all(getattr(kam, name) is not None for name in public)

    def test_a_period_outside_the_data_says_which_days_they_cover(self):
        with pytest.raises(KamError, match="orders run from 2020-01-0") as refused:
            kam.open_period(SAMPLE, "2010-Q1")
        assert "--" not in str(refused.value)

    def test_opened_again_it_is_there_at_once(self, tmp_path, monkeypatch):
        monkeypatch.setenv("KAM_CACHE", str(tmp_path / "cache"))
        book = tmp_path / "book"
        shutil.copytree(ROOT / "data" / "northwind", book)
        prepared, prepare = [], snapshot._prepare
        monkeypatch.setattr(
            snapshot, "_prepare", lambda *given: (prepared.append(given), prepare(*given))[1]
        )
        kam.open_period(book, "1997-Q4")
        kam.open_period(book, "1997-Q4")
        assert len(prepared) == 1  # read once
        (book / "book.toml").write_text('title = "Renamed"\n', encoding="utf-8")
        assert kam.open_period(book, "1997-Q4").book.title == "Renamed"
        assert len(prepared) == 2
        modes = {file.stat().st_mode & 0o077 for file in (tmp_path / "cache").iterdir()}
        assert modes == {0}

    def test_values_are_computed_once_in_a_run_and_kept_nowhere_else(self, tmp_path, monkeypatch):
        lasting = kam.open_period(ROOT / "data" / "northwind", "1997-Q4")
        assert [model.name for model in lasting.buyer_models]
        assert not list(lasting.folder.parent.rglob("*.pickle"))
        run = tmp_path / "run"
        shutil.copytree(lasting.folder.parent, run / "periods")
        folder, made = run / "periods" / "1997-Q4", []
        compute = graph.compute
        monkeypatch.setattr(graph, "compute", lambda *of: (made.append(of[0]), compute(*of))[1])
        monkeypatch.setenv("KAM_RUN", str(run))
        asked = [kam.open_period(folder) for _ in range(2)]
        first, second = [(q.buyer_models, q.previous.day_sums) for q in asked]
        assert repr(first[0]) == repr(second[0])
        assert (first[1].revenue == second[1].revenue).all()
        assert made.count("buyer_models") == made.count("day_sums") == 1
        monkeypatch.setenv("KAM_RUN", str(tmp_path / "another run"))
        kept = list(run.rglob("*.pickle"))
        for file in kept:
            file.write_bytes(b"nobody may read this")
        assert len(kept) >= 2
        assert repr(kam.open_period(folder).buyer_models) == repr(first[0])
        assert made.count("buyer_models") == 2

    def test_what_a_run_keeps_is_read_once_for_all_kernels_forked_of_a_process(
        self, tmp_path, monkeypatch
    ):
        lasting = kam.open_period(ROOT / "data" / "northwind", "1997-Q4")
        run = tmp_path / "run"
        shutil.copytree(lasting.folder.parent, run / "periods")
        folder, reads = run / "periods" / "1997-Q4", []
        monkeypatch.setenv("KAM_RUN", str(run))
        monkeypatch.setattr(held, "_HELD", {})
        first = kam.open_period(folder)  # as a kernel does before anything is held
        day = pd.Timestamp("1997-09-30")
        asked = [
            first.account_classes,
            first.previous.account_classes,
            first.at(day).account_status,
        ]
        for owner, name in ((snapshot, "read_table"), (pd, "read_pickle")):
            read = getattr(owner, name)
            monkeypatch.setattr(
                owner, name, lambda file, read=read: (reads.append(file), read(file))[1]
            )
        held.hold(folder, str(run))
        assert {file.name for file in reads} >= {"account_days.parquet", "account_classes.pickle"}
        assert len(reads) == len(set(reads))
        reads.clear()
        held.hold(folder, str(run))
        q = kam.open_period(folder)
        again = [q.account_classes, q.previous.account_classes, q.at(day).account_status]
        assert reads == []
        for one, other in zip(asked, again, strict=True):
            pd.testing.assert_frame_equal(one, other)
        _ = q.account_status  # not kept yet: computed, and kept for whoever asks
        held.hold(folder, str(run))
        assert "account_status" in {file.stem for file in folder.glob("computed/*.pickle")}
        monkeypatch.setenv("KAM_RUN", str(tmp_path / "another run"))
        assert kam.open_period(folder) is not q
        another = shutil.copytree(run, tmp_path / "another run") / "periods" / "1997-Q4"
        held.hold(another, str(run))
        assert held.held(folder, str(run)) is None  # one at a time

    def test_few_earlier_days_hold_their_tables(self):
        q = kam.open_period(ROOT / "data" / "northwind", "1997-Q4")
        days = [pd.Timestamp(f"1997-{month:02d}-28") for month in range(3, 9)]
        views = [q.at(day) for day in days]
        first = views[0].account_days
        for view in views:  # whoever holds on to them
            assert len(view.account_days) and len(view.account_months)
        held = [sum(name in READ_TABLES for name in view._kept) for view in views]
        assert held[:3] == [0, 0, 0] and all(held[3:])
        assert q.at(days[0]) is views[0] and views[0].account_days.equals(first)

    def test_text_that_repeats_in_a_table_is_held_once(self, tmp_path):
        for words in (["A-1", "B-2", None, "A-1", "B-2"], ["A-1", "A-1"], [None], []):
            table = pd.DataFrame({"account_id": pd.array(words, dtype="str"), "n": 1.5})
            write_table(table, tmp_path / "a.parquet")
            read = read_table(tmp_path / "a.parquet")
            pd.testing.assert_frame_equal(read, table)
            assert len({id(one) for one in read["account_id"].dropna()}) == len({*words} - {None})

    def test_opening_a_prepared_period_loads_no_engine(self):
        code = (
            "import kamlib as kam, sys; q = kam.open_period('data/sample', '2025-Q3');"
            "print(len(q.accounts), 'ibis' in sys.modules, 'hamilton' in sys.modules)"
        )
        kam.open_period(SAMPLE, "2025-Q3")
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert done.stdout.split()[1:] == ["False", "False"]


def test_the_graph_is_made_once_for_threads_that_ask_at_once(monkeypatch):
    made, make = [], graph._driver

    def counted(name, functions):
        made.append(name)
        return make(name, functions)

    monkeypatch.setattr(graph, "_driver", counted)
    graph._graph.cache_clear()
    together = threading.Barrier(2)

    def asked(_):
        together.wait()
        return graph.graph()

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(asked, range(2))
    assert one is other and made == ["book"]


def test_a_graph_whose_making_was_interrupted_is_made_when_asked_again(monkeypatch):
    from hamilton import driver

    class Interrupted:
        def __init__(self):
            raise KeyboardInterrupt

    graph._graph.cache_clear()
    with monkeypatch.context() as broken:
        broken.setattr(driver, "Builder", Interrupted)
        with pytest.raises(KeyboardInterrupt):
            graph.graph()
    assert graph.graph().list_available_variables()


def test_no_calculation_changes_what_it_is_given(monkeypatch):
    """As a run keeps tables: read back from pickles, where a copy of a text may be none."""
    q, compute, changed = kam.open_period(SAMPLE, "2025-Q4"), graph.compute, []

    def watched(name, given):
        is_frame = {key: isinstance(value, pd.DataFrame) for key, value in given.items()}
        fresh, before = (
            {key: pickle.loads(pickle.dumps(given[key])) for key in given if is_frame[key]}
            for _ in range(2)
        )
        made = compute(name, given | fresh)
        changed.extend((name, key) for key in fresh if not fresh[key].equals(before[key]))
        return made

    monkeypatch.setattr(graph, "compute", watched)
    monkeypatch.setattr(
        snapshot.Snapshot, "stored", lambda self, name, compute, *, apart="": compute()
    )
    for name in graph.calculations():
        (q.account("A0004") if graph.scope_of(name) else q)._get(name)
    assert changed == []


def test_a_table_that_another_thread_lets_go_of_is_still_the_answer():
    class LetGo(dict):
        def __setitem__(self, name, value):
            """Keep nothing: as where another thread asks for its own days meanwhile."""

    q = kam.open_period(ROOT / "data" / "northwind", "1997-Q4")
    view = q.at(pd.Timestamp("1997-03-28"))
    view._kept = LetGo()
    assert view.account_days["date"].max() == pd.Timestamp("1997-03-28")


def test_accounts_of_one_name_have_their_id_with_it(tmp_path):
    (tmp_path / "book.toml").write_text('title = "Twins"\n', encoding="utf-8")
    lines = [f"O{n}{one},{one},2025-0{n}-05,10" for n in range(1, 10) for one in ("A1", "A2", "B")]
    head = "order_id,account_id,order_date,revenue\n"
    (tmp_path / "orders.csv").write_text(head + "\n".join(lines), encoding="utf-8")
    (tmp_path / "accounts.csv").write_text(
        "account_id,name,manager_id,parent_id\nA1,Ann,M1,\nA2,Ann,M2,A1\nB,Bo,M1,\n",
        encoding="utf-8",
    )
    q = kam.open_period(tmp_path, "2025-Q3")
    assert q.accounts["name"].tolist() == ["Ann (A1)", "Ann (A2)", "Bo"]
    assert q.accounts["group_name"].tolist() == ["Ann (A1)", "Ann (A1)", "Bo"]
    assert set(q.account_status["name"]) == {"Ann (A1)", "Ann (A2)", "Bo"}
    mine = kam.open_period(tmp_path, "2025-Q3", "M1")
    assert mine.accounts["name"].tolist() == ["Ann", "Bo"]
