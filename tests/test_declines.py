"""Key accounts that shrink over years are named, by hand."""

import pandas as pd
import pytest

from kamlib.book import BookSettings
from kamlib.story.headline import declines_sentence, losing_sentence
from kamlib.tables import shaped
from kamlib.verdict import account_declines

AS_OF = pd.Timestamp("2025-12-31")
BOOK = BookSettings(title="Test")
MONTHS = pd.date_range("2021-01-31", AS_OF, freq="ME")


def declines(status="active", first="2021-01-01", is_key=True, **yearly):
    """account=revenue of each year, oldest first; what begins later has fewer of them."""
    rows = [
        {"account_id": name, "month": month, "revenue": year / 12, "order_day_count": 1}
        for name, years in yearly.items()
        for back, year in enumerate(reversed(years))
        for month in MONTHS[len(MONTHS) - 12 * (back + 1) : len(MONTHS) - 12 * back]
    ]
    standing = pd.DataFrame({"account_id": list(yearly), "name": list(yearly)}).assign(
        is_key=is_key, status=status, verdict="keep", owner="Ines"
    )
    first_date = pd.Timestamp(first)
    return account_declines(pd.DataFrame(rows), standing, as_of=AS_OF, first_date=first_date)


def test_a_key_account_that_shrinks_a_little_every_year_is_named():
    found = declines(
        falls=[569, 480, 380, 300, 224],
        quarter=[100, 95, 90, 85, 76],
        dips=[100, 100, 100, 100, 80],
        young=[100, 80, 60],
        younger=[100, 60],
    ).set_index("account_id")
    assert found.index.tolist() == ["falls", "young"]
    assert found.loc["falls", "fall_share"] == pytest.approx(1 - 224 / 569)
    assert found["years_count"].to_dict() == {"falls": 4, "young": 2}


def test_a_high_first_year_alone_is_no_decline():
    assert declines(peak=[400, 100, 100, 100, 100]).empty
    assert declines(steady=[130, 100, 100, 105, 97]).empty


@pytest.mark.parametrize("other", [{"status": "lost"}, {"is_key": False}, {"first": "2023-06-01"}])
def test_lost_accounts_others_and_short_histories_are_not_named(other):
    assert declines(falls=[569, 480, 380, 300, 224], **other).empty


def test_the_first_screen_names_it_and_the_accounts_that_lose_money():
    found = declines(falls=[569, 480, 380, 300, 224], too=[100, 80, 60, 50, 40])
    said = declines_sentence(found, BOOK).text.replace("\u00a0", " ")
    assert said == (
        "falls has shrunk from € 569 to € 224 a year within 4 years, though the proposal is to "
        "keep it; shrinking too: too."
    )
    assert declines_sentence(found.head(0), BOOK) is None
    classes = pd.DataFrame(
        {"account_id": list("ABC"), "name": list("ABC"), "margin": [-5.0, 9.0, -7.0]}
    )
    keys = shaped("key_accounts", {"account_id": list("ABC"), "is_key": [True, True, False]})
    said = losing_sentence(classes, keys, BOOK).text.replace("\u00a0", " ")
    assert said == "1 key account loses money: A (−€ 5)."
    assert losing_sentence(classes.assign(margin=1.0), keys, BOOK) is None
