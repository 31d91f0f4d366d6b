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
ITALIAN = [
    *("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto"),
    *("settembre", "ottobre", "novembre", "dicembre"),
]
PORTUGUESE = [
    *("janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro"),
    *("outubro", "novembro", "dezembro"),
]
ARABIC = str.maketrans("0123456789.", "٠١٢٣٤٥٦٧٨٩٫")
WIDE = str.maketrans("0123456789/", "０１２３４５６７８９／")


def parts_of(n: int) -> list[str]:
    """Three lines of an order that add up to its price."""
    return [f"{n},K{n % 5},{DAYS[n]},P{m},{p}"
            for m, p in enumerate((PRICES[n] - 30, Decimal(10), Decimal(20)))]  # fmt: skip


def titled_sheets(path: Path) -> bytes:
    """A sheet per part of the rows, each below a title of its own, and a sheet of their sums."""
    with pd.ExcelWriter(path) as writer:
        pd.DataFrame({"Month": ["Jan"], "Sum": [1]}).to_excel(writer, sheet_name="Sum", index=False)
        for name, part in (("Jan", ROWS[:8]), ("Feb", ROWS[8:])):
            cells = [[f"Sales in {name}"], [], HEAD.split(","), *(row.split(",") for row in part)]
            pd.DataFrame(cells).to_excel(writer, sheet_name=name, index=False, header=False)
    return path.read_bytes()


def schemas(path: Path) -> bytes:
    """A DuckDB file whose tables do not stand in its usual schema."""
    import duckdb

    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA mart")
        names = ", ".join(f'"{name}" VARCHAR' for name in HEAD.split(","))
        connection.execute(f"CREATE TABLE mart.orders ({names})")
        rows_ = [row.split(",") for row in ROWS]
        connection.executemany("INSERT INTO mart.orders VALUES (?, ?, ?, ?)", rows_)
    return path.read_bytes()


def from_1904(path: Path) -> bytes:
    """Days as bare numbers in a workbook that counts them from 1904."""
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"date_1904": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEAD.split(","))
        for n, day in enumerate(DAYS):
            row = [n, f"K{n % 5}", (day - dt.date(1904, 1, 1)).days, float(PRICES[n])]
            sheet.write_row(n + 1, 0, row)
    return path.read_bytes()


STATES = ["offen", "storniert", "geliefert", "Angebot"]
COUNTED = {
    "a status of no sale": (
        {"auftraege.csv": table("Auftragsnr;Kundennr;Datum;Status;Nettobetrag", [
            f"{n};K{n % 5};{d:%d.%m.%Y};{STATES[n % 4]};{german(PRICES[n])}"
            for n, d in enumerate(DAYS)])},
        {}, sum(PRICES[0::2]), "no sale is 'Angebot' and 'storniert'"),
    "a reason of the status": (
        {"orders.csv": table("Order ID,Customer,Created On,Status Reason,Total Amount", [
            f"O{n},Firm {n % 5},{d},{'Canceled' if n % 4 == 1 else 'Invoiced'},{PRICES[n]}"
            for n, d in enumerate(DAYS)])},
        {}, SUM - sum(PRICES[1::4]), "no sale is 'Canceled'"),
    "Japanese names": (
        {"売上.csv": table("受注番号,受注日,得意先コード,単価,税抜金額", [
            f"{n},{d:%Y/%m/%d},K{n % 5},7,{PRICES[n]}" for n, d in enumerate(DAYS)])},
        {}, SUM, "(Japanese name)"),
    "Italian names": (
        {"fatture.csv": table("Numero fattura;Data fattura;Codice cliente;Imponibile", [
            f"{n};{d:%d/%m/%Y};K{n % 5};{german(PRICES[n])}" for n, d in enumerate(DAYS)])},
        {}, SUM, "(Italian name)"),
    "a pipeline": (
        {"report.csv": table('"Account Name","Order No","Stage","Amount","Close Date"', [
            f'"Firm {n % 5}","{n}","{["Closed Won", "Negotiation"][n % 2]}","{PRICES[n]}","{d}"'
            for n, d in enumerate(DAYS)]) + '"Confidential Information - Do Not Distribute"\n'},
        {}, sum(PRICES[0::2]), "counted is 'Closed Won', not 'Negotiation'"),
    "an order that was cancelled before it was paid": (
        {"orders_export_1.csv": table(
            "Name,Email,Financial Status,Currency,Created at,Cancelled at,Lineitem quantity,"
            "Lineitem name,Lineitem price",
            [line for n, d in enumerate(DAYS) for line in (
                f"#{n},b{n % 4}@x.org,pending,EUR,{d} 10:00:00 +0100,{d if n % 2 else ''},1,A,10",
                f"#{n},b{n % 4}@x.org,,,{d} 10:00:00 +0100,,2,B,10")])},
        {}, Decimal(300), "'Cancelled at': no sale is what has something there"),
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
    "a discount with a minus": (
        {"o.csv": table("Order No,Customer,Order Date,Qty,Unit Price,Discount %", rows(
            "{n},K{k},{d},1,{p},-10"))},
        {}, SUM * Decimal("0.9"), "multiplied by -0.01"),
    "a mark of a return": (
        {"o.csv": table(f"{HEAD},Is Return", [
            f"{row},{'Yes' if n == 19 else 'No'}" for n, row in enumerate(ROWS)])},
        {}, SUM - 2 * PRICES[19], "'Is Return': 'yes' is money given back"),
    "an order refunded in part": (
        {"o.csv": table(f"{HEAD},Status", [
            f"{row},{['paid', 'partially_refunded', 'refunded', 'paid'][n % 4]}"
            for n, row in enumerate(ROWS)])},
        {}, SUM - sum(PRICES[2::4]), "counted is 'paid' and 'partially_refunded'"),
    "a phase of deals in German": (
        {"deals.csv": table("Deal-ID,Kunde,Deal-Phase,Datum,Betrag", [
            f"{n},F{n % 5},{['Abgeschlossen und gewonnen', 'Verloren'][n % 2]},{d},{PRICES[n]}"
            for n, d in enumerate(DAYS)])},
        {}, sum(PRICES[0::2]), "not 'Verloren'"),
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
    "years before their days": (days(lambda d: f"{d:%y-%m-%d}"), {}, SUM, "%y-%m-%d"),
    "a zone behind the hour": (
        {"o.csv": table(HEAD.replace("Order Date", "date/time"), [
            f'{n},K{n % 5},"{d:%b %d, %Y} 3:04:05 PM PST",{PRICES[n]}'
            for n, d in enumerate(DAYS)])},
        {}, SUM, "%b %d, %Y %I:%M:%S %p"),
    "a sign of several currencies": (
        {"o.csv": table(HEAD, rows("{n},K{k},{d},{p} kr"))}, {}, SUM,
        '"SEK" (or NOK, DKK and ISK)'),
    "months with a point": (
        {"o.csv": table(HEAD.replace("Order Date", "Period"), [
            f"{n},K{n % 5},{d:%Y.%m},{PRICES[n]}" for n, d in enumerate(DAYS)])},
        {}, SUM, "%Y.%m"),
    "days of weeks": (days(lambda d: f"{d:%G-W%V-%u}"), {}, SUM, "%G-W%V-%u"),
    "weeks in German": (days(lambda d: f"KW {d:%V/%G}"), {}, SUM, "KW %V/%G"),
    "days without marks, month first": (days(lambda d: f"{d:%m%d%Y}"), {}, SUM, "%m%d%Y"),
    "days in Korean": (days(lambda d: f"{d.year}년 {d.month}월 {d.day}일"), {}, SUM, "%Y년"),
    "days in Italian": (
        days(lambda d: f"{d.day} {ITALIAN[d.month - 1]} {d.year}"), {}, SUM, "%d %b %Y"),
    "days in Portuguese": (
        days(lambda d: f"{d.day} de {PORTUGUESE[d.month - 1]} de {d.year}"), {}, SUM, "de %B de"),
    "names for ids": (
        {"customers.csv": table("Customer No,Customer Name", [f"K{n},F{n}" for n in range(5)]),
         "orders.csv": table("Order No,Customer,Order Date,Net Value", rows("{n},F{k},{d},{p}"))},
        {}, SUM, "The orders name accounts by 'Customer Name'"),
    "milliseconds since 1970": (days(lambda d: seconds(d) * 1000), {}, SUM, "unix"),
    "columns that all begin alike": (
        {"deals.csv": table("Deal - ID,Deal - Organization,Deal - State,Deal - Value,Deal - Date", [
            f"{n},Firm {n % 5},{['Won', 'Lost'][n % 2]},{PRICES[n]},{d}"
            for n, d in enumerate(DAYS)])},
        {}, sum(PRICES[0::2]), "counted is 'Won', not 'Lost'"),
    "credit notes by a code": (
        {"sage.csv": table("Type,A/C,Date,Ref,Net Amount", [
            f"{'SC' if n == 19 else 'SI'},K{n % 5},{d},{n},{PRICES[n]}"
            for n, d in enumerate(DAYS)])},
        {}, SUM - 2 * PRICES[19], "'SC' is money given back"),
    "a refund beside its amount": (
        {"o.csv": table("id,Customer ID,Created,Amount,Amount Refunded", [
            *rows("{n},K{k},{d},{p},0.00")[:19], f"19,K4,{DAYS[19]},{PRICES[19]},5.00"])},
        {}, SUM, "'Amount Refunded' is not taken off: 1 row of it holds money given back"),
    "ids some of which lost their zeros": (
        {"o.csv": table(HEAD, [f"{n},{n % 5 + 1:0{1 + 4 * (n > 9)}},{d},{PRICES[n]}"
                               for n, d in enumerate(DAYS)])},
        {}, SUM, "only by the zeros before them: 5, such as '00001' and '1'"),
    "the day of a cancellation": (
        {"o.csv": table(f"{HEAD},Cancelled at", [
            f"{row},{DAYS[n] if n % 2 else ''}" for n, row in enumerate(ROWS)])},
        {}, sum(PRICES[0::2]), "'Cancelled at': no sale is what has something there"),
    "a column of cancelled pieces": (
        {"o.csv": table(f"{HEAD},Cancelled", [f"{row},{n % 3}.00" for n, row in enumerate(ROWS)])},
        {}, SUM, ""),
    "a mark of a cancellation": (
        {"o.csv": table(f"{HEAD},Storniert", [
            f"{row},{'ja' if n % 2 else 'nein'}" for n, row in enumerate(ROWS)])},
        {}, sum(PRICES[0::2]), "such as 'ja'"),
    "lines of a tax": (
        {"o.csv": table("Invoice No,Line Type,Customer,Date,Amount", [
            line for n, d in enumerate(DAYS)
            for line in (f"{n},Item,K{n % 5},{d},{PRICES[n]}", f"{n},Tax,K{n % 5},{d},7.00")])},
        {}, SUM, "'Line Type': no sale is 'Tax'; counted is 'Item'"),
    "a status that leaves nothing out": (
        {"o.csv": table(f"{HEAD},Status", [
            f"{row},{'open' if n % 2 else 'sent'}" for n, row in enumerate(ROWS)])},
        {}, SUM, "'Status': all are counted: 'open' and 'sent'"),
    "a total beside one without tax": (
        {"o.csv": table("Invoice No,Customer,Date,Total,Total excl. tax", rows(
            "{n},K{k},{d},9999,{p}"))},
        {}, SUM, "'Total excl. tax' (its name says without tax"),
    "a total beside its tax": (
        {"o.csv": table("Invoice No,Customer,Date,Total,VAT", rows("{n},K{k},{d},{p},7"))},
        {}, SUM, "'Total' may hold the tax that 'VAT' says"),
    "a unit in the title": (
        {"o.csv": "Sales in TEUR\n\n" + table(HEAD, ROWS)},
        {}, SUM, "'Sales in TEUR' stands above the header"),
    "signs of one currency": (
        {"o.csv": table(HEAD, rows('{n},K{k},{d},"CHF {p}"'))}, {}, SUM, "CHF 20,260.30"),
    "quotation marks behind a backslash": (
        {"o.csv": table(f"{HEAD},Note", [f'{row},"a \\"b\\", c"' for row in ROWS])}, {}, SUM, ""),
    "thousands by a dot, as said": (
        {"o.csv": table("Auftrag;Kunde;Datum;Umsatz", [
            f"{n};K{n % 5};{d:%d.%m.%Y};{1 + n}.000" for n, d in enumerate(DAYS)])},
        {"decimal": ","}, Decimal(210_000), "decimal is ,"),
    "ids that lost their zeros": (
        {"customers.csv": table("Customer No,Customer Name", [f"{n:05d},F{n}" for n in range(5)]),
         "orders.csv": table(HEAD, rows("{n},{k},{d},{p}"))},
        {}, SUM, "took the zeros away"),
    "a total that holds a tax and the freight": (
        {"o.csv": table("Order No,Customer,Date,Order Subtotal,Freight,Sales Tax,Order Total", [
            f"{n},K{n % 5},{d},{p},5,{p / 5:.2f},{p + 5 + round(p / 5, 2)}"
            for n, (d, p) in enumerate(zip(DAYS, PRICES, strict=True))])},
        {}, SUM, "'Order Total' holds what 'Sales Tax' and 'Freight' say: revenue is"),
    "a total above price and quantity by a tax": (
        {"o.csv": table("Invoice ID,Customer,Date,Quantity,Unit Price,Tax Amount,Extended Price", [
            f"{n},K{n % 5},{d},2,{p / 2},{p / 4:.2f},{p + round(p / 4, 2)}"
            for n, (d, p) in enumerate(zip(DAYS, PRICES, strict=True))])},
        {}, SUM, "revenue is price × quantity, without it"),
    "a total beside one called untaxed": (
        {"o.csv": table("Order Reference,Customer,Order Date,Untaxed Total,Total", rows(
            "{n},K{k},{d},{p},9999"))},
        {}, SUM, "'Untaxed Total' (its name says without tax"),
    "a discount of money by its name": (
        {"o.csv": table("Order No,Customer,Order Date,Qty,Unit Price,Disc Amt", rows(
            "{n},K{k},{d},1,{p},10"))},
        {}, SUM - 200, "less 'Disc Amt'"),
    "a discount in both ways": (
        {"o.csv": table("Order No,Customer,Order Date,Qty,Unit Price,Discount %,Discount Amount",
                        rows("{n},K{k},{d},1,{p},50,10"))},
        {}, SUM - 200, "less 'Discount Amount'"),
    "a price less its discount": (
        {"o.csv": table("Order No,Customer,Order Date,Quantity,Unit Price,Net Price", [
            f"{n},K{n % 5},{d},3,{PRICES[n]},{PRICES[n] - 1}" for n, d in enumerate(DAYS)])},
        {}, 3 * (SUM - 20), "'Net Price' × 'Quantity'"),
    "totals of months that nothing calls so": (
        {"o.csv": table(HEAD, [line for at in range(0, 20, 4) for line in (
            *ROWS[at : at + 4], f",,,{sum(PRICES[at : at + 4])}")])},
        {}, SUM, "a total, not an order line (5)"),
    "totals called so in a column of their own": (
        {"o.csv": table(f",{HEAD}", [line for at in range(0, 20, 4) for line in (
            *(f",{row}" for row in ROWS[at : at + 4]), f"Total of {at},,,,1.23")])},
        {}, SUM, "a total, not an order line (5)"),
    "plans among the rows": (
        {"o.csv": table("Customer No,Date,Scenario,Amount", [
            line for row in rows("K{k},{d},{{}},{p}") for line in (
                row.format("Actual"), row.format("Budget"))])},
        {}, SUM, "'Scenario': no sale is 'Budget'; counted is 'Actual'"),
    "figures of several kinds among the rows": (
        {"o.csv": table("Customer No,Measure,2023-01,2023-02,2023-03", [
            line for k in range(5) for line in (
                f"K{k},Revenue,10,20,30", f"K{k},Quantity,1,2,3", f"K{k},Margin,4,5,6")])},
        {}, Decimal(300), "'Measure': counted is 'Revenue', not 'Margin' and 'Quantity'"),
    "names without blanks": (
        {"o.csv": table("ORDERNUMBER,CUSTOMERNAME,ORDERDATE,SALES", rows("{n},K{k},{d},{p}"))},
        {}, SUM, "'CUSTOMERNAME' (English name"),
    "a name that a pivot made": (
        {"o.csv": table("Invoice,Customer,Date,Sum of Revenue", rows("{n},K{k},{d},{p}"))},
        {}, SUM, "'Sum of Revenue' (English name)"),
    "Portuguese names": (
        {"vendas.csv": table(
            "Número do Pedido;Código do Cliente;Data do Pedido;Valor Total",
            rows("{n};K{k};{d:%d/%m/%Y};R$ {g}"))},
        {}, SUM, "(Portuguese name)"),
    "Dutch names": (
        {"facturen.csv": table(
            "Factuurnummer;Debiteurnummer;Factuurdatum;Bedrag excl. btw;Btw;Bedrag incl. btw",
            rows("{n};K{k};{d:%d-%m-%Y};{g};1,00;9.999,00"))},
        {}, SUM, "(Dutch name)"),
    "figures of another script": (
        {"o.csv": table(HEAD, [f"{n},K{n % 5},{f'{d:%d/%m/%Y}'.translate(ARABIC)},"
                               f"{str(PRICES[n]).translate(ARABIC)}"
                               for n, d in enumerate(DAYS)])},
        {}, SUM, "date_format is %d/%m/%Y"),
    "days in wide figures": (
        days(lambda d: f"{d:%Y/%m/%d}".translate(WIDE)), {}, SUM, "date_format is %Y/%m/%d"),
    "sheets that all have a title": (
        {"report.xlsx": titled_sheets}, {}, SUM, "report.xlsx [Jan and Feb]"),
    "a DuckDB file with a schema": ({"wh.duckdb": schemas}, {}, SUM, "wh.duckdb [orders]"),
    "amounts in one currency beside those of several": (
        {"o.csv": table(f"{HEAD.replace('Net Value', 'Amount')},Currency,Amount EUR", [
            f"{row.rpartition(',')[0]},7,{['USD', 'EUR'][n % 2]},{PRICES[n]}"
            for n, row in enumerate(ROWS)])},
        {}, SUM, "'Amount EUR' holds all amounts in one currency"),
    "customers above their rows in a column without a name": (
        {"detail.csv": table(",Date,Num,Product,Amount", [
            line for n in range(5) for line in (
                f"Company {n},,,,", *(f",{d},{m},P,{PRICES[m]}"
                                      for m, d in enumerate(DAYS) if m % 5 == n))])},
        {}, SUM, "'column_1' (it stands above its rows)"),
    "a ledger's accounts beside the customer": (
        {"o.csv": table("Document Number,Date,Account,Customer Name,Amount", [
            line for n, d in enumerate(DAYS) for line in (
                f"{n},{d},4000 Sales,K{n % 5},{PRICES[n]}", f"{n},{d},4100 Service,K{n % 5},1")])},
        {}, SUM + 20, "'Account' differs within an order and so is no customer"),
    "prices without quantities": (
        {"items.csv": table("order_id,order_item_id,product_id,price", rows("{n},1,P,{p}")),
         "orders.csv": table("order_id,customer_id,order_purchase_timestamp", rows(
             "{n},K{k},{d} 10:00:00"))},
        {}, SUM, "'price' (no quantity stands beside it)"),
    "an account for tests": (
        {"o.csv": table(HEAD, [*ROWS, f"99,TEST 1,{DAYS[0]},5.00"])},
        {}, SUM + 5, "'TEST 1' in 'Customer No' may be there for tests"),
    "customers as many as orders": (
        {"o.csv": table(HEAD, [f"{n},C{n},{d},{PRICES[n]}" for n, d in enumerate(DAYS)])},
        {}, SUM, "Each of the 20 accounts has one order alone"),
    "no column that could be an order's number": (
        {"o.csv": table("Customer,Date,Age Group,Sales", rows("K{k},{d},A,{p}"))},
        {}, SUM, "an account's lines of a day are one order"),
    "receipts of a ledger by their code": (
        {"sage.csv": table("Type,A/C,Date,Ref,Net Amount", [
            f"{'SR' if n % 4 == 1 else 'SI'},K{n % 5},{d},{n},{PRICES[n]}"
            for n, d in enumerate(DAYS)])},
        {}, SUM - sum(PRICES[1::4]), "no sale is 'SR'; counted is 'SI'"),
    "a discount whose name says more": (
        {"o.csv": table("Order No,Customer,Order Date,Qty,Unit Price,Discount Applied", rows(
            "{n},K{k},{d},1,{p},0.1"))},
        {}, SUM * Decimal("0.9"), "less the share 'Discount Applied'"),
    "a discount that is the same in all lines of an order": (
        {"o.csv": table("Order No,Customer,Order Date,Qty,Unit Price,Discount Amount", [
            line for line in rows("{n},K{k},{d},1,{p},5") for _ in range(2)])},
        {}, 2 * SUM - 200, "'Discount Amount' is the same in all lines of an order"),
    "a discount beside an amount before it": (
        {"o.csv": table("Order No,Customer,Order Date,Order Value,Discount Amount", rows(
            "{n},K{k},{d},{p},5"))},
        {}, SUM, "'Discount Amount' is not taken off: if 'Order Value' is before it"),
    "kinds that are all counted": (
        {"o.csv": table("FkArt;Faktura;Regulierer;Fakturadatum;Nettowert", [
            f"{['F2', 'RE'][n % 2]};{n};K{n % 5};{d:%d.%m.%Y};{german(PRICES[n])}"
            for n, d in enumerate(DAYS)])},
        {}, SUM, "'FkArt': all are counted: 'F2' and 'RE'"),
    "days with the month's name first": (days(lambda d: f"{d:%b-%d-%y}"), {}, SUM, "%b-%d-%y"),
    "amounts converted beside those of several currencies": (
        {"report.csv": table(
            "Account Name,Opportunity ID,Amount Currency,Amount,Amount (converted),Close Date", [
                f"F{n % 5},{n},{['USD', 'EUR'][n % 2]},7,{PRICES[n]},{d}"
                for n, d in enumerate(DAYS)])},
        {}, SUM, "'Amount (converted)' holds all amounts in one currency"),
    "prices of rows, as Amazon has them": (
        {"orders.txt": table(
            "amazon-order-id\tpurchase-date\torder-status\tquantity\titem-price\tbuyer", [
                "\t".join((f"{n}", f"{d}T10:00:00+00:00", ["Shipped", "Cancelled"][n % 2], "3",
                           f"{PRICES[n]}", f"K{n % 5}"))
                for n, d in enumerate(DAYS)])},
        {"account_id": "buyer"}, sum(PRICES[0::2]), "'item-price' (export of Amazon)"),
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
    "thousands by a dot, or three decimals": (
        {"o.csv": table("Auftrag;Kunde;Datum;Umsatz", [
            f"{n};K{n % 5};{d:%d.%m.%Y};{1 + n}.000" for n, d in enumerate(DAYS)])},
        "'1.000' in 'Umsatz' can be read in two ways"),
    "a header again in another order": (
        {"o.csv": table(HEAD, ROWS[:9]) + table("Customer No,Order No,Order Date,Net Value", [
            f"K{n % 5},{n},{DAYS[n]},{PRICES[n]}" for n in range(9, 20)])},
        "A row repeats the header in another order"),
    "two encodings in one file": (
        {"o.csv": b"".join(table(head, [f"{n},Münch {n % 5},{DAYS[n]},{PRICES[n]}"
                                        for n in part]).encode(encoding)
                           for head, part, encoding in (
                               (HEAD, range(9), "utf-8"), ("9,Münch 4,2023-10-16,1",
                                                           range(10, 20), "cp1252")))},
        "written in two encodings: line 2 in UTF-8, line 11 not"),
    "the one account of a ledger": (
        {"o.csv": table("Document Number,Date,Account,Name,Amount", rows(
            "{n},{d},4000 Sales,Firm {k},{p}"))},
        "Which column of o.csv is the customer? Name ('Firm 0'), Account ('4000 Sales')"),
    "a day without its year, as DATEV writes it": (
        {"EXTF.csv": '"EXTF";700;21;"Buchungsstapel";12;20240101;20240101\n' + table(
            "Umsatz (ohne Soll/Haben-Kz);Konto;Belegdatum;Belegfeld 1;Debitor;A;B", [
                f"{german(PRICES[n])};8400;{d:%d%m};R{n};K{n % 5};;" for n, d in enumerate(DAYS)])},
        "a day and a month without their year"),
    "an order's total or a line's": (
        COUNTED["an order's total in each of its lines"][0], "--set total=order"),
    "a discount of either kind": (COUNTED["a discount of money"][0], "--set discount=percent"),
    "quarters": (days(lambda d: f"Q1 {d.year}"), "'Q1 2023' is a quarter"),
    "periods of a fiscal year": (days(lambda d: f"{d:%Y}/0{d:%m}"), "a period of a fiscal year"),
    "years of the Buddhist calendar": (
        days(lambda d: f"{d.year + 543}-{d:%m-%d}"), "a day of the Buddhist calendar"),
    "years of an era": (days(lambda d: f"R{d.year - 2018}.{d:%m.%d}"), "years of an era"),
    "a header alone": ({"o.csv": HEAD + "\n"}, "o.csv has no rows."),
    "no column for the day": (
        {"o.csv": table("Customer,Revenue", rows("K{k},{p}"))},
        "o.csv has no column left that could be the day of the order."),
    "days of two orders": (
        {"o.csv": table(HEAD, [f"{n},K{n % 5},{d:{'%d/%m/%Y' if n % 2 else '%m/%d/%Y'}},{PRICES[n]}"
                               for n, d in enumerate(DAYS)])},
        "reads"),
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
    "a line that is the sum of its order": (
        {"o.csv": table("Order No,Customer,Order Date,Item,Amount", [
            line for n, d in enumerate(DAYS)
            for line in (*parts_of(n), f"{n},K{n % 5},{d},,{PRICES[n]}")])},
        "In 20 of 20 orders of three lines or more, one line is the sum of the others"),
    "both sides of a ledger": (
        {"o.csv": table("Document No,Customer,Date,Item,Amount", [
            line for n, d in enumerate(DAYS)
            for line in (*parts_of(n), f"{n},K{n % 5},{d},,-{PRICES[n]}")])},
        "The lines of 20 of 20 documents add up to 0"),
    "running sums alone": (
        {"o.csv": table(HEAD.replace("Net Value", "YTD Amount"), ROWS)},
        "no amounts but running sums, plans, taxes or the like, as their names say: YTD Amount"),
    "a discount of up to one": (
        {"o.csv": table("Order No,Customer,Order Date,Qty,Unit Price,Discount %", [
            f"{n},K{n % 5},{d},1,{PRICES[n]},{n % 2}" for n, d in enumerate(DAYS)])},
        "'Discount %' goes up to 1. Is that 1 % or a share of 100 %?"),
    "months under two headers": (
        {"a.csv": table(HEAD, ROWS[:9]),
         "b.csv": table("Order No,Customer No,Order Date,Amount EUR,Rep,Channel,Town", [
             f"{row},x,y,z" for row in ROWS[9:]])},
        "under other names of columns: 'Net Value' there"),
    "two tables beside each other": (
        {"o.csv": table(f"{HEAD},,{HEAD}", [f"{one},,{two}" for one, two in
                                            zip(ROWS[:10], ROWS[10:], strict=True)])},
        "Two tables stand beside each other: 'order no', 'customer no' and others"),
    "a file without a header": (
        {"o.csv": table("1,8,2023-01-01 00:00:00,2023-01-09 00:00:00,2023-01-05 00:00:00,5,9.50,K1",
                        rows("{n},8,{d} 00:00:00,{d} 00:00:00,{d} 00:00:00,5,{p},K{k}"))},
        "The first line is no header but a row ('2023-01-01 00:00:00', '1')"),
    "blanks between figures": (
        {"o.txt": table(" 00003 20230103  3  5630.04", rows(" 0000{k} {d:%Y%m%d}  1  {p}"))},
        "Blanks alone part the columns."),
    "days counted as Julian ones": (
        days(lambda d: f"{(d - dt.date(2000, 1, 1)).days + 2451544.5}"), "a Julian day number"),
    "a year and the day in it": (days(lambda d: f"1{d:%y%j}"), "a year and the day in it (CYYDDD)"),
    "years of the Persian calendar": (
        days(lambda d: f"14{d:%y/%m/%d}"), "a day of the Persian calendar"),
    "short years of the Buddhist calendar": (
        days(lambda d: f"{d:%d/%m}/{(d.year + 543) % 100}"), "whose year of two figures is of"),
    "days of a month alone": (
        days(lambda d: d.day), "a number of days, or a day without its month"),
    "days from 1904": ({"mac.xlsx": from_1904}, "the workbook counts days from 1904"),
    "no day and no amount of money": (
        {"o.csv": table("Channel,Region,Fresh,Milk", rows("a{k},b,x{n},y{n}"))},
        "no column left that could be the day of the order."),
    "a column per week": (
        {"o.csv": table("Kunde,KW 1,KW 2,KW 3,KW 4", rows("K{k},1,2,3,4"))},
        "o.csv has a column per week ('KW 1', 'KW 2' …)"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_told_is_refused_with_what_to_do(tmp_path, name):
    files, said = REFUSED[name]
    written = {n: c(tmp_path / n) if callable(c) else c for n, c in files.items()}
    with pytest.raises(KamError) as caught:
        made(tmp_path, written)
    assert said in str(caught.value)


NAMES = {
    "cp1252": ["Casa Núñez", "São João", "Gärtner AG", "Çà et là"],
    "cp1250": ["Łódź Śląska", "Żółw", "Gdańsk"],
    "cp1251": ["Ромашка", "Газпром"],
    "cp1253": ["Αθήνα", "Πάτρα Εμπορική"],
    "cp1254": ["Şişli Güneş", "İstanbul Ticaret", "Ağaç"],
    "cp1257": ["Šiauliai", "Panevėžys", "Žemaičių"],
}


@pytest.mark.parametrize("encoding", NAMES)
def test_names_are_read_in_the_encoding_that_their_letters_tell(tmp_path, encoding):
    names = [NAMES[encoding][n % len(NAMES[encoding])] for n in range(20)]
    rows_ = [f"{n},{names[n]},{d},{PRICES[n]}" for n, d in enumerate(DAYS)]
    book = made(tmp_path, {"o.csv": table(HEAD, rows_).encode(encoding)})
    told = (tmp_path / "told.txt").read_text(encoding="utf-8")
    from kamlib.period import open_period

    assert {*open_period(book, "2024-Q2").account_months["account_id"]} == {*names}
    assert f"it is read as {encoding}, such as" in told
