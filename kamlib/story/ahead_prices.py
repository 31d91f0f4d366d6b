"""What is said of prices and terms."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.statements import Said
from kamlib.tables import each
from kamlib.words import count, listed, money, number, percent, plural, say

YEARS = 3
"""Years over which prices erode."""


def table_price_realisation(price_realisation: pd.DataFrame, *, book: BookSettings) -> Said:
    """Say what is given away, and at whom most."""
    how = say(
        "Against the median price that accounts paid for each product in each month; of its size: "
        "what accounts that buy as much pay"
    )
    if price_realisation.empty:
        return Said(
            say(
                "No prices can be compared: that needs orders.product_id and orders.quantity, and "
                "three accounts that buy a product in the same month"
            ),
            how,
        )
    if len(price_realisation) == 1:
        own = next(each(price_realisation))
        like = own.volume_price_share
        of_size = (
            "" if pd.isna(like) else say("; accounts of its size {like}", like=percent(like, book))
        )
        return Said(
            say(
                "It pays {price_share} of the book's price{of_size}",
                price_share=percent(own.price_share, book),
                of_size=of_size,
            ),
            how,
        )
    given = price_realisation[price_realisation["conceded"].gt(0)]
    whole = money(given["conceded"].sum(), book)
    if given.empty:
        return Said(say("No account pays less than others of its size"), how)
    return Said(
        say(
            "{given} of {accounts} {pay} {whole} a year less than others of {their} size; the "
            "most: {name}",
            given=number(len(given), book),
            accounts=count(len(price_realisation), "account", source=book),
            pay=plural(len(given), "pays", "pay"),
            whole=whole,
            their=plural(len(given), "its", "their"),
            name=listed(given["name"].head(3)),
        ),
        how,
    )


def table_price_erosion(
    price_erosion: pd.DataFrame, price_years: pd.DataFrame | None = None, *, book: BookSettings
) -> Said:
    """Say whose prices fell from year to year."""
    how = say("Products bought in all three years alone; fell in both years, by 2 points and more")
    if price_years is not None and price_years["year_number"].nunique() < YEARS:
        return Said(
            say(
                "No prices of three years can be compared: that needs orders.product_id and "
                "orders.quantity, of three years"
            ),
            how,
        )
    if price_erosion.empty:
        return Said(say("No account's prices fell in two years running"), how)
    worth, many = money(price_erosion["eroded"].sum(), book), len(price_erosion)
    fall = price_erosion["earlier_price_share"] - price_erosion["price_share"]
    return Said(
        say(
            "Prices of {accounts} fell two years running, by up to {fall}: {worth} a year",
            accounts=count(many, "account", source=book),
            fall=percent(fall.max(), book),
            worth=worth,
        ),
        how,
    )


def table_bonus_brackets(
    bonus_brackets: pd.DataFrame, agreements: pd.DataFrame, *, book: BookSettings
) -> Said:
    """Say how many bonus thresholds are within reach."""
    near = bonus_brackets[bonus_brackets["is_within_reach"]]
    of = count(len(bonus_brackets), "bonus threshold", source=book)
    if not agreements["bonus_threshold"].notna().any():
        return Said(
            say("Bonus brackets: agreements.bonus_threshold and bonus_rate would bring them")
        )
    if bonus_brackets.empty:
        return Said(say("No agreement in force has a bonus threshold"))
    return Said(
        say(
            "{near} of {of} within reach, {bonus}",
            near=number(len(near), book),
            of=of,
            bonus=money(near["bonus"].sum(), book),
        ),
        say("Revenue of the agreement's year so far, against the threshold"),
    )
