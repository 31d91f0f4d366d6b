"""What if: the same period under other settings, who enters, who leaves, and what it costs.

Plain calls answer (`what_if`); `sliders` puts them under controls in JupyterLab or VS Code.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kamlib.book import BookSettings
from kamlib.book.criteria import Criterion
from kamlib.errors import KamError, nearest
from kamlib.period import Period
from kamlib.scoring.stability import above_line_shares
from kamlib.story.whatif import headline_what_if

ORDER = ("segmentation", "key_accounts", "scoring", "loss", "win_back")
"""Sections of ``book.toml`` that can be tried, those that others rest on first."""

LINE = "above the line"
FIRM = "above_line_share"
_TYPES = {"revenue": "float64", FIRM: "float64"} | dict.fromkeys(
    ("list", "account_id", "name", "change"), "str"
)
MOVES = ["list", "account_id", "name", "change", "revenue", FIRM]


@dataclass(frozen=True)
class Answer:
    """What other settings would change: ``moves`` and ``figures``, and the settings as lines.

    Attributes
    ----------
    moves
        One row per account and list that it enters or leaves: the accounts above the admission
        line, class A, the lost accounts, the win-back list. ``above_line_share`` says how firm a
        place on the line is: the share of plausible weightings that put the account above it.
    figures
        One row per figure: as it is, and as it would be.
    toml
        The settings as lines of ``book.toml``; empty where nothing differs from the book.
    """

    moves: pd.DataFrame
    figures: pd.DataFrame
    toml: str
    period: Period = field(repr=False)

    def __str__(self) -> str:
        """Say in one sentence what would change."""
        return headline_what_if(self.moves)


def what_if(
    q: Period,
    *,
    weights: Mapping[str, float] | None = None,
    line: float | None = None,
    abc: tuple[float, float] | None = None,
    lost: float | None = None,
    budget: float | None = None,
) -> Answer:
    """Return who would enter and leave, how firm it is and what it costs, under other settings.

    The figures are those of the report with these settings in ``book.toml``: the same calculations
    make them.

    Parameters
    ----------
    weights
        Criterion → weight, of some or all criteria; all are scaled so that they sum to 1.
    line
        The admission line: the score from which an account is admitted, 1 to 10; where the book
        counts places, how many there are.
    abc
        The shares of revenue at which class A and class B end.
    lost
        Silence, in multiples of the usual gap, after which an account counts as lost.
    budget
        The money for win-back offers.

    Raises
    ------
    KamError
        A criterion is not known, or a value does not fit.

    Examples
    --------
    >>> import kamlib as kam
    >>> from kamlib.whatif import what_if
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> answer = what_if(q, line=7.0)
    >>> answer.moves["change"].unique().tolist()
    ['leaves']
    >>> print(answer.toml)
    [key_accounts]
    min_score = 7.0
    """
    wanted: dict[str, dict[str, Any]] = {}
    if abc is not None:
        wanted["segmentation"] = {"abc": tuple(abc)}
    if line is not None:
        is_counted = q.admission_rule.min_score is None
        wanted["key_accounts"] = {"top_n": round(line)} if is_counted else {"min_score": line}
    if weights:
        wanted["scoring"] = {"criteria": _weighted(q.book, weights)}
    if lost is not None:
        wanted["loss"] = {"lost": lost}
    if budget is not None:
        wanted["win_back"] = {"budget": budget}
    other = _under(q, wanted)
    toml = "\n\n".join(_lines(name, keys) for name, keys in wanted.items())
    return Answer(_moves(q, other), _figures(q, other), toml, other)


def _under(q: Period, wanted: dict[str, dict[str, Any]]) -> Period:
    """Return the period under settings, one section on top of the other: what was computed for the
    sections below is kept, so that only what the last one touches is computed anew.
    """
    kept = q.__dict__.setdefault("_tried", {})
    path: tuple[str, ...] = ()
    here = q
    for section in ORDER:
        if section not in wanted:
            continue
        path = (*path, f"{section} {wanted[section]}")
        if path not in kept:
            while len(kept) >= 40:
                kept.pop(next(iter(kept)))
            kept[path] = here.with_settings(**{section: wanted[section]})
        here = kept[path]
    return here


def _weighted(book: BookSettings, weights: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return the book's criteria under other weights, in whole thousandths that sum to 1."""
    known = {one.name: one for one in book.scoring.in_use}
    for name in weights:
        if name not in known:
            raise KamError(
                f"There is no criterion '{name}'.", where="weights", next=nearest(name, known)
            )
    wanted = {name: float(weights.get(name, one.weight)) for name, one in known.items()}
    total = math.fsum(wanted.values())
    if min(wanted.values()) < 0 or total <= 0:
        raise KamError("Weights are above zero.", where="weights", next="Give others.")
    shares = {name: max(round(weight / total, 3), 0.001) for name, weight in wanted.items()}
    largest = max(shares, key=lambda name: shares[name])
    shares[largest] = round(1 - math.fsum(shares.values()) + shares[largest], 3)
    return [_plain(known[name]) | {"weight": share} for name, share in shares.items()]


def _plain(criterion: Criterion) -> dict[str, Any]:
    return criterion.model_dump(by_alias=True, exclude_unset=True) | {
        "side": criterion.side,
        "measure": criterion.measure,
        "judged": criterion.judged,
    }


def _kept(q: Period, name: str, make: Callable[[], Any]) -> Any:
    """Return what was found of a period before, else find it."""
    kept = q.__dict__.setdefault("_answered", {})
    if name not in kept:
        kept[name] = make()
    return kept[name]


def _lists(q: Period) -> dict[str, set[str]]:
    """Return the accounts of each list."""
    return _kept(q, "lists", partial(_found_lists, q))


def _found_lists(q: Period) -> dict[str, set[str]]:
    scores, classes, status, offers = (
        q.account_scores,
        q.account_classes,
        q.account_status,
        q.win_back,
    )
    return {
        name: set(table["account_id"].to_numpy(dtype=object)[is_on])
        for name, table, is_on in (
            (LINE, scores, scores["is_above_line"].to_numpy(dtype=bool)),
            ("class A", classes, _is(classes["abc_revenue"], "A")),
            ("lost", status, _is(status["status"], "lost")),
            ("win-back list", offers, offers["is_chosen"].to_numpy(dtype=bool)),
        )
    }


def _is(column: pd.Series, code: str) -> npt.NDArray[np.bool_]:
    """Return where a column of codes has one; Python's strings compare faster one by one."""
    return column.to_numpy(dtype=object) == code


def _moves(q: Period, other: Period) -> pd.DataFrame:
    before, after = _lists(q), _lists(other)
    changed = {
        (name, change): accounts
        for name in before
        for change, accounts in (
            ("enters", after[name] - before[name]),
            ("leaves", before[name] - after[name]),
        )
    }
    told: set[str] = set().union(*changed.values())
    status = other.account_status
    is_told = [account in told for account in status["account_id"].to_numpy(dtype=object)]
    columns = (status[one].to_numpy()[is_told] for one in ("account_id", "name", "at_stake"))
    about = {account: (name, stake) for account, name, stake in zip(*columns, strict=True)}
    asked = changed[LINE, "enters"] | changed[LINE, "leaves"]
    firm = other.call(above_line_shares, asked=asked) if asked else {}
    # list by list, those that enter first; the most money first, of equal money by account
    rows = [
        (name, account, *about[account], change, firm[account] if name == LINE else np.nan)
        for (name, change), accounts in changed.items()
        for account in sorted(accounts, key=lambda one: (-about[one][1], one))
    ]
    moves = pd.DataFrame(rows, columns=["list", "account_id", "name", "revenue", "change", FIRM])
    return moves.astype(_TYPES)[MOVES]


def _figures(q: Period, other: Period) -> pd.DataFrame:
    """One row per figure: its unit, what it is and what it would be."""
    now, then = (_kept(one, "figures", partial(_figures_of, q, one)) for one in (q, other))
    rows = [(name, unit, value, then[name][1]) for name, (unit, value) in now.items()]
    return pd.DataFrame(rows, columns=["figure", "unit", "now", "then"])


def _figures_of(q: Period, other: Period) -> dict[str, tuple[str, float]]:
    lists, offers, status = _lists(other), other.win_back, other.account_status
    is_gone, is_chosen = _is(status["status"], "lost"), offers["is_chosen"].to_numpy(dtype=bool)
    gone, cost, value = (
        table[name].to_numpy(dtype="float64")[is_on]
        for table, name, is_on in (
            (status, "at_stake", is_gone),
            (offers, "cost", is_chosen),
            (offers, "offer_value", is_chosen),
        )
    )
    each = _kept(q, "cost of one", partial(_cost_of_one, q))
    above = len(lists[LINE])
    return {
        "Accounts above the line": ("count", above),
        "Programme cost of a year for as many": ("money", each * above),
        "Class A accounts": ("count", len(lists["class A"])),
        "Lost accounts": ("count", len(gone)),
        "Revenue of the year to their last order": ("money", float(np.nansum(gone))),
        "Losses called in vain": ("share", _false_share(q, other.book.loss.lost)),
        "Win-back offers": ("count", len(cost)),
        "What the offers cost": ("money", float(np.nansum(cost))),
        "What the offers are expected to bring": ("money", float(np.nansum(value))),
    }


def _cost_of_one(q: Period) -> float:
    """Return what the programme cost per key account in the last twelve months; n/a if unknown."""
    costs, keys = q.programme_costs, int(q.key_accounts["is_key"].sum())
    year = costs[costs["month"].gt(q.as_of - pd.DateOffset(years=1))]
    return float(year["cost"].sum()) / keys if keys and len(year) else float("nan")


def _false_share(q: Period, k: float) -> float:
    """Return how often the back-test saw the alarm err, at the k tested nearest to this one."""
    rates = _kept(q, "false alarms", partial(_false_alarms, q))
    return rates[min(rates, key=lambda tested: abs(tested - k))] if rates else float("nan")


def _false_alarms(q: Period) -> dict[float, float]:
    """Return k → how often the alarm of losses erred, as far as it was tested."""
    tested = q.alarm_quality[q.alarm_quality["rule"].eq("lost")]
    return dict(zip(tested["k"], tested["false_alarm_rate"], strict=True))


def _lines(section: str, keys: dict[str, Any]) -> str:
    r"""Return a section as lines of ``book.toml``.

    >>> _lines("loss", {"lost": 3.5})
    '[loss]\nlost = 3.5'
    """
    if section == "scoring":
        blocks = [_block(one) for one in keys["criteria"]]
        return "\n\n".join(["# instead of the criteria that stand there", *blocks])
    return "\n".join([f"[{section}]", *(f"{key} = {_value(v)}" for key, v in keys.items())])


def _block(criterion: dict[str, Any]) -> str:
    kept = {key: value for key, value in criterion.items() if value not in (None, False, (), {})}
    return "\n".join(
        ["[[scoring.criteria]]", *(f"{key} = {_value(value)}" for key, value in kept.items())]
    )


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str):
        import json

        return json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else f"{value}"


def _key(key: object) -> str:
    return str(key) if str(key).isidentifier() else f'"{key}"'
