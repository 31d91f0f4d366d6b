"""kam new on exports in Turkish, Polish, Russian, Arabic, Thai and Dutch, and as Access has them:
the sums of each customer and month are those that were written.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from kamlib.book import read_settings
from kamlib.errors import KamError
from kamlib.intake import read_book
from kamlib.intake.sources import open_engine

from .test_start import made

Row = tuple[str, str, dt.date, Decimal]
Way = Callable[[dt.date], str]
TURKISH = "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık"
POLISH = (
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada "
    "grudnia"
)
RUSSIAN = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря"
ARABIC = "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر"
THAI = "ม.ค. ก.พ. มี.ค. เม.ย. พ.ค. มิ.ย. ก.ค. ส.ค. ก.ย. ต.ค. พ.ย. ธ.ค."
FIGURES = str.maketrans("0123456789.,", "٠١٢٣٤٥٦٧٨٩٫٬")


def rows(seed: str) -> list[Row]:
    pick, start = random.Random(seed), dt.date(2023, 7, 1)
    return [
        (
            f"{100_000 + n}",
            f"{200 + pick.randrange(9)}",
            start + dt.timedelta(days=pick.randrange(420)),
            Decimal(pick.randrange(-90_000, 3_000_000)) / 100,
        )
        for n in range(80)
    ]


def amount(group: str, mark: str, form: str = "{}") -> Callable[[Decimal], str]:
    def write(value: Decimal) -> str:
        parts = f"{abs(value):,.2f}".replace(",", "_").replace(".", mark).replace("_", group)
        return "-" * (value < 0) + form.format(parts)

    return write


def named(months: str, end: str = "", *, more: int = 0) -> Way:
    return lambda day: f"{day.day} {months.split()[day.month - 1]} {day.year + more}{end}"


def dated(form: str) -> Way:
    return lambda day: day.strftime(form)


COMMA, SPACED, POINT = amount(".", ","), amount("\u00a0", ","), amount(",", ".")
EXPORTS = {
    "Turkish": ("cp1254", ";", "Sipariş No;Müşteri Kodu;Sipariş Tarihi;Net Tutar",
                dated("%d.%m.%Y"), amount(".", ",", "{} TL")),
    "Turkish lira": ("utf-8", ";", "Fatura No;Cari Kodu;Fatura Tarihi;Tutar (KDV Hariç)",
                     named(TURKISH), amount(".", ",", "₺{}")),
    "Polish": ("cp1250", ";", "Nr zamówienia;Kod klienta;Data zamówienia;Wartość netto",
               dated("%d.%m.%Y"), amount("\u00a0", ",", "{} zł")),
    "Polish months": ("utf-8", ";", "Numer faktury;Kontrahent;Data wystawienia;Kwota netto",
                      named(POLISH, " r."), SPACED),
    "Russian": ("cp1251", ";", "Номер заказа;Код клиента;Дата заказа;Сумма без НДС",
                dated("%d.%m.%Y"), amount("\u00a0", ",", "{} руб.")),
    "Russian rouble": ("utf-8", ";", "Номер;Контрагент;Дата;Сумма", named(RUSSIAN, " г."),
                       amount("\u202f", ",", "{} ₽")),
    "Arabic": ("utf-8", ";", "رقم الطلب;رمز العميل;تاريخ الطلب;المبلغ الصافي",
               lambda day: f"{day:%d/%m/%Y}".translate(FIGURES),
               lambda value: POINT(value).translate(FIGURES)),
    "Arabic months": ("cp1256", ";", "رقم الفاتورة;رقم العميل;تاريخ الفاتورة;المبلغ", named(ARABIC),
                      POINT),
    "Thai": ("utf-8", ",", "เลขที่ใบสั่งซื้อ,รหัสลูกค้า,วันที่สั่งซื้อ,ยอดขายสุทธิ", dated("%d/%m/%Y"),
             amount(",", ".", "฿{}")),
    "Thai bytes": ("cp874", ",", "เลขที่เอกสาร,รหัสลูกค้า,วันที่เอกสาร,มูลค่าก่อนภาษี", named(THAI), POINT),
    "Dutch": ("cp1252", ";", "Ordernummer;Klantnummer;Orderdatum;Nettobedrag", dated("%d-%m-%Y"),
              amount(".", ",", "€ {}")),
    "Access": ("utf-8", ",", "OrderID,CustomerID,OrderDate,Amount", lambda day: f"#{day}#", str),
    "Access, American": ("utf-8", ",", "OrderID,CustomerID,OrderDate,Amount",
                         lambda day: f"#{day.month}/{day.day}/{day.year}#",
                         lambda value: f"${value:,.2f}" if value >= 0 else f"(${-value:,.2f})"),
}  # fmt: skip


def text(name: str, day: Way | None = None) -> bytes:
    encoding, mark, head, own, money = EXPORTS[name]
    written = io.StringIO()
    table = csv.writer(written, delimiter=mark, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    table.writerow([*head.split(mark), "Paid"])
    for n, (order, customer, at, value) in enumerate(rows(name)):
        table.writerow([order, customer, (day or own)(at), money(value), str(n % 2 == 0).upper()])
    return written.getvalue().encode(encoding)


def sums(book: Path) -> dict[tuple[str, int, int], Decimal]:
    """Return the revenue of each customer and month that a book is read to."""
    with open_engine() as engine:
        lines = read_book(book, read_settings(book), engine).orders.execute()
    lines = lines[lines["_reason"].isna()]
    days = pd.to_datetime(lines["order_date"]).dt
    found = lines.groupby([lines["account_id"], days.year, days.month])["revenue"].sum()
    return {key: Decimal(value).normalize() for key, value in found.items()}


def expected(name: str) -> dict[tuple[str, int, int], Decimal]:
    found: dict[tuple[str, int, int], Decimal] = defaultdict(Decimal)
    for _, customer, day, value in rows(name):
        found[customer, day.year, day.month] += value
    return {key: value.normalize() for key, value in found.items()}


@pytest.mark.parametrize("name", EXPORTS)
def test_each_customer_and_month_has_what_was_written(tmp_path, name):
    book = made(tmp_path, {"export.csv": text(name)})
    assert sums(book) == expected(name)


def test_a_workbook_of_text_has_what_was_written(tmp_path):
    head, day, money = EXPORTS["Russian"][2].split(";"), dated("%d.%m.%Y 0:00:00"), SPACED
    cells = [(int(o), int(c), day(at), money(value)) for o, c, at, value in rows("Russian")]
    book = made(tmp_path, {"выгрузка.xlsx": pd.DataFrame(cells, columns=head)})
    assert sums(book) == expected("Russian")


@pytest.mark.parametrize(
    "day", [named(THAI, more=543), lambda day: f"{day:%d/%m/}{day.year + 543}"]
)
def test_years_of_the_buddhist_calendar_are_refused_as_such(tmp_path, day):
    with pytest.raises(KamError, match="is a day of the Buddhist calendar"):
        made(tmp_path, {"export.csv": text("Thai", day)})
