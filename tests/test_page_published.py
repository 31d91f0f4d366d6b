"""Tables as data, names of pages, amounts as people read them."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pandas as pd
import pytest

import kamlib as kam
from kamlib import page, words
from kamlib.errors import KamError
from kamlib.page import export
from kamlib.page.export import csv_text, restored
from kamlib.page.names import page_name
from kamlib.words.amounts import GAP, Wording

from .browser import made
from .payloads import IDS, TEXTS

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample"

# Published tables


@pytest.mark.parametrize("text", TEXTS)
def test_no_csv_cell_is_a_formula_and_every_text_can_be_restored(text):
    cell = next(csv.reader(io.StringIO(csv_text(pd.DataFrame({"t": [text]})).split("\n", 1)[1])))[0]
    assert not re.match(r"\s*[=+\-@\t\r\n＝＋－＠]", cell)
    assert restored(cell) == text


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
    assert csv_text(frame) == (
        "account_id,revenue,revenue_share,order_count,month,is_key\n"
        "00123,0.3,0.333333333333,1,2025-01-31,true\n"
        "NA,-5,0.5,2,,false\n"
        ",,,3,2025-02-28,true\n"
    )


def test_money_never_shows_an_exponent():
    text = csv_text(pd.DataFrame({"revenue": [1e-6, 1e15, 123456789.123456]}))
    assert text == "revenue\n0.000001\n1000000000000000\n123456789.123456\n"


def test_publishing_writes_csv_in_a_report_run_only(tmp_path, monkeypatch):
    frame = pd.DataFrame(
        {"account_id": pd.Series(["00123", "NA"], dtype="str"), "revenue": [1.5, 2.0]}
    )
    page.publish(frame, "sales")
    assert not list(tmp_path.iterdir())
    monkeypatch.setenv("KAM_TABLES", str(tmp_path / "tables"))
    page.publish(frame, "sales")
    page.publish(frame, "sales")
    assert (
        tmp_path / "tables" / "sales.csv"
    ).read_bytes() == b"account_id,revenue\n00123,1.5\nNA,2\n"
    with pytest.raises(KamError, match="Two different tables"):
        page.publish(frame.head(1), "sales")


def test_a_table_that_several_charts_show_is_written_once(tmp_path, monkeypatch):
    q = kam.open_period(SAMPLE, "2025-Q3")
    written = []
    text = export.csv_text
    monkeypatch.setattr(export, "csv_text", lambda table: (written.append(1), text(table))[1])
    for folder in ("one", "other"):
        monkeypatch.setenv("KAM_TABLES", str(tmp_path / folder))
        for _ in range(3):
            page.publish(q.admission_line)
        assert (tmp_path / folder / "admission_line.csv").is_file()
    assert len(written) == 2


@pytest.mark.parametrize("name", ["../x", "A", "", "a b", "a.csv", "x" * 99, "a/b", "1a"])
def test_a_table_name_is_a_plain_word(name, tmp_path, monkeypatch):
    monkeypatch.setenv("KAM_TABLES", str(tmp_path))
    with pytest.raises(KamError):
        page.publish(pd.DataFrame({"a": [1]}), name)
    assert list(tmp_path.iterdir()) == []


# Names of pages


def test_hostile_ids_have_harmless_names_of_their_own():
    names = page_name(IDS)
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
    assert page_name(reversed(IDS)) == dict(page_name(IDS))


def test_an_id_that_looks_like_another_ids_name_keeps_its_own_page():
    taken = page_name(["a b"])["a b"]
    names = page_name(["a b", taken])
    assert names[taken] == taken and names["a b"] != taken


# Amounts


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1_240_312, "€ 1.24 m"),
        (412_000, "€ 412 k"),
        (999.5, "€ 1.00 k"),
        (999.4, "€ 999"),
        (0, "€ 0"),
        (-12, "−€ 12"),
        (12.5, "€ 12.5"),
        (1e9, "€ 1.00 bn"),
        (1e15, "€ 1,000,000 bn"),
        (-0.001, "€ 0.00"),
        (float("nan"), "n/a"),
        (None, "n/a"),
        (float("inf"), "n/a"),
        (pd.NA, "n/a"),
        (99_950, "€ 100 k"),
        (999_999_999, "€ 1.00 bn"),
    ],
)
def test_money_has_the_digits_it_needs(value, shown):
    assert words.money(value, Wording("€")).replace(GAP, " ") == shown


@pytest.mark.parametrize(
    ("locale", "written"),
    [
        ("en", "1,234,567 0.5"),
        ("de", "1.234.567 0,5"),
        ("de-DE", "1.234.567 0,5"),
        ("de_AT", "1.234.567 0,5"),
        ("nl", "1.234.567 0,5"),
        ("es", "1.234.567 0,5"),
        ("it", "1.234.567 0,5"),
        ("da", "1.234.567 0,5"),
        ("pt_BR", "1.234.567 0,5"),
        ("id", "1.234.567 0,5"),
        ("tr", "1.234.567 0,5"),
        ("el", "1.234.567 0,5"),
        ("de_CH", "1’234’567 0.5"),
        ("fr", "1\u202f234\u202f567 0,5"),
        ("pl", "1\xa0234\xa0567 0,5"),
        ("cs", "1\xa0234\xa0567 0,5"),
        ("sv", "1\xa0234\xa0567 0,5"),
        ("nb", "1\xa0234\xa0567 0,5"),
        ("fi", "1\xa0234\xa0567 0,5"),
        ("uk", "1\xa0234\xa0567 0,5"),
        ("en_ZA", "1\xa0234\xa0567 0,5"),
        ("de_ZZ", "1.234.567 0,5"),
        ("fr_FR.UTF-8", "1\u202f234\u202f567 0,5"),
        ("ar_EG", "1,234,567 0.5"),
        ("klingon", "1,234,567 0.5"),
        ("", "1,234,567 0.5"),
        ("../x", "1,234,567 0.5"),
    ],
)
def test_separators_are_the_locales_and_english_where_nobody_knows_it(locale, written):
    book = made.SimpleNamespace(currency="EUR", locale=locale)
    assert f"{words.number(1234567, book)} {words.number(0.5, book)}" == written


@pytest.mark.parametrize(
    ("currency", "locale", "sign"),
    [
        ("EUR", "de", "€"),
        ("USD", "en", "$"),
        ("GBP", "en", "£"),
        ("JPY", "ja", "¥"),
        ("CAD", "en_CA", "CA$"),
        ("BRL", "pt", "R$"),
        ("INR", "en_IN", "₹"),
        ("eur", "en", "€"),
        ("CHF", "de_CH", "CHF"),
        ("PLN", "pl", "zł"),
        ("PLN", "en", "PLN"),
        ("TRY", "tr", "₺"),
        ("SEK", "sv", "kr"),
        ("AED", "ar_AE", "AED"),
        ("points", "en", "points"),
    ],
)
def test_a_currency_has_the_sign_its_readers_know(currency, locale, sign):
    book = made.SimpleNamespace(currency=currency, locale=locale)
    assert words.money(950, book) == f"{sign}{GAP}950"


def test_amounts_of_any_size_are_written():
    assert words.number(1e300).startswith("1,000,000") and words.money(1e300).endswith("bn")
    assert words.number(-5e-324) == "0" and words.share(1e40).endswith("%")


def test_separators_follow_the_locale():
    german = made.SimpleNamespace(currency="EUR", locale="de-DE")
    swiss = made.SimpleNamespace(currency="CHF", locale="de_CH")
    assert words.number(1234.5, german) == "1.235"
    assert words.number(999.25, german) == "999,25"
    assert words.share(0.1234, german).replace(GAP, " ") == "12,3 %"
    assert words.money(1_234_000, swiss).replace(GAP, " ") == "CHF 1.23 m"
