"""Tables as data, names of pages, amounts as people read them."""

from __future__ import annotations

import csv
import io
import re

import pandas as pd
import pytest

from kamlib import page
from kamlib.errors import KamError
from kamlib.words.amounts import GAP, Wording

from .browser import made
from .payloads import IDS, TEXTS

# Published tables


@pytest.mark.parametrize("text", TEXTS)
def test_no_csv_cell_is_a_formula_and_every_text_can_be_restored(text):
    cell = next(
        csv.reader(io.StringIO(page.csv_text(pd.DataFrame({"t": [text]})).split("\n", 1)[1]))
    )[0]
    assert not re.match(r"\s*[=+\-@\t\r\n＝＋－＠]", cell)
    assert page.restored(cell) == text


def test_csv_is_plain_exact_and_the_same_on_every_machine():
    frame = pd.DataFrame(
        {
            "account_id": pd.Series(["00123", "NA", None], dtype="str"),
            "revenue": [0.1 + 0.2, -5.0, float("nan")],
            "revenue_share": [1 / 3, 0.5, float("nan")],
            "order_count": [1, 2, 3],
            "month": pd.to_datetime(["2025-01-31", None, "2025-02-28"]),
            "is_key": [True, False, True],
        }
    )
    assert page.csv_text(frame) == (
        "account_id,revenue,revenue_share,order_count,month,is_key\n"
        "00123,0.3,0.333333333333,1,2025-01-31,true\n"
        "NA,-5,0.5,2,,false\n"
        ",,,3,2025-02-28,true\n"
    )


def test_money_never_shows_an_exponent():
    text = page.csv_text(pd.DataFrame({"revenue": [1e-6, 1e15, 123456789.123456]}))
    assert text == "revenue\n0.000001\n1000000000000000\n123456789.123456\n"


def test_publishing_writes_csv_and_a_typed_copy(tmp_path, monkeypatch):
    frame = pd.DataFrame(
        {"account_id": pd.Series(["00123", "NA"], dtype="str"), "revenue": [1.5, 2.0]}
    )
    page.publish(made.data_of(), frame, "sales")
    assert page.published("sales") is None and not list(tmp_path.iterdir())
    monkeypatch.setenv("KAM_TABLES", str(tmp_path / "tables"))
    monkeypatch.setenv("KAM_TYPED", str(tmp_path / "typed"))
    page.publish(made.data_of(), frame, "sales")
    page.publish(made.data_of(), frame, "sales")
    assert (
        tmp_path / "tables" / "sales.csv"
    ).read_bytes() == b"account_id,revenue\n00123,1.5\nNA,2\n"
    pd.testing.assert_frame_equal(page.published("sales"), frame)
    with pytest.raises(KamError, match="Two different tables"):
        page.publish(made.data_of(), frame.head(1), "sales")


@pytest.mark.parametrize("name", ["../x", "A", "", "a b", "a.csv", "x" * 99, "a/b", "1a"])
def test_a_table_name_is_a_plain_word(name, tmp_path, monkeypatch):
    monkeypatch.setenv("KAM_TABLES", str(tmp_path))
    with pytest.raises(KamError):
        page.publish(made.data_of(), pd.DataFrame({"a": [1]}), name)
    assert list(tmp_path.iterdir()) == []


# Names of pages


def test_hostile_ids_have_harmless_names_of_their_own():
    names = page.page_name(IDS)
    assert list(names) == list(dict.fromkeys(IDS))
    assert len({name.lower() for name in names.values()}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name) for name in names.values())
    assert not {name.lower() for name in names.values()} & {
        "con",
        "nul",
        "aux",
        "prn",
        "lpt1",
        "com9",
    }
    assert names["x" * 64] == "x" * 64 and names["a-b"] == "a-b"
    assert names["ACME"] != "ACME" and names["K"] != names["k"]


def test_names_do_not_depend_on_the_order_of_ids():
    assert page.page_name(reversed(IDS)) == dict(page.page_name(IDS))


def test_an_id_that_looks_like_another_ids_name_keeps_its_own_page():
    taken = page.page_name(["a b"])["a b"]
    names = page.page_name(["a b", taken])
    assert names[taken] == taken and names["a b"] != taken


# Amounts


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1_240_312, "€ 1.24 m"), (412_000, "€ 412 k"), (999.5, "€ 1.00 k"), (999.4, "€ 999"), (0, "€ 0"), (-12, "−€ 12"),
        (12.5, "€ 12.5"), (1e9, "€ 1.00 bn"), (1e15, "€ 1,000,000 bn"), (-0.001, "€ 0.00"), (float("nan"), "n/a"),
        (None, "n/a"), (float("inf"), "n/a"), (pd.NA, "n/a"), (99_950, "€ 100 k"), (999_999_999, "€ 1.00 bn"),
    ],
)  # fmt: skip
def test_money_has_the_digits_it_needs(value, shown):
    assert page.money(value, Wording("€")).replace(GAP, " ") == shown


def test_separators_follow_the_locale():
    german = made.SimpleNamespace(currency="EUR", locale="de-DE")
    swiss = made.SimpleNamespace(currency="CHF", locale="de_CH")
    assert page.number(1234.5, german) == "1.235"
    assert page.number(999.25, german) == "999,25"
    assert page.share(0.1234, german).replace(GAP, " ") == "12,3 %"
    assert page.money(1_234_000, swiss).replace(GAP, " ") == "CHF 1.23 m"
