"""The workbook: live formulas that give the report's classes, and text that never becomes a
formula.
"""

from __future__ import annotations

import re
import shutil
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pytest
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from kamlib.book import BookSettings, SegmentationSettings
from kamlib.tables import shaped
from kamlib.workbook import write_workbook
from kamlib.workbook.blocks import Cells, Sheet
from kamlib.workbook.cells import formats_of

from . import office
from .payloads import TEXTS
from .segmentation import account_classes

AS_OF = pd.Timestamp("2025-12-31")
BOOK = BookSettings(title="=1+1 & Sons", currency="EUR", locale="en")


def orders(account, amounts, cost=0.5):
    """Rows of an account: one amount per month, the last for December 2025; None is a month without
    a row.
    """
    months = pd.date_range(end=AS_OF, periods=len(amounts), freq="ME").as_unit("us")
    frame = pd.DataFrame({"account_id": account, "month": months, "revenue": amounts}).dropna()
    return frame.assign(cost=frame["revenue"] * cost, order_count=1, order_day_count=1)


@pytest.fixture(scope="module")
def tables():
    """Whale, ties at a limit, a seasonal buyer, a newcomer, credit notes, and no orders at all."""
    months = pd.concat(
        [
            orders("whale", [100.0] * 24),
            orders("tie1", [None] * 12 + [20.0, 30.0] * 6),
            orders("tie2", [None] * 12 + [25.0] * 12, cost=0.9),
            orders("seasonal", [0.0, 0.0, 60.0] * 8),
            orders("steady newcomer", [None] * 20 + [10.0] * 4),
            orders("two orders", [None] * 12 + [5.0, None, None, None, 5.0] + [None] * 7),
            orders("credit", [None] * 12 + [10.0, -30.0] + [None] * 10),
            orders("fraction", [None] * 12 + [0.1] * 12),
        ],
        ignore_index=True,
    )
    names = [
        "whale",
        "tie1",
        "tie2",
        "seasonal",
        "steady newcomer",
        "two orders",
        "credit",
        "fraction",
        "silent",
    ]
    accounts = pd.DataFrame(
        {"account_id": names, "name": [n.title() for n in names], "manager_name": "Ines Costa"}
    )
    accounts["cost_to_serve"] = float("nan")
    classes = account_classes(months, accounts, as_of=AS_OF)
    scores = pd.DataFrame(
        [
            (account, criterion, weight, score)
            for account, values in {
                "whale": (9, 2),
                "tie1": (5, 8),
                "tie2": (None, 7),
                "silent": (None, None),
            }.items()
            for (criterion, weight), score in zip(
                (("growth", 0.7), ("=margin", 0.3)), values, strict=True
            )
        ],
        columns=["account_id", "criterion", "weight", "score"],
    )
    ranked = pd.DataFrame(
        {
            "account_id": ["tie2", "whale", "tie1", "silent"],
            "name": ["Tie2", "Whale", "Tie1", "Silent"],
            "score": [7.0, 6.9, 5.9, None],
            "rank": pd.array([1, 2, 3, None], dtype="Int64"),
        }
    )
    status = pd.DataFrame(
        {"account_id": names, "status": "active", "silence_days": 3.0, "revenue": 1.5}
    )
    return {
        "account_classes": classes,
        "account_months": months,
        "criterion_scores": scores,
        "account_scores": ranked,
        "account_status": status,
        "win_back": status.head(0),
    }


@pytest.fixture(scope="module")
def written(tables, tmp_path_factory):
    return write_workbook(
        tables,
        tmp_path_factory.mktemp("book") / "workbook.xlsx",
        book=BOOK,
        as_of=AS_OF,
        period="2025",
    )


@pytest.fixture(scope="module")
def recalculated(written, hostile, tmp_path_factory):
    """What LibreOffice calculates, from workbooks without any calculated value: as it was written,
    with other limits, with other weights, and of hostile texts.
    """
    folder = tmp_path_factory.mktemp("recalculated")
    bare = openpyxl.load_workbook(written)
    bare.save(folder / "bare.xlsx")
    changed = openpyxl.load_workbook(written)
    limits = {row[0].value: row[1] for row in changed["Limits"].iter_rows(min_row=3)}
    limits["A while the share before the account is below"].value = 0.3
    limits["X (even): coefficient of variation, at most"].value = 0.1
    changed.save(folder / "changed.xlsx")
    weights = openpyxl.load_workbook(written)
    weights["Scoring"]["E2"].value, weights["Scoring"]["F2"].value = 0.2, 0.2
    weights.save(folder / "weights.xlsx")
    shutil.copy(hostile, folder / "hostile.xlsx")
    names = ("bare", "changed", "weights", "hostile")
    values = openpyxl.load_workbook(folder / "bare.xlsx", data_only=True)
    assert {value for pair in classes_of(values).values() for value in pair} == {None}
    files = [folder / f"{name}.xlsx" for name in names]
    made = office.converted("xlsx:Calc MS Excel 2007 XML", folder / "out", *files)
    return {
        name: openpyxl.load_workbook(file, data_only=True)
        for name, file in zip(names, made, strict=True)
    }


def rows(book, sheet, top=1):
    """Rows of a sheet as dicts, empty cells and empty texts as None."""
    values = list(book[sheet].iter_rows(min_row=top, values_only=True))
    heads = values[0]
    return [
        dict(zip(heads, (None if v == "" else v for v in row), strict=True)) for row in values[1:]
    ]


def classes_of(book):
    return {
        row["Account"]: (
            row["ABC revenue"],
            row["ABC margin"],
            row["XYZ frequency"],
            row["XYZ variability"],
        )
        for row in rows(book, "Accounts")
    }


def expected(classes):
    columns = ["abc_revenue", "abc_margin", "xyz_frequency", "xyz_variability"]
    frame = classes.astype(dict.fromkeys(columns, object))
    frame[columns] = frame[columns].where(frame[columns].notna(), None)
    return {
        row["account_id"]: tuple(row[column] for column in columns)
        for row in frame.to_dict("records")
    }


def test_the_written_values_are_the_reports(tables, written):
    assert classes_of(openpyxl.load_workbook(written, data_only=True)) == expected(
        tables["account_classes"]
    )


def test_libreoffice_calculates_the_reports_classes(tables, recalculated):
    book = recalculated["bare"]
    assert classes_of(book) == expected(tables["account_classes"])
    cv = {row["Account"]: row["CV"] for row in rows(book, "Accounts")}
    for row in tables["account_classes"].itertuples():
        assert (cv[row.account_id] is None) == pd.isna(row.cv)
        assert pd.isna(row.cv) or cv[row.account_id] == pytest.approx(row.cv, abs=1e-8)


def test_the_example_covers_the_edges(tables):
    found = expected(tables["account_classes"])
    assert found["tie1"][0] == found["tie2"][0]
    assert found["credit"][0] is None and found["silent"] == (None, None, None, None)
    assert found["steady newcomer"][2:] == ("N", "N")
    assert {pair[0] for pair in found.values()} >= {"A", "B", "C"}


def test_a_changed_limit_moves_classes(tables, recalculated):
    months, accounts = (
        tables["account_months"],
        tables["account_classes"][["account_id", "name", "manager_name"]].copy(),
    )
    accounts["cost_to_serve"] = float("nan")
    limits = SegmentationSettings(abc=(0.3, 0.95), xyz_variability=(0.1, 1.0))
    same = account_classes(months, accounts, as_of=AS_OF, segmentation=limits)
    found = classes_of(recalculated["changed"])
    assert found == expected(same)
    assert found != expected(tables["account_classes"])


def test_the_matrix_counts_every_classed_account(tables, recalculated):
    sheet = recalculated["bare"]["Matrix"]
    classes = tables["account_classes"].dropna(subset=["abc_revenue", "xyz_frequency"])
    counts = [
        cell
        for row in sheet.iter_rows(min_row=3, max_row=5, min_col=2, max_col=5, values_only=True)
        for cell in row
    ]
    sums = [
        cell
        for row in sheet.iter_rows(min_row=3, max_row=5, min_col=8, max_col=11, values_only=True)
        for cell in row
    ]
    assert sum(counts) == len(classes) > 0
    assert sum(sums) == pytest.approx(classes["revenue"].sum())


def test_scores_follow_the_weights(recalculated):
    found = {
        row["Account"]: (row["Score"], row["Rank"])
        for row in rows(recalculated["weights"], "Scoring", top=4)
    }
    assert found == {"whale": (5.5, 3), "tie1": (6.5, 2), "tie2": (7, 1), "silent": (None, None)}


def test_the_same_tables_give_the_same_bytes(tables, written, tmp_path):
    again = write_workbook(
        tables, tmp_path / "workbook.xlsx", book=BOOK, as_of=AS_OF, period="2025"
    )
    assert again.read_bytes() == written.read_bytes()


def test_sheets_have_tables_filters_and_frozen_headings(written):
    book = openpyxl.load_workbook(written)
    named = {name: sheet for sheet in book for name in sheet.tables}
    assert set(named) == {"accounts", "scoring", "retention"}
    assert all(
        sheet.freeze_panes and sheet.tables[name].autoFilter is not None
        for name, sheet in named.items()
    )
    assert "Win-back" not in book.sheetnames  # it has no rows


def test_every_list_prints_across_with_its_headings_and_the_first_sheet_lists_all(written):
    book = openpyxl.load_workbook(written)
    for sheet in book:
        assert sheet.page_setup.orientation == "landscape" and sheet.page_setup.fitToHeight in (
            0,
            None,
        )
    assert book["Retention"].print_title_rows == "$3:$3"
    listed = [cell.value for (cell,) in book["Read me"]["A10:A30"] if cell.value]
    assert listed == book.sheetnames[1:]


def test_formulas_are_old_enough_for_every_program(written):
    formulas = "".join(
        part
        for name in zipfile.ZipFile(written).namelist()
        if name.startswith("xl/worksheets/")
        for part in re.findall(r"<f>(.*?)</f>", zipfile.ZipFile(written).read(name).decode())
    )
    used = set(re.findall(r"([A-Z][A-Z0-9.]+)\(", formulas))
    assert {"SUMPRODUCT", "STDEV.S", "COUNTIFS", "SUMIFS", "RANK"} <= used
    assert not used & {"XLOOKUP", "FILTER", "LET", "SORT", "UNIQUE", "INDIRECT", "HYPERLINK"}


@pytest.fixture(scope="module")
def hostile(tables, tmp_path_factory):
    """A workbook whose every text is a payload."""
    count = len(TEXTS)
    text = pd.Series(TEXTS, dtype="str")
    classes = pd.concat([tables["account_classes"].head(1)] * count, ignore_index=True)
    classes = classes.assign(account_id=text, name=text, manager_name=text)
    status = pd.DataFrame({"account_id": text, "name": text, "status": text, "revenue": 1.0})
    scores = pd.DataFrame(
        {"account_id": text, "criterion": text[::-1].to_numpy(), "weight": 0.5, "score": 5.0}
    )
    ranked = pd.DataFrame({"account_id": text, "name": text, "score": 5.0, "rank": 1})
    given = {
        "account_classes": classes,
        "account_months": tables["account_months"],
        "account_status": status,
        "criterion_scores": scores,
        "account_scores": ranked,
        "win_back": status,
        "key_figures": status,
    }
    path = tmp_path_factory.mktemp("hostile") / "workbook.xlsx"
    return write_workbook(given, path, book=BOOK, as_of=AS_OF, period="=1+1")


def test_payloads_reopen_as_plain_text(hostile):
    book = openpyxl.load_workbook(hostile)
    written = [text.replace("\r", "\n") for text in TEXTS]
    for sheet, column in (
        ("Accounts", 1),
        ("Accounts", 2),
        ("Accounts", 3),
        ("Retention", 1),
        ("Retention", 3),
        ("Win-back", 2),
    ):
        cells = [book[sheet].cell(row, column) for row in range(1, book[sheet].max_row + 1)]
        found = [cell for cell in cells if cell.value is not None][-len(TEXTS) :]
        assert [
            str(cell.value).replace("_x000D_", "\n").replace("\r", "\n") for cell in found
        ] == written
        assert {cell.data_type for cell in found} == {"s"}
        assert not any(cell.hyperlink for cell in found)
    assert book["Read me"]["A1"].value == "=1+1 & Sons" and book["Read me"]["A1"].data_type == "s"


def test_no_part_of_the_file_is_a_link_or_a_foreign_formula(hostile):
    archive = zipfile.ZipFile(hostile)
    for name in archive.namelist():
        content = archive.read(name).decode()
        links = re.findall(r"<hyperlink [^>]*>", content)
        assert all('location="' in link and "r:id" not in link for link in links), name
        assert not links or name == "xl/worksheets/sheet1.xml", name  # the list of sheets
        assert 'TargetMode="External"' not in content, name
        for formula in re.findall(r"<f>(.*?)</f>", content):
            assert not re.search(r"HYPERLINK|WEBSERVICE|cmd|A1:A9|evil", formula), formula


def test_libreoffice_reads_payloads_as_text(recalculated):
    book = recalculated["hostile"]
    found = [row["Account"] for row in rows(book, "Retention", top=3)]
    assert [text for text in found if str(text).startswith(("=", "+", "@", "http", "mailto"))] == [
        text for text in TEXTS if text.startswith(("=", "+", "@", "http", "mailto"))
    ]
    assert book["Read me"]["A1"].value == "=1+1 & Sons"


def test_long_texts_fit_and_nothing_is_a_number(tmp_path):
    status = pd.DataFrame(
        {"account_id": pd.Series(["x" * 40_000, "00123", "\ud800"], dtype="object"), "revenue": 1.0}
    )
    path = write_workbook({"account_status": status}, tmp_path / "w.xlsx", book=BOOK, as_of=AS_OF)
    found = [row["Account"] for row in rows(openpyxl.load_workbook(path), "Retention", top=3)]
    assert [len(found[0]), found[1], found[2]] == [32_767, "00123", "?"]


def test_an_empty_book_gives_a_workbook(tmp_path):
    empty = pd.DataFrame({"account_id": pd.Series(dtype="str"), "status": pd.Series(dtype="str")})
    path = write_workbook({"account_status": empty}, tmp_path / "w.xlsx", book=BOOK, as_of=AS_OF)
    assert openpyxl.load_workbook(path).sheetnames == ["Read me"]


def test_of_a_long_list_the_first_rows_are_printed_and_the_foot_says_so(tmp_path):
    status = pd.DataFrame({"account_id": [f"A{n}" for n in range(1234)], "status": "active"})
    path = write_workbook({"account_status": status}, tmp_path / "w.xlsx", book=BOOK, as_of=AS_OF)
    sheet = openpyxl.load_workbook(path)["Retention"]
    assert sheet.print_area == "'Retention'!$A$1:$B$43"
    assert sheet.oddFooter.left.text == "&A: the first 40 of 1,234 rows"
    assert sheet.max_row == 1234 + 3


def test_what_belongs_to_a_list_stands_below_it_and_is_not_printed(tmp_path):
    of = {"dimension": "region", "group": ["North", "South"], "period_revenue": [7.0, 5.0]}
    crossed = {**of, "second_dimension": "channel", "second_group": "web"}
    two = pd.DataFrame(crossed)[
        ["dimension", "group", "second_dimension", "second_group", "period_revenue"]
    ]
    own = {"revenue_by": pd.DataFrame(of), "revenue_by_two": two}
    path = write_workbook(own, tmp_path / "w.xlsx", book=BOOK, as_of=AS_OF)
    sheet = openpyxl.load_workbook(path)["Revenue by"]
    assert dict(sheet.tables.items()) == {
        "revenue_by": "A3:C5",
        "revenue_by_two": "A9:E11",
    }
    assert [cell.value for cell in sheet[10]] == ["region", "North", "channel", "web", 7]
    assert sheet.print_area == "'Revenue by'!$A$1:$C$5"
    assert sheet["A2"].value == "Below: two dimensions crossed" and sheet["A2"].hyperlink


def test_the_samples_workbook_prints_on_at_most_15_pages(sample_report, tmp_path):
    files = [sample_report.folder / name for name in ("workbook.xlsx", "details.xlsx")]
    for file in office.converted("pdf", tmp_path, *files):
        assert 5 <= len(re.findall(rb"/Type ?/Page\b", file.read_bytes())) <= 15, file


def test_a_block_of_rows_holds_what_cells_written_one_by_one_would(tmp_path):
    """Figures, days, texts that look like formulas, long ones, gaps: values, formats, formulas."""
    day = pd.Timestamp("2025-09-30")
    values = [1.5, 1e-7, 1e15, "=1+1", "<a & b>", "x" * 40, "", None, np.nan, pd.NaT, day, True, 7]
    values += [np.float64(0.1) + 0.2, " spaced ", "a\nb", "ü😀", float("inf"), -0.0, pd.NA, "=1+1"]
    column = pd.Series(values, dtype="object")
    formulas = [f'=IF(A{at}<"b&",A{at},"")' for at in range(3, len(values) + 3)]
    results = [value if isinstance(value, str | float) else None for value in values]
    path = tmp_path / "blocks.xlsx"
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False}) as workbook:
        formats = formats_of(workbook)
        sheet = workbook.add_worksheet("A", worksheet_class=Sheet)
        cells = Cells(sheet, formats)
        sheet.write_string(0, 0, "head")
        texts = cells.values(column.map(str), "text")
        blocks = [cells.values(column, "number"), cells.formulas(formulas, results, "share"), texts]
        sheet.put_rows(2, blocks)
        sheet.write_string(30, 1, "between")
        sheet.put_rows(40, [cells.values(pd.Series([1, 2]), ["money", "share"])])
        sheet.write_string(50, 0, "foot")
    found = openpyxl.load_workbook(path)["A"]
    shown = openpyxl.load_workbook(path, data_only=True)["A"]
    for row, (value, formula, result) in enumerate(
        zip(values, formulas, results, strict=True), start=3
    ):
        first, second, third = (found.cell(row, place) for place in (1, 2, 3))
        is_gone = pd.isna(value) or value == float("inf")
        known = None if is_gone else value
        assert first.value == (pytest.approx(known) if isinstance(known, float) else known)
        assert second.value == formula
        told = None if result is None or is_gone or result == "" else result
        assert shown.cell(row, 2).value == (told if isinstance(told, str) else pytest.approx(told))
        assert (third.value or "") == str(value) and third.data_type == "s"
        assert second.number_format == "0.0%"
    assert found["A13"].number_format == "yyyy-mm-dd" and found["C6"].quotePrefix
    assert found["C8"].alignment.wrap_text and not found["C7"].alignment.wrap_text
    assert [found[at].value for at in ("A1", "B31", "A51")] == ["head", "between", "foot"]
    assert [found[at].value for at in ("A41", "A42")] == [1, 2]
    assert [found[at].number_format for at in ("A41", "A42")] == ["#,##0.00", "0.0%"]
    with zipfile.ZipFile(path) as parts:
        told = parts.read("xl/sharedStrings.xml").decode()
        used = parts.read("xl/worksheets/sheet1.xml").decode().count(' t="s"')
    assert f'count="{used}"' in told


def test_a_long_list_is_not_written_cell_by_cell(tmp_path, monkeypatch):
    written: list[int] = []
    real = Worksheet._write_cell

    def noted(sheet, row, column, cell):
        written.append(row)
        return real(sheet, row, column, cell)

    monkeypatch.setattr(Worksheet, "_write_cell", noted)
    counts = []
    for many in (100, 1000):
        written.clear()
        ids = [f"A{n}" for n in range(many)]
        status = shaped("account_status", {"account_id": ids, "status": "lost"})
        path = tmp_path / f"{many}.xlsx"
        write_workbook({"account_status": status}, path, book=BOOK, as_of=AS_OF)
        counts.append(len(written))
    assert counts[0] == counts[1] > 0
