"""Practice companies: the same seed gives the same bytes, every table is filled, options do what
they say.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kamlib.errors import KamError
from kamlib.practice import SAMPLE_SEED, STORIES, company, write_company
from kamlib.tables import CANONICAL

from .forked import kam
from .orderlines import only, window

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample"


def files(folder):
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


# ── the same again ────────────────────────────────────────────────────────────


def test_the_sample_book_is_what_the_generator_writes(meridian, tmp_path):
    write_company(meridian, tmp_path)
    written, kept = files(tmp_path), files(SAMPLE)
    assert written.keys() == kept.keys()
    assert [name for name in written if written[name] != kept[name]] == []


def test_same_seed_same_bytes_in_another_process(tmp_path):
    code = (
        "import sys; from kamlib.practice import company, write_company; "
        "write_company(company(3, accounts=40, months=24), sys.argv[1])"
    )
    for name, hash_seed, zone in (("a", "1", "UTC"), ("b", "77", "Asia/Tokyo")):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": zone}
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / name)], check=True, env=environment
        )
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_another_seed_is_another_company():
    one, two = (company(seed, accounts=40, months=24) for seed in (1, 2))
    assert not one.tables["orders"].equals(two.tables["orders"])
    assert not one.truth.equals(two.truth)


# ── every table ───────────────────────────────────────────────────────────────


BY_STORY = {"bonus_kind", "bonus_threshold", "bonus_rate"}
"""Columns that stories of their own fill (tests/test_practice_books.py)."""


@pytest.mark.parametrize("name", list(CANONICAL))
def test_every_canonical_table_is_filled_and_keeps_its_rules(meridian, name):
    table, frame = CANONICAL[name], meridian.tables[name]
    assert frame.columns.tolist() == table.names
    assert len(frame) > 0
    assert frame[table.required].notna().all().all()
    if table.key:
        assert not frame.duplicated(list(table.key)).any()
    for column in table.columns:
        values = frame[column.name].dropna()
        if column.name in BY_STORY:
            continue
        assert len(values) > 0, f"{name}.{column.name} is empty throughout"
        if column.choices:
            assert values.isin(column.choices).all()
        if column.least is not None:
            assert (values >= column.least).all()
        if column.most is not None:
            assert (values <= column.most).all()


def test_ids_are_known_wherever_they_are_used(meridian):
    accounts = set(meridian.tables["accounts"]["account_id"])
    managers = set(meridian.tables["managers"]["manager_id"])
    for name, frame in meridian.tables.items():
        if "account_id" in frame:
            assert set(frame["account_id"]) <= accounts, name
        if "manager_id" in frame:
            assert set(frame["manager_id"].dropna()) <= managers, name
    assert set(meridian.tables["accounts"]["parent_id"].dropna()) <= accounts
    assert set(meridian.tables["interactions"]["contact_id"]) <= set(
        meridian.tables["contacts"]["contact_id"]
    )


def test_people_at_key_accounts_report_to_the_decider_or_the_engineer(meridian):
    people = meridian.tables["contacts"]
    led = people.dropna(subset=["reports_to"]).merge(
        people, left_on="reports_to", right_on="contact_id", suffixes=("", "_head")
    )
    assert led["account_id"].eq(led["account_id_head"]).all()
    assert led["role_head"].isin(["decider", "influencer"]).all()
    assert set(led.loc[led["role_head"].eq("influencer"), "role"]) == {"user"}
    keys = set(meridian.plans)
    heads = people[people["account_id"].isin(keys) & people["reports_to"].isna()]
    assert set(led["account_id"]) == keys
    assert heads["account_id"].tolist() == sorted(keys) and heads["role"].eq("decider").all()


def test_booked_costs_of_the_last_year_are_the_cost_to_serve(meridian):
    costs, accounts = (meridian.tables[name] for name in ("service_costs", "accounts"))
    year = costs[costs["date"].gt("2024-12-31")].groupby("account_id")["cost"].sum().round(2)
    listed = accounts.set_index("account_id")["cost_to_serve"].reindex(year.index)
    assert set(year.index) == set(meridian.plans)
    assert np.allclose(year, listed, atol=0.005)


def test_lines_add_up_and_are_told_apart(orders):
    assert orders["line_id"].is_unique
    sold = orders[orders["revenue"] > 0]
    assert (sold["quantity"] >= 1).all() and (sold["cost"] > 0).all()
    assert sold.groupby("order_id")["account_id"].nunique().max() == 1
    assert np.allclose((orders["revenue"] * 100).round(), orders["revenue"] * 100)


def test_ids_keep_their_leading_zeros(tmp_path, meridian):
    write_company(meridian, tmp_path)
    ids = pd.read_csv(tmp_path / "accounts.csv", dtype=str)["account_id"]
    assert ids.is_unique and ids.str.match(r"^(A\d{4}|00\d{3})$").all()
    assert 3 <= ids.str.startswith("0").sum() <= 20


def test_the_last_period_is_covered_whole(orders):
    assert orders["order_date"].max() == pd.Timestamp("2025-12-31")
    assert orders["order_date"].min() < pd.Timestamp("2020-01-08")
    months = orders.groupby(orders["order_date"].dt.to_period("M"))["revenue"].sum()
    assert len(months) == 72 and (months > 0).all()


def test_a_believable_distributor(meridian, orders):
    last = window(orders, "2025-12-31")
    revenue = last.groupby("account_id")["revenue"].sum()
    keys = meridian.tables["accounts"].query("tier == 'key'")["account_id"]
    assert 12 <= len(keys) <= 16
    assert 0.40 <= revenue.reindex(keys).sum() / revenue.sum() <= 0.55
    top_fifth = revenue.sort_values(ascending=False).head(24)
    assert 0.70 <= top_fifth.sum() / revenue.sum() <= 0.85
    sums = orders.groupby("account_id")[["revenue", "cost"]].sum()
    assert (1 - sums["cost"] / sums["revenue"]).between(0.15, 0.40).all()
    once = orders.dropna(subset="delivered_date").drop_duplicates("order_id")
    assert 0.05 <= (once["delivered_date"] > once["promised_date"]).mean() <= 0.11


def test_damaged_lines_are_in_the_file_and_in_the_truth_only(meridian, orders, told, tmp_path):
    write_company(meridian, tmp_path)
    text = pd.read_csv(tmp_path / "orders.csv", dtype=str, keep_default_na=False)
    assert len(text) == len(orders) + len(told["dirt"])
    assert (text["order_id"] == "Total").sum() == 1
    assert text["line_id"].duplicated(keep=False).sum() == 2
    assert pd.to_datetime(text["order_date"], errors="coerce", format="%Y-%m-%d").isna().sum() == 2
    total = text.loc[text["order_id"] == "Total", "revenue"].astype(float).item()
    assert total == pytest.approx(orders["revenue"].sum(), abs=0.005)
    assert (orders["revenue"] < 0).sum() > 20
    assert orders.loc[orders["revenue"] < 0, "revenue"].sum() == pytest.approx(
        only(told["credit_notes"])["value"]
    )


# ── plans and book ────────────────────────────────────────────────────────────


def test_plans_are_for_key_accounts_with_known_owners(meridian):
    keys = set(meridian.tables["accounts"].query("tier == 'key'")["account_id"])
    managers = set(meridian.tables["managers"]["manager_id"])
    assert set(meridian.plans) == keys
    for account_id, text in meridian.plans.items():
        plan = tomllib.loads(text)
        assert plan["account_id"] == account_id and plan["start"] <= plan["updated"]
        assert {o["horizon"] for o in plan["objectives"]} == {"short", "medium", "long"}
        known = {o["id"] for o in plan["objectives"]}
        for entry in [*plan["objectives"], *plan["actions"]]:
            assert entry["owner"] in managers
            assert entry["due"] > plan["start"]
            assert ("measure" in entry) != ("done" in entry)
            assert 0 <= entry.get("done", 0) <= 1
        assert {a["objective"] for a in plan["actions"]} <= known
        assert {"strengths", "weaknesses", "opportunities", "threats"} == set(plan["swot"])


def test_book_says_who_is_key(meridian):
    book = tomllib.loads(meridian.book)
    weights = [criterion["weight"] for criterion in book["scoring"]["criteria"]]
    assert book["title"] == "Meridian Supply" and sum(weights) == pytest.approx(1)
    judged = [c["name"] for c in book["scoring"]["criteria"] if c.get("judged")]
    assert set(judged) == set(meridian.tables["judgements"]["criterion"])


# ── options ───────────────────────────────────────────────────────────────────


def test_stories_can_be_chosen_and_left_out():
    one = company(1, story="whale", accounts=40, months=36)
    assert set(one.truth["story"]) & set(STORIES) == {"whale"}
    rest = company(1, without=["whale", "dirt"], accounts=60, months=36)
    assert not {"whale", "dirt"} & set(rest.truth["story"]) and rest.dirt.empty
    assert "late_leaver" not in set(company(1, late_hazard_ratio=1).truth["story"])
    with pytest.raises(KamError, match="whael"):
        company(1, story="whael")


@pytest.mark.parametrize(("accounts", "months"), [(1, 3), (5, 6), (30, 14), (60, 40)])
def test_small_companies(accounts, months):
    made = company(8, accounts=accounts, months=months, start="2022-07")
    orders = made.tables["orders"]
    assert len(made.tables["accounts"]) == accounts
    assert orders["order_date"].min() >= pd.Timestamp("2022-07-01")
    assert orders["order_date"].max() == pd.Timestamp("2022-07-01") + pd.DateOffset(
        months=months
    ) - pd.DateOffset(days=1)


def test_like_another_book():
    """Thirty accounts that order every tenth day for about 100: so does the company made like
    them.
    """
    days = pd.date_range("2023-01-01", "2024-12-31", freq="10D")
    model = pd.concat(
        [
            pd.DataFrame({"account_id": f"C{n:02d}", "date": days, "revenue": 90.0 + n})
            for n in range(30)
        ]
    )
    made = company(1, like=model, story="none", leavers=0)
    orders = made.tables["orders"].query("revenue > 0")
    assert len(made.tables["accounts"]) == 30
    assert orders["order_date"].min() >= days[0] and orders["order_date"].max() == pd.Timestamp(
        "2024-12-31"
    )
    assert window(orders, "2024-12-31")["revenue"].sum() == pytest.approx(
        window(model.rename(columns={"date": "order_date"}), "2024-12-31")["revenue"].sum(),
        rel=0.35,
    )
    gaps = (
        orders.groupby("account_id")["order_date"]
        .unique()
        .map(lambda d: np.median(np.diff(np.sort(d)).astype("timedelta64[D]").astype(int)))
    )
    assert gaps.median() == pytest.approx(10, abs=1)


def test_sample_seed_is_the_default(meridian):
    assert company(SAMPLE_SEED).truth.equals(meridian.truth)


def test_a_book_made_like_another_holds_nothing_of_it(tmp_path):
    """No id, no account's total and no line's amount of the real book is in the shareable one."""
    draw = np.random.default_rng(2)
    days = pd.date_range("2023-01-01", "2024-12-31", freq="20D")
    model = pd.concat(
        [
            pd.DataFrame(
                {
                    "account_id": f"REAL-{n:02d}",
                    "date": days,
                    "revenue": draw.uniform(1000, 9000, len(days)).round(2) + 0.003,
                }
            )
            for n in range(12)
        ],
        ignore_index=True,
    )
    made = company(1, like=model)
    write_company(made, tmp_path / "book")
    said = "\n".join(content.decode() for content in files(tmp_path / "book").values())
    assert "REAL-" not in said
    totals = model.groupby("account_id")["revenue"].sum()
    ours = made.tables["orders"].groupby("account_id")["revenue"].sum()
    assert not set(totals.round(2)) & set(ours.round(2))
    assert not set(model["revenue"]) & set(made.tables["orders"]["revenue"])


def test_kam_practice_like_a_book_writes_no_row_of_it(tmp_path):
    """No id, name, word, plan or amount of a whole book comes into the one made like it."""
    source = company(21, accounts=10, months=18)
    draw = np.random.default_rng(3)
    tables, amounts = {}, set()
    for name, frame in source.tables.items():
        columns = {}
        for column in CANONICAL[name].columns:
            values = frame[column.name]
            if column.type in ("id", "text") and column.name != "currency":
                columns[column.name] = values.where(values.isna(), values.astype("str") + "-REAL")
            elif column.type == "money":
                scale = draw.uniform(9_000, 19_000, len(frame))
                columns[column.name] = (values.astype("float64") * scale).round(2)
                amounts |= set(columns[column.name].dropna())
        tables[name] = frame.assign(**columns)
    book = tmp_path / "source"
    write_company(replace(source, tables=tables), book)
    run = kam("practice", tmp_path / "like", "--seed", "4", "--like", book)
    assert run.returncode == 0, run.stderr
    made = files(tmp_path / "like")
    assert {"book.toml", "orders.csv", "accounts.csv", "contacts.csv"} <= set(made)
    said = "\n".join(content.decode() for content in made.values())
    assert "-REAL" in "".join(content.decode() for content in files(book).values())
    assert "REAL" not in said + "".join(made)
    written = {float(one) for one in re.findall(r"(?<![\d.-])\d+(?:\.\d+)?(?![\d.-])", said)}
    assert len(written) > 500 and len(amounts) > 500
    assert not {one for one in amounts & written if one > 10_000}
    totals = tables["orders"].groupby("account_id")["revenue"].sum().round(2)
    ours = pd.read_csv(tmp_path / "like" / "orders.csv", dtype="str")
    sums = pd.to_numeric(ours["revenue"], errors="coerce").groupby(ours["account_id"]).sum()
    assert not set(totals) & set(sums.round(2))
