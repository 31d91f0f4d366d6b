"""Eight books, all their pages and tables: no sentence says what a table of the same report
contradicts, no list names an account whose standing rules it out, no account has two amounts under
one word.

Sentences are read as a reader would: counts, signs, names and windows are held against the tables
that they are of. Two books are read on every run; six more, Online Retail among them, in the long
form, and then every table of the catalogue.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

import pandas as pd
import pytest

import kamlib as kam
from kamlib.period import graph
from kamlib.practice import company, write_company
from kamlib.story.ahead import headline_ahead
from kamlib.story.evidence import headline_evidence
from kamlib.story.overview import actions_overview, headline_overview
from kamlib.story.programme import headline_programme
from kamlib.story.retention import headline_retention
from kamlib.story.scoring import headline_scoring
from kamlib.story.segmentation import headline_segmentation
from kamlib.tables import catalogue

KINDS = ("spring_buyer", "missed_season", "one_order", "slow_decline", "renewals")
STORIES = {"kinds": KINDS, "crm": "crm", "resellers": "resellers", "loss_making": "loss_making"}
USUAL = ("sample", "crm")
LONG = ("kinds", "orders", "northwind", "online_retail", "resellers", "loss_making")
PAGES = {
    "overview": headline_overview,
    "segmentation": headline_segmentation,
    "scoring": headline_scoring,
    "retention": headline_retention,
    "programme": headline_programme,
    "ahead": headline_ahead,
    "evidence": headline_evidence,
}
FORWARD = [
    "account_alerts",
    "account_declines",
    "assignment_changes",
    "candidates",
    "category_alerts",
    "category_map",
    "customer_value",
    "expected_orders",
    "overdue_checkins",
    "price_erosion",
    "watch_list",
]
"""Lists of what lies ahead: a lost account has no place in them."""
OWN_WINDOW = {
    "account_targets": "of the fiscal year to date",
    "programme_effect": "since the admission",
    "buyer_holdout": "before the hold-out",
    "price_erosion": "of two years",
}
"""Tables whose amounts are of another window than those of the same word, and say so."""
LONG_ONLY = re.compile("_record$|_history$|^health_|^leaving_cases|^alarm_")
"""Tables of the past that take long and name nobody to do anything about."""


@pytest.fixture(
    scope="module",
    params=[*USUAL, *(pytest.param(one, marks=pytest.mark.soak) for one in LONG)],
)
def q(request, root, tmp_path_factory):
    """A period of each book."""
    period = opened(request, root, tmp_path_factory)
    period.reads_all = request.param in LONG
    return period


def opened(request, root, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    if request.param in STORIES:
        made = company(21, story=STORIES[request.param], accounts=60)
        write_company(made, folder / "book")
        return kam.open_period(folder / "book", "2025-Q4")
    if request.param == "orders":
        return kam.open_period(request.getfixturevalue("orders_alone"), "2025-Q4")
    if request.param == "online_retail":
        return kam.open_period(online_retail(request.getfixturevalue("shared"), folder), "2011-Q3")
    return kam.open_period(
        root / "data" / request.param, "" if "north" in request.param else "2025-Q3"
    )


def online_retail(shared, folder):
    """Online Retail as a book: lines with a customer, no cancellation."""
    files = sorted((shared / "online_retail" / "by-day").glob("*.csv"))
    table = pd.concat([pd.read_csv(file) for file in files])
    table.columns = [re.sub(r"\W", "", str(name)).lower() for name in table.columns]
    table = table.dropna(subset=["customerid"])
    table = table[table["quantity"].gt(0) & table["unitprice"].gt(0)]
    orders = pd.DataFrame(
        {
            "order_id": table["invoiceno"].astype("str"),
            "account_id": table["customerid"].astype("int64").astype("str"),
            "order_date": pd.to_datetime(table["invoicedate"]).dt.strftime("%Y-%m-%d"),
            "revenue": (table["quantity"] * table["unitprice"]).round(2),
        }
    )
    orders.to_csv(folder / "orders.csv", index=False)
    (folder / "book.toml").write_text('title = "Online Retail"\ncurrency = "GBP"\n')
    return folder


def plain(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").replace("\u202f", " ").split())


@cache
def tables_of(q) -> dict[str, pd.DataFrame]:
    """Every table of the catalogue with its sentences; of the usual books the quick ones."""
    known = set(graph.calculations())
    names = [name for name in catalogue().tables if name in known and not graph.scope_of(name)]
    if not q.reads_all:
        names = [name for name in names if not LONG_ONLY.search(name)]
    return {name: q.told(name) for name in names}


def said(q) -> Iterator[tuple[str, str]]:
    """Return every sentence of first screens, actions and tables, with its place."""
    for page, headline in PAGES.items():
        for one in q.call(headline):
            yield page, plain(one.text)
    for one in q.call(actions_overview):
        yield "actions", plain(f"{one.changed} {one.to_do}")
    for name, table in tables_of(q).items():
        for column in table.columns:
            if catalogue().columns[column].type == "sentence":
                for text in table[column].dropna().unique():
                    yield f"{name}.{column}", plain(str(text))


UNITS = {"": 1, "k": 1e3, "m": 1e6, "bn": 1e9}
AMOUNT = r"[−-]?(?:€|£|\$|EUR|GBP|USD) ?[−-]?([\d,.]+)(?: (k|m|bn))?\b"


def amount(match: re.Match, at: int) -> float:
    sign = -1 if re.match(r"[−-]", match[0]) else 1
    return sign * float(match[at].replace(",", "").rstrip(".")) * UNITS[match[at + 1] or ""]


DOWN, UP = r"(?:fell|shrunk|shrank|went down|down \d+ %,)", r"(?:rose|grew|went up|up \d+ %,)"


def test_what_fell_is_less_and_what_rose_is_more(q):
    checked = 0
    for place, text in said(q):
        for way, sign in ((DOWN, -1), (UP, 1)):
            for found in re.finditer(rf"{way}(?: from)? {AMOUNT} (?:to|→) {AMOUNT}", text):
                parts = list(re.finditer(AMOUNT, found[0]))
                before, after = (amount(one, 1) for one in parts[-2:])
                assert sign * (after - before) >= 0, (place, text)
                checked += 1
    assert checked or q.class_moves.empty or not len(q.account_declines)


def test_the_first_screens_count_what_the_tables_hold(q):
    found = dict.fromkeys(PAGES, "")
    for page, text in said(q):
        found[page] = f"{found.get(page, '')} {text}"
    overview = found["overview"]
    due = re.search(r"(\d+) agreements?(?: worth .{1,20})? needs? a decision", overview)
    assert (int(due[1]) if due else 0) == len(q.due_renewals)
    keys = int(q.key_accounts["is_key"].sum())
    today = re.search(r"Today’s ([\d,]+) key account", overview)
    assert today is None or int(today[1].replace(",", "")) == keys
    for row in q.account_declines.itertuples():
        named = row.name in overview or " more" in overview
        assert named
    overdue = q.account_status[q.account_status["status"].eq("overdue")]
    assert ("No account is overdue." in overview) == overdue.empty
    key_ids = set(q.key_accounts.loc[q.key_accounts["is_key"], "account_id"])
    own = overdue[overdue["account_id"].isin(key_ids)]
    risk = re.search(r"at risk in (\d+) overdue (?:key|large)", overview)
    assert (int(risk[1]) if risk else 0) == len(own)
    moves = q.class_moves
    down = re.search(r"(\w+) accounts? moved down a class", found["segmentation"])
    assert (down is not None) <= moves["direction"].eq("down").any()
    heavy = q.workload["is_over_hours"].any()
    assert ("carries too much" in found["programme"]) == heavy


def test_no_account_is_named_for_what_its_standing_rules_out(q):
    standing = q.account_standing.set_index("account_id")
    lost = set(standing.index[standing["status"].eq("lost")])
    proposed = q.tier_decisions.query("proposal not in ['win back', 'let go']")
    tables = tables_of(q)
    visits = tables["calendar"].query("kind in ['check-in', 'order', 'season']")
    lists = {name: tables[name] for name in FORWARD if name in tables}
    assert len(lists) == len(FORWARD), sorted(set(FORWARD) - set(lists))
    for name, table in {"decisions": proposed, "calendar": visits, **lists}.items():
        assert not lost & set(table["account_id"]), name
    for row in q.told("account_actions").itertuples():
        if row.account_id in lost:
            assert "counts as lost" in row.why, row.why
            assert "Call" not in row.to_do and "next order" not in row.to_do
        else:
            assert "counts as lost" not in row.why, row.why
    resting = standing.index[standing["status"].eq("resting")]
    acted = q.account_actions[q.account_actions["account_id"].isin(resting)]
    assert not acted["action_code"].isin(["call", "ask_reason", "offer", "win_back"]).any()


def test_one_account_has_one_amount_under_one_word(q):
    """Columns of one name in tables of one row per account, apart from those of another window."""
    stated = defaultdict(dict)
    for name, table in tables_of(q).items():
        if catalogue().tables[name].key != ("account_id",) or name in OWN_WINDOW:
            continue
        for column in table.columns:
            own = catalogue().columns[column]
            if "money" in (own.type, own.shown_as) or own.type == "share":
                values = pd.to_numeric(table[column]).astype("float64")
                stated[column][name] = values.set_axis(table["account_id"])
    assert {"revenue", "gross_margin", "at_stake"} <= set(stated)
    for column, by_table in stated.items():
        wide = pd.concat(by_table, axis=1)
        apart = wide.max(axis=1) - wide.min(axis=1)
        is_off = apart > 1e-4 * (1 + wide.abs().max(axis=1))
        assert not is_off.any(), (column, wide[is_off].head(2).to_dict("records"))


def test_nothing_is_compared_with_a_year_that_the_data_do_not_hold(q):
    from kamlib.period.months import is_base_whole

    if is_base_whole(q.first_date, q.as_of):
        return
    for place, text in said(q):
        if "." in place and not place.startswith(("account_actions", "class_moves")):
            continue  # tables of history compare the windows that they name
        assert not re.search(r"on the year before|\(NRR\) and|year-on-year", text), (place, text)
    figures = q.key_figures.set_index("figure")
    assert figures.loc[figures.index.isin(["NRR", "GRR"]), "value"].isna().all()
    assert q.criterion_measures.query("measure == 'growth'")["value"].isna().all()


def test_nobody_carries_more_after_a_move_and_nothing_exposed_is_more_than_there_is(q):
    work = q.workload.set_index("manager_id")["is_over_hours"]
    for row in q.assignment_changes.itertuples():
        assert row.manager_id == "" or work[row.manager_id], "a move only from an overload"
    table = q.manager_dependence
    assert (table["exposed_profit"] <= table["owned_profit"] + 1e-6).all()


def test_few_are_few(q):
    """Of fewer than ten a share is no share: it is told as a count."""
    for place, text in said(q):
        few = re.search(r"\d+ % of (?:the )?[1-9] (?:accounts?|cases|leavers?|losses)", text)
        assert few is None, (place, text)


def test_status_is_told_as_it_is(q):
    """What a sentence says of an account by name is what its standing says."""
    standing = q.account_standing
    names = standing["name"].value_counts()
    status = standing[standing["name"].map(names).eq(1)].set_index("name")["status"]
    for place, text in said(q):
        for words, holds in ((" counts as lost", {"lost"}), (" is overdue:", {"overdue"})):
            for found in re.finditer(re.escape(words), text):
                told = text[: found.start()]
                known = [name for name in status.index if told.endswith(plain(str(name)))]
                assert all(status[name] in holds for name in known), (place, text)
