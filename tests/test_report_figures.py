"""The figures of the sample book's report, recomputed from the order lines with nothing of the
kit.
"""

from __future__ import annotations

import re
from types import SimpleNamespace

import pandas as pd
import pytest
from bs4 import BeautifulSoup

AS_OF = pd.Timestamp("2025-09-30")


@pytest.fixture(scope="module")
def report(sample_report):
    """The report's tables, and its front page parsed."""
    folder = sample_report.folder
    tables = {
        path.stem: pd.read_csv(path, dtype={"account_id": str})
        for path in (folder / "tables").glob("*.csv")
    }
    front = BeautifulSoup((folder / "index.html").read_text(encoding="utf-8"), "html.parser")
    return SimpleNamespace(tables=tables, front=front)


def plain(node):
    """The text of a node without no-break spaces and double blanks."""
    return " ".join(node.get_text(" ").split())


@pytest.fixture(scope="module")
def lines(root):
    """The usable order lines of the sample up to the as-of day: cents as whole numbers."""
    raw = pd.read_csv(root / "data" / "sample" / "orders.csv", dtype=str, keep_default_na=False)
    raw["date"] = pd.to_datetime(raw["order_date"], format="%Y-%m-%d", errors="coerce")
    raw["cents"] = (pd.to_numeric(raw["revenue"], errors="coerce") * 100).round()
    raw["account_id"] = raw["account_id"].str.strip()
    kept = raw[raw["account_id"].ne("") & raw["date"].notna() & raw["cents"].notna()]
    kept = kept[~kept["line_id"].duplicated() | kept["line_id"].eq("")]
    return kept[kept["date"].le(AS_OF)].astype({"cents": "int64"})


def window(lines, years_back=0):
    """Cents per account of the 12 months that end so many years before the as-of day."""
    end = AS_OF - pd.DateOffset(years=years_back)
    inside = lines["date"].gt(end - pd.DateOffset(years=1)) & lines["date"].le(end)
    return lines[inside].groupby("account_id")["cents"].sum()


def figure(report, name, scope="all"):
    table = report.tables["key_figures"].set_index(["figure", "scope"])
    return table.loc[(name, scope), "value"]


def test_the_classes_hold_all_revenue_of_the_window(report, lines):
    now = window(lines)
    classes = report.tables["account_classes"].set_index("account_id")["revenue"]
    assert round(classes.sum() * 100) == now.sum() == round(figure(report, "revenue") * 100)
    assert (
        classes.mul(100).round().astype("int64") == now.reindex(classes.index, fill_value=0)
    ).all()


def test_key_accounts_are_the_tiers_of_the_day_and_their_revenue_adds_up(report, lines, root):
    tiers = pd.read_csv(root / "data" / "sample" / "tiers.csv", dtype=str, keep_default_na=False)
    start = pd.to_datetime(tiers["start_date"])
    end = pd.to_datetime(tiers["end_date"].replace("", None))
    keys = tiers.loc[start.le(AS_OF) & ~end.lt(AS_OF) & tiers["tier"].eq("key"), "account_id"]
    published = report.tables["key_accounts"].query("is_key")["account_id"]
    assert sorted(keys) == sorted(published) and len(keys)
    assert (
        round(figure(report, "revenue", "key") * 100) == window(lines).reindex(keys).fillna(0).sum()
    )


def test_retention_of_revenue_is_that_of_the_lines(report, lines):
    both = (
        pd.DataFrame({"base": window(lines, 1), "now": window(lines)}).fillna(0).query("base > 0")
    )
    assert figure(report, "NRR") == pytest.approx(both["now"].sum() / both["base"].sum(), abs=1e-9)
    kept = both.clip(lower=0).min(axis=1).sum()
    assert figure(report, "GRR") == pytest.approx(kept / both["base"].sum(), abs=1e-9)
    bridge = report.tables["revenue_bridge"].query("scope == 'all'").set_index("step")["revenue"]
    risen, fallen = (
        bridge[["base", "new", "returned", "expansion"]],
        bridge[["contraction", "stopped"]],
    )
    assert (
        round((risen.sum() - fallen.sum()) * 100)
        == round(bridge["now"] * 100)
        == window(lines).sum()
    )


def test_the_status_of_accounts_is_that_of_their_order_days(report, lines):
    days = lines.groupby(["account_id", "date"])["cents"].sum().loc[lambda s: s > 0].reset_index()
    status = report.tables["account_status"].set_index("account_id")
    compared = {}
    for account, dates in days.groupby("account_id")["date"]:
        gaps = dates.sort_values().diff().dropna().dt.days
        if len(gaps) < 3:
            continue
        silence, usual = (AS_OF - dates.max()).days, gaps.median()
        row = status.loc[account]
        if row["gap_basis"] == "season":
            assert row["status"] in ("active", "resting")
            continue
        assert (row["silence_days"], row["usual_gap_days"]) == (silence, usual), account
        assert row["last_order_date"] == f"{dates.max():%Y-%m-%d}"
        lost = silence > 3 * usual and silence >= 90
        compared[account] = "lost" if lost else "overdue" if silence > 2 * usual else "active"
    assert status.loc[list(compared), "status"].to_dict() == compared
    assert set(compared.values()) == {"active", "overdue", "lost"}


# The front page agrees with its figures

UNITS = {"": 1, "k": 1e3, "m": 1e6, "bn": 1e9, "%": 0.01}


def told(text):
    """A figure as written, and how far the true one may lie from it."""
    number, unit = re.fullmatch(r"(?:€ ?)?([\d.,]+) ?(k|m|bn|%)?", text).groups()
    digits = number.replace(",", "")
    places = len(digits.partition(".")[2])
    return float(digits) * UNITS[unit or ""], 0.5000001 * 10**-places * UNITS[unit or ""]


@pytest.mark.parametrize(
    ("label", "name", "scope"),
    [
        ("Revenue of today’s key accounts", "revenue", "key"),
        ("Their share of the total", "revenue_share", "key"),
        ("NRR, all accounts", "NRR", "all"),
        ("GRR, all accounts", "GRR", "all"),
        ("At risk, key accounts", "revenue_at_risk", "key"),
    ],
)
def test_a_card_shows_its_key_figure(report, label, name, scope):
    cards = {plain(card.select_one(".label")): card for card in report.front.select(".card")}
    row = report.tables["key_figures"].set_index(["figure", "scope"]).loc[(name, scope)]
    value, room = told(plain(cards[label].select_one(".value")))
    assert abs(value - row["value"]) <= room
    changes = cards[label].select(".change b")[:2]
    if name in ("revenue", "revenue_share", "revenue_at_risk"):
        # today's set carries no growth; revenue at risk is told in its parts
        assert not [change for change in changes if plain(change)[:1] in "▲▼"]
        return
    for change, before in zip(changes, (row["previous_value"], row["year_ago_value"]), strict=True):
        sign, _, amount = plain(change).partition(" ")
        if sign in "▲▼" and amount.endswith("%"):
            moved, room = told(amount)
            assert abs(moved * {"▲": 1, "▼": -1}[sign] - (row["value"] / before - 1)) <= room
        elif sign in "▲▼" and amount.endswith("pts"):
            moved, room = told(amount.removesuffix(" pts"))
            assert abs(moved * {"▲": 1, "▼": -1}[sign] - (row["value"] - before) * 100) <= room


def test_the_sentences_of_the_front_page_are_its_figures(report):
    said = [plain(line) for line in report.front.select(".headline .sentences li")]
    count, amount, share = re.search(
        r"Today’s (\d+) key accounts brought (€ [\d.]+ [km]).*?: ([\d.]+ %) of all sales", said[0]
    ).groups()
    assert int(count) == figure(report, "accounts", "key")
    for text, name in ((amount, "revenue"), (share, "revenue_share")):
        value, room = told(text)
        assert abs(value - figure(report, name, "key")) <= room
    kept = next(line for line in said if "NRR" in line)
    nrr, grr = (
        int(x)
        for x in re.search(r"(\d+) came back with growth \(NRR\) and (\d+) without", kept).groups()
    )
    assert (nrr, grr) == (round(100 * figure(report, "NRR")), round(100 * figure(report, "GRR")))
