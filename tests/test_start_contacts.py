"""kam new on lists of people at accounts, in the languages people keep them in."""

from __future__ import annotations

import pytest

from kamlib.period import open_period

from .test_start import made, table

ORDERS = table(
    "order id,customer id,order date,net amount",
    [f"O{n},{1000 + n % 4},2024-{n % 12 + 1:02}-11,{100 + n}" for n in range(24)],
)
LISTS = {
    "English": ("contacts.csv", "Contact ID,Customer ID,First Name,Last Name,Email,Job Title"),
    "German": ("Ansprechpartner.csv", "Kontakt-ID,Kundennr,Vorname,Nachname,E-Mail,Funktion"),
    "French": ("export.csv", "ID contact,Code client,Prénom,Nom,Courriel,Fonction"),
    "Spanish": ("contactos.csv", "ID contacto,Código cliente,Nombre,Apellidos,Correo,Cargo"),
    "Vietnamese": ("Danh bạ.csv", "Mã liên hệ,Mã khách hàng,Tên,Họ,Thư,Chức vụ"),
    "Chinese": ("联系人.csv", "联系人编号,客户编号,名,姓,邮箱,职位"),
}
ROWS = [f"P{n},{1000 + n % 4},Ana,Ng{n},a{n}@firm.example,Buyer" for n in range(8)]


@pytest.mark.parametrize(("file", "head"), LISTS.values(), ids=LISTS)
def test_contacts_come_along_by_their_columns_names(tmp_path, file, head):
    book = made(tmp_path, {"orders.csv": ORDERS, file: table(head, ROWS)})
    people = open_period(book).contacts
    assert {*zip(people["account_id"], people["name"], strict=True)} == {
        (str(1000 + n % 4), f"Ana Ng{n}") for n in range(8)
    }
    assert set(people["title"]) == {"Buyer"} and people["contact_id"].nunique() == 8
    assert file in (tmp_path / "told.txt").read_text(encoding="utf-8")


def test_a_whole_name_will_do_and_a_status_leaves_nobody_out(tmp_path):
    rows = [f"{1000 + n % 4},Ana Ng{n},a{n}@firm.example,{'deleted' if n else 'active'}"
            for n in range(8)]  # fmt: skip
    people = table("Customer ID,Full Name,Email,Status", rows)
    book = made(tmp_path, {"orders.csv": ORDERS, "people.csv": people})
    assert open_period(book).contacts["name"].nunique() == 8


def test_the_kits_own_list_comes_along_whole(tmp_path):
    rows = [f"{1000 + n % 4},Ana Ng{n},a{n}@firm.example,buyer,{n % 5 + 1}" for n in range(8)]
    people = table("account_id,name,email,role,influence", rows)
    contacts = open_period(made(tmp_path, {"orders.csv": ORDERS, "contacts.csv": people})).contacts
    assert set(contacts["role"]) == {"buyer"} and contacts["influence"].notna().all()


def test_people_who_are_no_account_of_the_orders_are_not_taken(tmp_path):
    strangers = [row.replace(",10", ",77") for row in ROWS]
    book = made(
        tmp_path, {"orders.csv": ORDERS, "contacts.csv": table(LISTS["English"][1], strangers)}
    )
    assert not (book / "contacts.sql").exists()
    told = (tmp_path / "told.txt").read_text(encoding="utf-8")
    assert "Not used: contacts.csv." in told
