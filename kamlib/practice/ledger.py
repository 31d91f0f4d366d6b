"""The canonical table `orders` of a practice company: its lines, its credit notes, and the dirt of
real files.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.practice.material import CATEGORIES, MANAGERS, PER_CATEGORY, PRODUCTS, material
from kamlib.practice.setting import Setting
from kamlib.practice.world import World, manager_id
from kamlib.tables import CANONICAL


def orders_table(world: World) -> pd.DataFrame:
    """One row per order line, in the columns of the canonical table `orders`, credit notes
    included.
    """
    setting, accounts, orders, lines = world.setting, world.accounts, world.orders, world.lines
    rng = setting.rng("ledger")
    channels = np.array(material("goods")["channels"])
    by_day = orders.sort_values(["day", "account"], kind="stable").index
    number = np.empty(len(orders), dtype=np.int64)
    number[by_day] = np.arange(1, len(orders) + 1)
    home = rng.integers(0, len(channels), len(accounts))[orders["account"].to_numpy()]
    channel = np.where(
        rng.random(len(orders)) < 0.2, rng.integers(0, len(channels), len(orders)), home
    )
    own = accounts["manager"].to_numpy()[orders["account"].to_numpy()]
    other = rng.random(len(orders)) < 0.04
    manager = np.where(other, rng.integers(0, len(MANAGERS), len(orders)), own)
    delivered = orders["delivered"].to_numpy(dtype=float).copy()
    delivered[delivered >= setting.days] = np.nan
    rows = lines.assign(number=number[lines["order"].to_numpy()]).sort_values(
        "number", kind="stable"
    )
    order, product = rows["order"].to_numpy(), rows["product"].to_numpy()
    names = np.array([name for name, _ in PRODUCTS])
    text = "O" + rows["number"].astype(str).str.zfill(max(len(str(len(orders))), 5))
    table = pd.DataFrame(
        {
            "order_id": text,
            "account_id": accounts["account_id"].to_numpy()[rows["account"].to_numpy()],
            "order_date": setting.date(orders["day"].to_numpy())[order],
            "revenue": rows["revenue"],
            "line_id": text + "-" + (rows.groupby("number").cumcount() + 1).astype(str),
            "cost": rows["cost"],
            "quantity": rows["quantity"],
            "product_id": np.array([f"P{n + 1:03d}" for n in range(len(PRODUCTS))])[product],
            "product": names[product],
            "category": np.array(CATEGORIES)[product // PER_CATEGORY],
            "region": accounts["region"].to_numpy()[rows["account"].to_numpy()],
            "channel": channels[channel][order],
            "manager_id": manager_id(manager)[order],
            "currency": "EUR",
            "promised_date": setting.date(orders["promised"].to_numpy())[order],
            "delivered_date": setting.date(delivered)[order],
        }
    ).reset_index(drop=True)
    place = np.empty(len(rows), dtype=np.int64)
    place[rows.index.to_numpy()] = np.arange(len(rows))
    credits = world.credits
    notes = table.iloc[place[credits["line"].to_numpy()]].assign(
        order_id=lambda frame: "C" + frame["order_id"].str[1:],
        line_id=lambda frame: "C" + frame["line_id"].str[1:],
        order_date=setting.date(credits["day"].to_numpy()),
        quantity=credits["quantity"].to_numpy(),
        revenue=credits["revenue"].to_numpy(),
        cost=credits["cost"].to_numpy(),
        promised_date=pd.NaT,
        delivered_date=pd.NaT,
    )
    ordered = (
        pd.concat([table, notes]).sort_values("order_date", kind="stable").reset_index(drop=True)
    )
    return ordered[CANONICAL["orders"].names]


def dirt(orders: pd.DataFrame, setting: Setting) -> pd.DataFrame:
    """One row per damaged line as it stands in the file, all text, with what is wrong in `note`.

    They are appended to orders.csv only: the frames of a company hold the clean lines.
    """
    if not setting.has("dirt") or len(orders) < 30:
        return pd.DataFrame(columns=[*CANONICAL["orders"].names, "note"], dtype="str")
    notes = material("market")["dirt"]
    model = as_text(orders.iloc[[len(orders) // 2, len(orders) // 3, len(orders) // 4]])
    twin = model.iloc[[0]].assign(note=notes["twin"])
    no_date = model.iloc[[1]].assign(
        order_id="O99990",
        line_id="O99990-1",
        order_date="2024-02-30",
        note=notes["no_date"],
    )
    no_amount = model.iloc[[2]].assign(
        order_id="O99991",
        line_id="O99991-1",
        revenue="on request",
        note=notes["no_amount"],
    )
    total = pd.DataFrame(
        {
            "order_id": ["Total"],
            "revenue": [f"{orders['revenue'].sum():.2f}"],
            "note": [notes["total"]],
        }
    )
    return (
        pd.concat([twin, no_date, no_amount, total])
        .fillna("")
        .reset_index(drop=True)[[*CANONICAL["orders"].names, "note"]]
    )


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame as it is written to a file: ISO dates, plain numbers, true and false, blanks for
    what is missing.
    """
    written = pd.DataFrame(index=frame.index)
    for column in frame.columns:
        values = frame[column]
        if pd.api.types.is_datetime64_any_dtype(values.dtype):
            written[column] = values.dt.strftime("%Y-%m-%d")
        elif pd.api.types.is_bool_dtype(values.dtype):
            written[column] = values.map({True: "true", False: "false"})
        elif pd.api.types.is_float_dtype(values.dtype):
            written[column] = pd.Series(
                [f"{v:.10g}" if v == v else None for v in values.tolist()],
                index=frame.index,
                dtype="str",
            )
        else:
            written[column] = values.astype("str")
        written[column] = written[column].astype("str").where(values.notna(), "")
    return written
