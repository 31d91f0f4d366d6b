"""The one thing to do about an account: what, whom to speak to, who, by when, for how much."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.holes import NO_HOLES, Holes, is_known
from kamlib.tables import shaped

URGENCY = {
    "overdue": 3.0,
    "lost": 2.5,
    "renewal": 1.5,
    "promote": 1.2,
    "review": 1.2,
    "narrow": 1.2,
    "down": 1.0,
    "shrinking": 0.9,
    "group": 0.8,
    "check-in": 0.7,
    "gone": 0.6,
}
"""How pressing each kind of occasion is; *gone* is a loss of an earlier period."""
KEY_URGENCY = 3.0
"""How much more pressing an occasion is at a key account."""
DAYS = {"overdue": 7, "lost": 14}
"""Days to act in, by kind of occasion; 30 for all others."""
FLOOR = 0.001
"""Share of the book's revenue below which an account that is not key is left to its owner."""
LINKS = {
    "overdue": "retention.html",
    "lost": "retention.html",
    "gone": "retention.html",
    "check-in": "retention.html",
    "renewal": "",
    "promote": "scoring.html",
    "review": "scoring.html",
    "narrow": "scoring.html",
    "down": "segmentation.html",
    "shrinking": "",
    "group": "segmentation.html",
}
"""Where the evidence of each kind of occasion is; of an agreement in the account's dossier."""
UNKNOWN = "not recorded"
ROLES = ("decider", "approver", "buyer", "influencer", "user", "gatekeeper")


def account_actions(
    account_standing: pd.DataFrame,
    account_status: pd.DataFrame,
    previous_account_status: pd.DataFrame | None,
    class_moves: pd.DataFrame,
    rollup_changes: pd.DataFrame,
    due_renewals: pd.DataFrame,
    account_declines: pd.DataFrame,
    overdue_checkins: pd.DataFrame,
    win_back: pd.DataFrame,
    contacts: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    holes: Holes = NO_HOLES,
    floor: float = FLOOR,
) -> pd.DataFrame:
    """One row per account that something is to be done about: the one thing; most pressing first.

    An occasion calls for an action: an account is *overdue* (not where it brought less than
    nothing, nor where the data end early: it may have ordered since), was *lost* in the period or
    earlier (*gone*), has a *renewal* to decide on before the next report, is to be *promoted*,
    *reviewed* or cared for less (*narrow*), fell a class by its own doing (*down*), has shrunk over
    years (*shrinking*), is the largest of a *group* that counts for more than it does alone, or a
    planned *check-in* with a key account is overdue. A lost account has no other occasion than its
    loss. Of several the most pressing counts: money at stake × urgency, three times that for a key
    account.
    Accounts whose stake is below ``floor`` of the revenue of all are left out unless they are key.

    ``action_code``: call; ask_reason, offer, win_back or let_go (a lost account: no reason is
    recorded; an offer is on the list; neither; or it is let go of, told once, in the period it got
    lost); renew, promote, review, narrow, ask_fall, group, check_in.
    ``contact`` is whom to speak to: the person with the most influence, then by role.

    Parameters
    ----------
    floor
        Share of the revenue of all accounts below which a stake is a trifle.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.account_actions["account_id"].is_unique
    True
    """
    kinds = pd.concat(
        [
            _silent(
                account_standing,
                account_status,
                previous_account_status,
                is_told=is_known(as_of, holes),
            ),
            _proposed(account_standing),
            _fallen(class_moves),
            due_renewals[["account_id", "agreement_id", "notice_date"]].assign(kind="renewal"),
            _groups(rollup_changes),
            account_declines[["account_id"]].assign(kind="shrinking"),
            overdue_checkins[["account_id"]].assign(kind="check-in"),
        ],
        ignore_index=True,
    )
    table = kinds.merge(account_standing, on="account_id")
    is_lost = table["status"].eq("lost")
    of_loss = table["kind"].isin(["lost", "gone"])
    table = table[(is_lost == of_loss) & (table["is_key"] | table["kind"].ne("check-in"))]
    least = floor * account_status["revenue"].clip(lower=0).sum()
    table = table[table["is_key"] | table["at_stake"].ge(max(least, 0.0))]
    offers = win_back.set_index("account_id")[["offer", "cost", "is_chosen", "why_not_code"]]
    table = table.join(offers, on="account_id").join(people(contacts), on="account_id")
    table = table.assign(
        is_change=~table["kind"].isin(["gone", "check-in", "shrinking"]),
        link=table["kind"].map(LINKS),
        stake_source="orders",
        due_date=_due(table, as_of),
        pressing=table["kind"].map(URGENCY).astype("float64")
        * np.where(table["is_key"], KEY_URGENCY, 1.0)
        * table["at_stake"].clip(lower=0),
    )
    table["action_code"] = _codes(table)
    table = table.sort_values(
        ["pressing", "account_id", "due_date"], ascending=[False, True, True], kind="stable"
    )
    return shaped("account_actions", table.drop_duplicates("account_id"))


def _silent(
    standing: pd.DataFrame, now: pd.DataFrame, before: pd.DataFrame | None, *, is_told: bool
) -> pd.DataFrame:
    """Return accounts that are overdue, those lost in the period, and those to be won back."""
    was = pd.Series(dtype="str") if before is None else before.set_index("account_id")["status"]
    was = now["account_id"].map(was)
    is_lost = now["status"].eq("lost")
    verdict = now["account_id"].map(standing.set_index("account_id")["verdict"])
    kind = np.select(
        [
            now["status"].eq("overdue") & now["revenue"].ge(0) & is_told,
            is_lost & was.isin(["active", "overdue", "new", "resting"]),
            is_lost & verdict.eq("win back"),
        ],
        ["overdue", "lost", "gone"],
        "",
    )
    found = now[["account_id"]].assign(kind=kind)
    return found[found["kind"].ne("")]


def _proposed(standing: pd.DataFrame) -> pd.DataFrame:
    """Return accounts to promote, to review, or at which to narrow the programme."""
    found = standing[standing["verdict"].isin(["promote", "review", "narrow"])]
    return found[["account_id"]].assign(kind=found["verdict"])


def _fallen(class_moves: pd.DataFrame) -> pd.DataFrame:
    """Return accounts that fell a class, not only because the others changed."""
    is_own = class_moves["direction"].eq("down") & class_moves["cause"].ne("neighbours")
    is_less = class_moves["revenue_now"].lt(class_moves["revenue_then"])
    return class_moves.loc[is_own & is_less, ["account_id"]].assign(kind="down")


def _groups(rollup: pd.DataFrame) -> pd.DataFrame:
    """Return the largest account of each group that counts for more than it does alone."""
    large = rollup[rollup["rank_gain"].ge(3) & rollup["group_rank"].le(10)]
    return large[["largest_id"]].rename(columns={"largest_id": "account_id"}).assign(kind="group")


def _due(table: pd.DataFrame, as_of: pd.Timestamp) -> pd.Series:
    """Return by when to act: a notice day, else so many days from now; never in the past."""
    days = table["kind"].map(DAYS).fillna(30)
    due = as_of + pd.to_timedelta(days, unit="D")
    notice = table["notice_date"] if "notice_date" in table else pd.Series(pd.NaT, table.index)
    notice = pd.to_datetime(notice)
    return notice.mask(notice.lt(as_of), as_of).fillna(due)


def _codes(table: pd.DataFrame) -> np.ndarray:
    of_loss, kind = table["kind"].isin(["lost", "gone"]), table["kind"]
    return np.select(
        [
            of_loss & table["verdict"].eq("let go"),
            of_loss & table["reason"].isin(["", UNKNOWN]),
            of_loss & table["is_chosen"].eq(True),
            of_loss,
            kind.eq("overdue"),
            kind.eq("renewal"),
            kind.isin(["down", "shrinking"]),
            kind.eq("check-in"),
        ],
        ["let_go", "ask_reason", "offer", "win_back", "call", "renew", "ask_fall", "check_in"],
        kind,
    )


def people(contacts: pd.DataFrame) -> pd.DataFrame:
    """Return whom to speak to at each account, by account id: name and role."""
    role = contacts["role"].map({name: place for place, name in enumerate(ROLES)})
    ordered = contacts.assign(place=role.fillna(len(ROLES))).sort_values(
        ["account_id", "influence", "place", "name"], ascending=[True, False, True, True]
    )
    first = ordered[ordered["name"].notna()].drop_duplicates("account_id").set_index("account_id")
    return pd.DataFrame({"contact": first["name"], "role": first["role"]}).astype("str")
