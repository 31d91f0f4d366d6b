from __future__ import annotations

import pytest

from kamlib.book import read_settings
from kamlib.errors import KamError


def refused(folder) -> KamError:
    with pytest.raises(KamError) as caught:
        read_settings(folder)
    assert caught.value.exit_code == 2
    return caught.value


def test_only_the_title_is_needed(make_book):
    book = read_settings(make_book())
    assert (book.title, book.currency, book.fiscal_year.first_month) == ("Test", "EUR", 1)
    assert (book.loss.overdue, book.loss.lost, book.loss.min_silence_days) == (2, 3, 90)


@pytest.mark.parametrize(
    ("settings", "line", "nearest"),
    [
        ('titel = "x"', 1, "title"),
        ('title = "x"\n\n[loss]\nlots = 3', 4, "lost"),
        ('title = "x"\n[key_acounts]\ntop_n = 3', 2, "key_accounts"),
        ('title = "x"\n[segmentation]\nwindow_month = 3', 3, "window_months"),
    ],
)
def test_an_unknown_key_is_refused_with_line_and_nearest(make_book, settings, line, nearest):
    error = refused(make_book(settings=settings))
    assert f"line {line}" in error.where
    assert f"'{nearest}'" in error.next


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("", "'title' is missing"),
        ("title = ", "cannot be read"),
        ('title = "x"\n[loss]\nlost = "three"', "loss.lost"),
        ('title = "x"\n[fiscal_year]\nfirst_month = 13', "fiscal_year.first_month"),
        ('title = "x"\n[columns.orders]\naccount = "No"', "account_id"),
        ('title = "x"\n[columns.order]\naccount_id = "No"', "orders"),
        ('title = "x"\n[key_accounts]\ntop_n = 3\nmin_score = 6', "not both"),
        ('title = "x"\n[segmentation.treatments]\nQQ = "x"', "AX to CN"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_where_it_stands(make_book, settings, said):
    error = refused(make_book(settings=settings))
    assert said in str(error)
    assert "book.toml" in error.where


def test_a_missing_book_and_a_folder_without_book_toml(tmp_path):
    assert "no book" in str(refused(tmp_path / "nowhere")).lower()
    assert "book.toml" in str(refused(tmp_path))
