"""kam new on exports as programs write them: what counts, in which unit, and what is asked."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from kamlib.errors import KamError

from .test_start import made, read, table

DAYS = [dt.date(2023, 1, 10) + dt.timedelta(days=31 * n) for n in range(20)]
PRICES = [Decimal(100_000 + 137 * n) / 100 for n in range(20)]
SUM = sum(PRICES)
HEAD = "Order No,Customer No,Order Date,Net Value"
ROWS = [f"{n},K{n % 5},{DAYS[n]},{PRICES[n]}" for n in range(20)]


def german(price: Decimal) -> str:
    return f"{price:,.2f}".replace(",", "_").replace(".", ",").replace("_", ".")


def rows(text: str) -> list[str]:
    """Fill in a row for each day: n, k (a customer's number), d (the day), p (the amount)."""
    return [text.format(n=n, k=n % 5, d=DAYS[n], p=PRICES[n], g=german(PRICES[n]))
            for n in range(20)]  # fmt: skip


def days(write) -> dict[str, str]:
    """Return an export whose days are written in one way."""
    return {"o.csv": table(HEAD, [f"{n},K{n % 5},{write(d)},{PRICES[n]}"
                                  for n, d in enumerate(DAYS)])}  # fmt: skip


def seconds(day: dt.date) -> int:
    return int(dt.datetime.combine(day, dt.time(12), dt.UTC).timestamp())


def sheets(path: Path) -> bytes:
    frame = pd.DataFrame([row.split(",") for row in ROWS], columns=HEAD.split(","))
    with pd.ExcelWriter(path) as writer:
        pd.DataFrame([["Report"], ["of IT"]]).to_excel(
            writer, sheet_name="Read me", index=False, header=False
        )
        for name, part in (("Jan", frame[:8]), ("Feb", frame[8:])):
            part.to_excel(writer, sheet_name=name, index=False)
        pd.DataFrame({"Month": ["Jan"], "Sum": [1]}).to_excel(writer, sheet_name="Sum", index=False)
    return path.read_bytes()


def grouped(n: int) -> list[str]:
    """A customer's lines below its name, its total below them."""
    own = [f",{d:%m/%d/%Y},{m},{PRICES[m]}" for m, d in enumerate(DAYS) if m % 5 == n]
    return [f"Company {n},,,", *own, f"Total for Company {n},,,{sum(PRICES[n::5])}"]


FRENCH = [
    *("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov."),
    "déc.",
]
STATES = ["offen", "storniert", "geliefert", "Angebot"]
COUNTED = {
    "a status of no sale": (
        {"auftraege.csv": table("Auftragsnr;Kundennr;Datum;Status;Nettobetrag", [
            f"{n};K{n % 5};{d:%d.%m.%Y};{STATES[n % 4]};{german(PRICES[n])}"
            for n, d in enumerate(DAYS)])},
        {}, sum(PRICES[0::2]), "no sale is 'Angebot' and 'storniert'"),
    "a pipeline": (
        {"report.csv": table('"Account Name","Order No","Stage","Amount","Close Date"', [
            f'"Firm {n % 5}","{n}","{["Closed Won", "Negotiation"][n % 2]}","{PRICES[n]}","{d}"'
            for n, d in enumerate(DAYS)]) + '"Confidential Information - Do Not Distribute"\n'},
        {}, sum(PRICES[0::2]), "counted is 'Closed Won', not 'Negotiation'"),
    "a status in the first line of an order": (
        {"orders_export_1.csv": table(
            "Name,Email,Financial Status,Currency,Total,Created at,Lineitem quantity,"
            "Lineitem name,Lineitem price",
            [line for n, d in enumerate(DAYS) for line in (
                f"#{n},b{n % 4}@x.org,{['paid', 'voided'][n % 2]},EUR,30,{d} 10:00:00 +0100,1,A,10",
                f"#{n},b{n % 4}@x.org,,,,{d} 10:00:00 +0100,2,B,10")])},
        {}, Decimal(300), "voided or refunded"),
    "credit notes without a sign": (
        {"invoices.csv": table("Invoice No,Document Type,Customer No,Invoice Date,Net Amount", [
            *rows("{n},Invoice,K{k},{d},{p}")[:19],
            f"19,Credit Note,K4,{DAYS[19]},{PRICES[19]}"])},
        {}, SUM - 2 * PRICES[19], "money given back"),
    "credit notes with their sign": (
        {"invoices.csv": table("Invoice No,Document Type,Customer No,Invoice Date,Net Amount", [
            *rows("{n},Invoice,K{k},{d},{p}")[:19],
            f"19,Credit Note,K4,{DAYS[19]},-{PRICES[19]}"])},
        {}, SUM - 2 * PRICES[19], ""),
    "thousands": (
        {"o.csv": table("Auftrag;Kunde;Datum;Umsatz (TEUR)", rows("{n};K{k};{d:%d.%m.%Y};{g}"))},
        {}, 1000 * SUM, "multiplied by 1000"),
    "cents and seconds since 1970": (
        {"charges.csv": table("id,amount_cents,created,currency,customer", [
            f"ch_{n},{PRICES[n] * 100:.0f},{seconds(d)},eur,cus_{n % 5}"
            for n, d in enumerate(DAYS)])},
        {}, SUM, "multiplied by 0.01"),
    "a currency in the name": (
        {"o.csv": table("Rechnungsnr;Kundennr;Datum;Betrag CHF", rows(
            "{n};K{k};{d:%d.%m.%Y};{g}"))},
        {}, SUM, "CHF 20,260.30"),
    "a tax in the name": (
        {"o.csv": table("Invoice No,Customer,Date,Total incl. VAT", rows("{n},K{k},{d},{p}"))},
        {}, SUM, "holds the tax"),
    "files alike": (
        {f"{part}.csv": table(HEAD, ROWS[at : at + 7]) for part, at in
         (("jan", 0), ("feb", 7), ("mar", 14))},
        {}, SUM, "jan.csv and 2 more"),
    "sheets alike among others": (
        {"report.xlsx": sheets}, {}, SUM, "report.xlsx [Jan and Feb]"),
    "an order's total in each of its lines": (
        {"o.csv": table("Order Number,Customer,Order Date,Product,Qty,Order Total", [
            line for line in rows("{n},K{k},{d},P,1,{p}") for _ in range(3)])},
        {"total": "order"}, SUM, "counts once per order"),
    "an order's total beside prices": (
        {"o.csv": table("Order Number,Customer,Order Date,Product,Quantity,Price,Order Total", [
            f"{n},K{n % 5},{d},P{m},1,{m},{PRICES[n]}"
            for n, d in enumerate(DAYS) for m in (1, 2)])},
        {}, Decimal(60), "is the same in all lines"),
    "a total in the list of orders": (
        {"orders.csv": table("Order No,Customer No,Order Date,Order Total", rows(
            "{n},K{k},{d},999")),
         "order_items.csv": table("Order No,SKU,Qty,Unit Price", rows("{n},S,1,{p}")[5:])},
        {}, SUM - sum(PRICES[:5]), "5 of 20 orders of orders.csv have no line"),
    "a discount in percent": (
        {"o.csv": table("Order No,Customer,Order Date,Qty,Unit Price,Discount %", rows(
            "{n},K{k},{d},1,{p},10"))},
        {}, SUM * Decimal("0.9"), "multiplied by 0.01"),
    "a discount of money": (
        {"o.csv": table("Order No,Customer,Order Date,Qty,Unit Price,Discount", rows(
            "{n},K{k},{d},1,{p},10"))},
        {"discount": "amount"}, SUM - 200, "less 'Discount'"),
    "customers once per group": (
        {"detail.csv": table("Customer,Date,Num,Amount", [
            line for n in range(5) for line in grouped(n)])},
        {}, SUM, "a heading, not an order line (5), a total, not an order line (5)"),
    "orders once per group": (
        {"sale.csv": table("Order Reference,Order Date,Customer,Order Lines/Subtotal", [
            line for n in rows("{n},{d},K{k},{p}") for line in (n, ",,,1.00")])},
        {}, SUM + 20, "stands once per group"),
    "rows without a cell": (
        {"o.csv": table(HEAD, [line for row in ROWS for line in (row, ",,,")])},
        {}, SUM, "an empty row (20)"),
    "a list of SAP": (
        {"VA05.txt": ("Dynamische Listenausgabe\r\n\r\n" + "-" * 60 + "\r\n" + table(
            "|Verk.Beleg|Auftr.geb |Belegdatum|       Nettowert|Währg|",
            ["-" * 60, *rows("|{n:<10}|K{k:<9}|{d:%d.%m.%Y}|{g:>16}|EUR  |")[:19],
             f"|19        |K4        |{DAYS[19]:%d.%m.%Y}|{german(PRICES[19]):>15}-|EUR  |",
             "-" * 60])).encode("cp1252")},
        {}, SUM - 2 * PRICES[19], "'Verk.Beleg' (German name)"),
    "tables of SAP": (
        {"VBAK.csv": table("VBELN;AUDAT;KUNNR;NETWR;WAERK", rows("{n};{d:%Y%m%d};K{k};1;EUR")),
         "VBAP.csv": table("VBELN;POSNR;MATNR;NETWR", rows("{n};10;M;{p}"))},
        {}, SUM, "'NETWR' (German name)"),
    "months in French": (
        days(lambda d: f"{d.day} {FRENCH[d.month - 1]} {d.year}"), {}, SUM, "%d %b %Y"),
    "days in Chinese": (days(lambda d: f"{d.year}年{d.month}月{d.day}日"), {}, SUM, "%Y年%m月%d日"),
    "weeks": (days(lambda d: f"{d:%G-W%V}"), {}, SUM, "%G-W%V"),
    "days that a spreadsheet counts": (
        days(lambda d: (d - dt.date(1899, 12, 30)).days), {}, SUM, "date_format is excel"),
    "milliseconds since 1970": (days(lambda d: seconds(d) * 1000), {}, SUM, "unix"),
    "ids that lost their zeros": (
        {"customers.csv": table("Customer No,Customer Name", [f"{n:05d},F{n}" for n in range(5)]),
         "orders.csv": table(HEAD, rows("{n},{k},{d},{p}"))},
        {}, SUM, "took the zeros away"),
}  # fmt: skip


def test_customers_that_are_blank_here_and_there_are_unknown(tmp_path):
    blank = [row.replace(f"K{n % 5}", "") if n % 3 else row for n, row in enumerate(ROWS)]
    found = read(tmp_path, {"o.csv": table(HEAD, blank)})
    assert found["totals"]["revenue"] == pytest.approx(float(sum(PRICES[0::3])))
    assert found["tables"]["orders"]["set_aside"] == {"no account_id": 13}


@pytest.mark.parametrize("name", COUNTED)
def test_what_counts_is_counted_to_the_cent_and_told(tmp_path, name):
    files, given, revenue, said = COUNTED[name]
    written = {n: c(tmp_path / n) if callable(c) else c for n, c in files.items()}
    found = read(tmp_path, written, **given)
    assert found["totals"]["revenue"] == pytest.approx(float(revenue), abs=0.001)
    assert found["warnings"] == {}
    assert said in (tmp_path / "told.txt").read_text(encoding="utf-8")


def test_a_name_stands_for_the_rows_below_it_in_their_order(tmp_path):
    files = COUNTED["customers once per group"][0]
    book = made(tmp_path, files)
    from kamlib.period import open_period

    q = open_period(book, "2023-Q4")
    months = q.account_months.groupby("account_id")["revenue"].sum()
    for n in range(5):
        own = sum(p for m, p in enumerate(PRICES) if m % 5 == n and DAYS[m] < dt.date(2024, 1, 1))
        assert months[f"Company {n}"] == pytest.approx(float(own))


REFUSED = {
    "an order's total or a line's": (
        COUNTED["an order's total in each of its lines"][0], "--set total=order"),
    "a discount of either kind": (COUNTED["a discount of money"][0], "--set discount=percent"),
    "quarters": (days(lambda d: f"Q1 {d.year}"), "'Q1 2023' is a quarter"),
    "periods of a fiscal year": (days(lambda d: f"{d:%Y}/0{d:%m}"), "a period of a fiscal year"),
    "a customer twice": (
        {"customers.csv": table("Customer No,Customer Name", ["K1,A", "K1,B"]),
         "orders.csv": table(HEAD, ROWS)}, "customers.csv, row 2"),
    "choices with what is in them": (
        {"o.csv": table("A,B,C,D,E", [f"{n},x,{DAYS[n]},{n}.5,{n}.7" for n in range(20)])},
        "D ('0.5')"),
    "text with tabs and a mark, called .xls": (
        {"VA05.xls": table("a\tb", ["1\t2"]).encode("utf-16")}, "Rename it to VA05.tsv"),
    "JSON": ({"orders.json": "[]"}, "Export the table as CSV"),
    "an archive": ({"orders.zip": b"PK\x03\x04"}, "Unpack it"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_told_is_refused_with_what_to_do(tmp_path, name):
    files, said = REFUSED[name]
    with pytest.raises(KamError) as caught:
        made(tmp_path, files)
    assert said in str(caught.value)
