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


CARDS = {
    "Revenue in Q3 2025, all accounts": [("period", "revenue")],
    "12 months, all accounts": [("all", "revenue")],
    "NRR · GRR, 12 months, accounts key at the start": [("key", "NRR"), ("key", "GRR")],
    "At risk, {at_risk_accounts} key accounts": [("key", "revenue_at_risk")],
    "Today’s key accounts": [("key", "accounts")],
}
MOVES = dict(zip(CARDS, (2, 1, 0, 0, 1), strict=True))


@pytest.mark.parametrize("label", CARDS)
def test_a_card_shows_its_key_figures(report, label):
    """Values, and the changes that stand beside them, with the room their digits leave."""
    cards = {plain(card.select_one(".label")): card for card in report.front.select(".card")}
    card = cards[label.format(at_risk_accounts=round(figure(report, "at_risk_accounts", "key")))]
    own = report.tables["period_figures"].assign(scope="period")
    rows = pd.concat([report.tables["key_figures"], own]).set_index(["scope", "figure"])
    for text, key in zip(plain(card.select_one(".value")).split(" · "), CARDS[label], strict=True):
        value, room = told(text)
        assert abs(value - rows.loc[key, "value"]) <= room
    row, moves = rows.loc[CARDS[label][0]], 0
    for text in [plain(one) for one in card.select(".change") if one.select("b")]:
        change, quarter = text.split(" on ")
        before = row["previous_value" if quarter == "Q2 2025" else "year_ago_value"]
        year = "the year before" if label.startswith("12 months") else "Q3 2024"
        assert quarter in ("Q2 2025", year)
        moves += 1
        if change == "unchanged":
            assert row["value"] == before
            continue
        sign, amount = re.fullmatch(r"([▲▼]) ([\d.,]+(?: %)?)", change).groups()
        change = row["value"] - before
        moved, room = told(amount)
        assert (
            abs(moved * {"▲": 1, "▼": -1}[sign] - change / (before if "%" in amount else 1)) <= room
        )
    # revenue at risk is told in its parts; what stayed is a comparison already
    assert moves == MOVES[label]


def test_the_sentences_of_the_front_page_are_its_figures(report):
    said = "\n".join(plain(line) for line in report.front.select(".headline .sentences li"))
    count, amount, share = re.search(
        r"Today’s (\d+) key accounts brought (€ [\d.]+ [km]) .*?: ([\d.]+ %) of all sales", said
    ).groups()
    assert int(count) == figure(report, "accounts", "key")
    for text, name in ((amount, "revenue"), (share, "revenue_share")):
        value, room = told(text)
        assert abs(value - figure(report, name, "key")) <= room
    came = r"(\d+) came back with growth \(NRR\) and (\d+) without"
    nrr, grr = (int(number) for number in re.search(came, said).groups())
    assert (nrr, grr) == (round(100 * figure(report, "NRR")), round(100 * figure(report, "GRR")))
    own = report.tables["period_figures"].set_index("figure").loc["revenue"]
    amount, on_last, on_year = re.search(
        r"^Q3 2025 brought (€ [\d.]+ [km]) .*?: ([\d.]+) % (?:less|more) than in Q2 2025 and "
        r"([\d.]+) % (?:less|more) than in Q3 2024",
        said,
    ).groups()
    assert abs(told(amount)[0] - own["value"]) <= told(amount)[1]
    for text, before in ((on_last, own["previous_value"]), (on_year, own["year_ago_value"])):
        assert abs(float(text) - 100 * abs(own["value"] / before - 1)) <= 0.05
