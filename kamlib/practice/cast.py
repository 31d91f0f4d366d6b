"""The planted stories of a practice company: who plays which part. Dates are days before the end of
the history.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Role:
    """One planted account. `share` is its yearly revenue as a share of the company's last twelve
    months.
    """

    story: str
    name: str
    country: str
    industry: str
    share: float
    gap: float
    k: int = 4
    growth: float = 0.02
    first: int | None = None
    last: int | None = None
    pause: tuple[int, int] | None = None
    is_key: bool = False
    manager: int | None = None
    parent: str = ""
    order_sd: float = 0.25
    year_sd: float = 0.05
    types: str = ""
    cause: str = ""


NORDWIND = "Nordwind Gruppe SE"
CAST = (
    Role(
        "whale",
        "Hanseatische Werften AG",
        "DE",
        "shipbuilding",
        0.12,
        7,
        is_key=True,
        manager=0,
        types="image-maker",
    ),
    Role(
        "late_leaver",
        "Kettle & Sons",
        "IE",
        "food processing",
        0.036,
        19.6,
        k=9,
        last=153,
        is_key=True,
        manager=0,
        cause="missed deadlines",
    ),
    Role(
        "overdue",
        "宁波海天机械有限公司",
        "CN",
        "mechanical engineering",
        0.031,
        16,
        k=8,
        last=62,
        is_key=True,
        manager=0,
    ),
    Role(
        "shrinking",
        "శ్రీ లక్ష్మీ ఇంజనీరింగ్ వర్క్స్",
        "IN",
        "mechanical engineering",
        0.019,
        21,
        growth=-0.22,
        is_key=True,
        manager=4,
    ),
    Role(
        "slow_payer",
        "شركة الخليج للمعدات الصناعية",
        "AE",
        "pumps and valves",
        0.030,
        14,
        is_key=True,
        manager=4,
    ),
    Role(
        "steady",
        "Steinbach Präzision GmbH",
        "DE",
        "mechanical engineering",
        0.028,
        14,
        k=60,
        growth=0.0,
        is_key=True,
        manager=1,
        order_sd=0.03,
        year_sd=0.0,
        types="expert",
    ),
    Role(
        "promotable",
        "Công ty TNHH Cơ khí Thăng Long",
        "VN",
        "automation",
        0.034,
        13,
        growth=0.34,
        first=1760,
        manager=4,
        types="prospective",
    ),
    Role("group", NORDWIND, "DE", "rail technology", 0.0086, 24, manager=3),
    Role(
        "group",
        "Nordwind Service GmbH",
        "DE",
        "repair and maintenance",
        0.0083,
        20,
        manager=1,
        parent=NORDWIND,
    ),
    Role(
        "group",
        "Nordwind Polska Sp. z o.o.",
        "PL",
        "rail technology",
        0.0088,
        26,
        manager=3,
        parent=NORDWIND,
    ),
    Role(
        "group",
        "Nordwind Sverige AB",
        "SE",
        "rail technology",
        0.0081,
        28,
        manager=3,
        parent=NORDWIND,
    ),
    Role(
        "group",
        "Nordwind Čechy s.r.o.",
        "CZ",
        "metal products",
        0.0085,
        22,
        manager=1,
        parent=NORDWIND,
    ),
    Role(
        "group",
        "Nordwind Benelux B.V.",
        "NL",
        "rail technology",
        0.0084,
        30,
        manager=2,
        parent=NORDWIND,
    ),
    Role(
        "group",
        "Nordwind France S.A.S.",
        "FR",
        "rail technology",
        0.0082,
        25,
        manager=2,
        parent=NORDWIND,
    ),
    Role(
        "group",
        "Nordwind Italia S.r.l.",
        "IT",
        "repair and maintenance",
        0.0080,
        21,
        manager=3,
        parent=NORDWIND,
    ),
    Role(
        "seasonal",
        "Ferme & Jardin S.à r.l.",
        "FR",
        "agricultural machines",
        0.013,
        12,
        k=5,
        manager=2,
    ),
    Role(
        "false_alarm",
        "Brennan O'Hara Ltd",
        "IE",
        "pumps and valves",
        0.016,
        17,
        k=8,
        pause=(150, 74),
        manager=2,
    ),
    Role(
        "unseen_loss",
        "Taller Hermanos Ibáñez",
        "ES",
        "repair and maintenance",
        0.012,
        23,
        k=6,
        last=408,
        manager=3,
    ),
    Role(
        "price_leaver",
        "Tessier Métallurgie",
        "FR",
        "metal products",
        0.021,
        18,
        k=5,
        last=952,
        manager=2,
        cause="price",
    ),
    Role(
        "incident_leaver",
        "Łódzkie Narzędzia S.A.",
        "PL",
        "metal products",
        0.022,
        17,
        k=5,
        last=655,
        is_key=True,
        manager=3,
        cause="quality down",
    ),
    Role(
        "returned",
        "D'Amico Imballaggi S.p.A.",
        "IT",
        "packaging",
        0.011,
        25,
        k=5,
        pause=(596, 246),
        manager=3,
        cause="price",
    ),
    Role(
        "returned",
        "Åkerlund Hydraulik AB",
        "SE",
        "pumps and valves",
        0.009,
        27,
        k=5,
        pause=(1200, 640),
        manager=1,
        cause="service level down",
    ),
    Role(
        "newcomer",
        "Zephyr Windparks B.V.",
        "NL",
        "energy",
        0.012,
        17,
        first=233,
        manager=2,
        types="prospective",
    ),
    Role(
        "newcomer", "Crème & Glacé Frères", "FR", "food processing", 0.006, 24, first=134, manager=2
    ),
    Role(
        "newcomer", "Novák a synové s.r.o.", "CZ", "metal products", 0.005, 14, first=57, manager=1
    ),
    Role(
        "neighbours",
        "Gleichmann Getriebe KG",
        "AT",
        "mechanical engineering",
        0.011,
        30,
        k=200,
        growth=0.0,
        manager=1,
    ),
    Role("huge_order", "Delta Projektbau GmbH", "DE", "rail technology", 0.006, 33, manager=1),
    Role(
        "never",
        "Ostmann Kältetechnik GmbH",
        "DE",
        "food processing",
        0.004,
        30,
        first=-30,
        manager=1,
    ),
)
MANAGER_STORIES = ("overload",)
BOOK_STORIES = ("renewal", "dirt", "bad_wallet")
STORIES = tuple(dict.fromkeys(role.story for role in CAST)) + MANAGER_STORIES + BOOK_STORIES
NEIGHBOUR_STORY, SEASON = "neighbours", (3, 4, 5, 6, 7, 8)
