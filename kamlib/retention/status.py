"""Who is lost, who is overdue: the loss criterion, for today and for every silence of the past."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.book import LossSettings
from kamlib.retention.order_days import (
    described,
    earlier_medians,
    looked_up,
    order_days,
    order_gaps,
    pooled_medians,
    window_edges,
    window_sums,
)
from kamlib.retention.seasons import seasons_of
from kamlib.tables import shaped


def usual_gaps(
    account_days: pd.DataFrame,
    account_classes: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    loss: LossSettings = LossSettings(),
) -> pd.DataFrame:
    """One row per account with an order day: its usual gap, the median days between order days.

    All history up to the as-of day counts. An account with fewer than ``loss.min_gaps`` gaps
    borrows the median of all gaps of its revenue class, when the class has as many gaps itself,
    else of all accounts; ``gap_basis`` says so. When the whole book has no gap yet, the usual gap
    is n/a.

    Examples
    --------
    >>> days = pd.DataFrame({"account_id": "A", "revenue": 1.0,
    ...     "date": pd.to_datetime(["2025-01-01", "2025-01-11", "2025-01-31", "2025-03-02"])})
    >>> classes = pd.DataFrame({"account_id": ["A"], "abc_revenue": ["A"]})
    >>> gaps = usual_gaps(days, classes, as_of=pd.Timestamp("2025-06-30"))
    >>> gaps[["usual_gap_days", "gap_basis"]].values.tolist()
    [[20.0, 'own']]
    """
    days = order_days(account_days, as_of=as_of)
    gaps = order_gaps(days)
    table = (
        days.groupby("account_id")
        .agg(
            first_order_date=("date", "min"),
            last_order_date=("date", "max"),
            order_day_count=("date", "size"),
        )
        .reset_index()
    )
    table["gap_count"] = table["order_day_count"] - 1
    own = looked_up(table["account_id"], gaps.groupby("account_id")["gap_days"].median())
    letter = _class_of(account_classes, gaps["account_id"]).to_numpy()
    pools = gaps.assign(letter=letter).groupby("letter")["gap_days"]
    pooled = looked_up(
        _class_of(account_classes, table["account_id"]),
        pools.median().where(pools.size().ge(loss.min_gaps)),
    )
    of_all = gaps["gap_days"].median() if len(gaps) else np.nan
    is_own, is_class = table["gap_count"].ge(loss.min_gaps), pooled.notna()
    table["usual_gap_days"] = own.where(is_own, pooled.where(is_class, of_all))
    basis = np.select([is_own, is_class], ["own", "class"], "all" if len(gaps) else "")
    table["gap_basis"] = pd.Series(basis, index=table.index).replace("", None)
    return shaped("usual_gaps", table)


def account_status(
    account_days: pd.DataFrame,
    accounts: pd.DataFrame,
    account_classes: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    loss: LossSettings = LossSettings(),
) -> pd.DataFrame:
    """One row per account: is it active, overdue or lost, by its silence against its usual gap.

    ``never``: no order day. ``new``: fewer than ``min_gaps`` gaps and first order less than
    ``new_days`` ago. Else with q = silence / usual gap: ``active`` q ≤ ``overdue``; ``lost`` q >
    ``lost`` and silence ≥ ``min_silence_days``; ``overdue`` everything between. Silence runs to the
    as-of day. A seasonal account (``account_seasons``) that bought in its last season is
    ``resting`` from that season's end to the usual start of the next; it is overdue and lost by its
    silence inside the season only: from the usual start plus the tolerance, by the gaps inside its
    seasons, at the latest when the season has passed. An account without any usual gap (no account
    in the book has ordered twice) is overdue once it is no longer new: neither active nor lost can
    be claimed. Sorted by what is at stake: revenue of the 12 months to the as-of day, of a lost
    account of the 12 months to its last order (``stake_window``).

    Examples
    --------
    >>> days = shaped("account_days", {"account_id": "A", "revenue": 50.0,
    ...     "date": pd.date_range("2025-01-01", periods=6, freq="10D")})
    >>> nobody = shaped("accounts", []), shaped("account_classes", [])
    >>> status = account_status(days, *nobody, as_of=pd.Timestamp("2025-09-30"))
    >>> status[["account_id", "silence_days", "usual_gap_days", "status"]].values.tolist()
    [['A', 222.0, 10.0, 'lost']]
    """
    seen = account_days.loc[account_days["date"].le(as_of), ["account_id"]]
    ids = pd.concat([accounts[["account_id"]], seen]).drop_duplicates(ignore_index=True)
    table = ids.astype("str").merge(
        usual_gaps(account_days, account_classes, as_of=as_of, loss=loss),
        on="account_id",
        how="left",
    )
    owner = ("name", "manager_id", "manager_name")
    table[list(owner)] = described(table["account_id"], accounts, *owner)
    table["silence_days"] = (as_of - table["last_order_date"]).dt.days.astype("float64")
    _judge(table, as_of, loss)
    _judge_seasons(table, account_days, as_of, loss)
    after, until = window_edges(as_of)
    now = table[["account_id"]].assign(after_date=after, until_date=until)
    table[["revenue", "gross_margin"]] = window_sums(account_days, now).to_numpy()
    last = table["last_order_date"]
    year = table[["account_id"]].assign(after_date=last - pd.DateOffset(years=1), until_date=last)
    table[["last_year_revenue", "last_year_margin"]] = window_sums(account_days, year).to_numpy()
    is_lost = table["status"].eq("lost")
    table["at_stake"] = table["last_year_revenue"].where(is_lost, table["revenue"])
    table["stake_window"] = np.where(is_lost, "last_order", "as_of")
    spells = _closed_spells(account_days, account_classes, as_of, loss)
    back = spells.loc[spells["return_date"].gt(after), "account_id"]
    table["is_returned"] = table["account_id"].isin(back)
    table["order_day_count"] = table["order_day_count"].fillna(0)
    return shaped(
        "account_status",
        table.sort_values(["at_stake", "account_id"], ascending=[False, True]),
    )


def lost_spells(
    account_status: pd.DataFrame,
    account_days: pd.DataFrame,
    account_classes: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    loss: LossSettings = LossSettings(),
) -> pd.DataFrame:
    """One row per lost spell: a silence that was called a loss, ended by a return or not.

    A past silence is judged by what was known on its last day: the account's gaps until then, or
    the pool's.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.lost_spells["detection_date"].le(q.as_of).all().item()
    True
    """
    closed = _closed_spells(account_days, account_classes, as_of, loss)
    still = account_status[account_status["status"].eq("lost")]
    still = still.assign(return_date=pd.Series(dtype="datetime64[us]"))
    spells = pd.concat([closed, still.reindex(columns=closed.columns)], ignore_index=True)
    return shaped("lost_spells", spells.sort_values(["last_order_date", "account_id"]))


def _judge(table: pd.DataFrame, as_of: pd.Timestamp, loss: LossSettings) -> None:
    """Add the status, and the days on which the account turned overdue and lost."""
    overdue_day = _trip_day(table, loss.overdue, 0, loss)
    lost_day = _trip_day(table, loss.lost, loss.min_silence_days, loss)
    never, unknown = table["last_order_date"].isna(), table["usual_gap_days"].isna()
    young = table["first_order_date"].gt(as_of - pd.Timedelta(days=loss.new_days))
    is_new = table["gap_count"].lt(loss.min_gaps) & young
    is_lost = lost_day.le(as_of) & overdue_day.le(as_of)
    is_overdue = overdue_day.le(as_of) | (unknown & ~is_new)
    table["status"] = np.select(
        [never, is_new, is_lost, is_overdue], ["never", "new", "lost", "overdue"], "active"
    )
    table["overdue_since_date"] = overdue_day.where(table["status"].isin(["overdue", "lost"]))
    both = lost_day.where(lost_day.ge(overdue_day), overdue_day)
    table["detection_date"] = both.where(table["status"].eq("lost"))
    table["lost_after_days"] = (lost_day - table["last_order_date"]).dt.days.astype("float64")


def _judge_seasons(
    table: pd.DataFrame, account_days: pd.DataFrame, as_of: pd.Timestamp, loss: LossSettings
) -> None:
    """Judge seasonal accounts by their season: silence counts inside it only."""
    table["season_start_date"] = pd.Series(pd.NaT, index=table.index, dtype="datetime64[us]")
    days = order_days(account_days, as_of=as_of)
    cases = table.loc[table["last_order_date"].notna(), ["account_id", "last_order_date"]]
    found = seasons_of(cases.assign(eve=as_of), days, loss).set_index(cases.index)
    found = found[found["start_month"].notna()]
    if found.empty:
        return
    at = found.index
    is_lost, is_late = found["season_lost_date"].le(as_of), found["season_overdue_date"].le(as_of)
    is_over, is_begun = found["season_end_date"].lt(as_of), found["season_start_date"].le(as_of)
    is_within = ~is_over & found["within_overdue_date"].le(as_of)
    status = np.select(
        [is_lost, is_late | is_within, is_over & ~is_begun],
        ["lost", "overdue", "resting"],
        "active",
    )
    table.loc[at, "status"] = status
    since = found["season_overdue_date"].mask(is_within, found["within_overdue_date"])
    table.loc[at, "overdue_since_date"] = since.where(is_lost | is_late | is_within)
    table.loc[at, "detection_date"] = found["season_lost_date"].where(is_lost)
    lost_after = found["season_lost_date"] - found["last_order_date"]
    table.loc[at, "lost_after_days"] = lost_after.dt.days.astype("float64")
    table.loc[at, "season_start_date"] = found["season_start_date"]
    table.loc[at, "gap_basis"] = "season"


def _closed_spells(
    account_days: pd.DataFrame,
    account_classes: pd.DataFrame,
    as_of: pd.Timestamp,
    loss: LossSettings,
) -> pd.DataFrame:
    """Return the silences of the past that were a loss on the eve of the order that ended them."""
    days = order_days(account_days, as_of=as_of)
    gaps = order_gaps(days)
    first = days.groupby("account_id")["date"].min()
    gaps["first_order_date"] = looked_up(gaps["account_id"], first)
    letters = _class_of(account_classes, gaps["account_id"]).to_numpy()
    codes, _ = pd.factorize(letters, sort=True)
    silent = gaps["gap_days"].gt(loss.min_silence_days)
    found = gaps[silent].assign(code=codes[silent.to_numpy()])
    is_own = found["earlier_gap_count"].ge(loss.min_gaps)
    borrowed = found[~is_own]
    pool = (_number(gaps["next_order_date"]), gaps["gap_days"].to_numpy(), codes)
    eve = _number(borrowed["next_order_date"]) - 1
    of_class, class_count = pooled_medians(*pool, eve, borrowed["code"].to_numpy())
    of_all, _ = pooled_medians(*pool, eve, np.full(len(eve), -1))
    enough = (class_count >= loss.min_gaps) & (borrowed["code"].to_numpy() >= 0)
    found["usual_gap_days"] = earlier_medians(gaps, np.flatnonzero(silent))
    found.loc[~is_own, "usual_gap_days"] = np.where(enough, of_class, of_all)
    found["gap_count"] = found["earlier_gap_count"]
    found["detection_date"] = _trip_day(found, loss.lost, loss.min_silence_days, loss)
    eves = found[["account_id", "last_order_date"]]
    eves = eves.assign(eve=found["next_order_date"] - pd.Timedelta(days=1))
    seasons = seasons_of(eves, days, loss).set_index(found.index)
    is_seasonal = seasons["start_month"].notna()
    found["detection_date"] = found["detection_date"].mask(is_seasonal, seasons["season_lost_date"])
    found["return_date"] = found["next_order_date"]
    found = found[found["detection_date"].lt(found["return_date"])]
    columns = ["account_id", "last_order_date", "detection_date", "return_date", "usual_gap_days"]
    return found[columns].reset_index(drop=True)


def _trip_day(
    table: pd.DataFrame, k: float, min_silence_days: int, loss: LossSettings
) -> pd.Series:
    """Return the first day on which silence > k × usual gap, is long enough, and the account no
    longer new.
    """
    silence = np.maximum(np.floor(k * table["usual_gap_days"]) + 1, min_silence_days)
    day = table["last_order_date"] + pd.to_timedelta(silence, unit="D")
    grown = table["first_order_date"] + pd.Timedelta(days=loss.new_days)
    is_grown = table["gap_count"].ge(loss.min_gaps) | day.ge(grown) | day.isna()
    return day.where(is_grown, grown).astype("datetime64[us]")


def _class_of(account_classes: pd.DataFrame, account_id: pd.Series) -> pd.Series:
    letters = account_classes.set_index("account_id")["abc_revenue"]
    return looked_up(account_id, letters).astype("str")


def _number(day: pd.Series) -> np.ndarray:
    return day.to_numpy().astype("datetime64[D]").astype("int64")
