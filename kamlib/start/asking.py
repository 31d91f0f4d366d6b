"""The columns that no name told: found by their values, asked for, or refused with what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from kamlib.errors import KamError
from kamlib.intake.calendars import hint
from kamlib.start.exports import PLANS
from kamlib.start.meanings import (
    Recognised,
    by_values,
    examples,
    filled,
    is_heading,
    is_money,
    is_shared,
    take_by_values,
    tells_apart,
)
from kamlib.start.names import about, folded, vocabulary, words_of
from kamlib.words import listed

Ask = Callable[[str, Sequence[str], str], str]
"""Question, answers to choose from, how to say it without being asked → the answer."""

NONE = "none"
_SAID = {
    "order_id": "the number of the order (none: an account's lines of a day are one order)",
    "account_id": "the customer",
    "order_date": "the day of the order",
    "revenue": "the amount of money",
}


def find(part: Recognised, name: str, given: Mapping[str, str], ask: Ask) -> None:
    """Find a column that no name told: the only one whose values fit, else ask."""
    where = part.export.title
    if given.get(name) and given[name] != NONE:
        raise _no_such(part, name, given[name])
    kind = {"order_date": "days", "revenue": "amounts"}.get(name, "")
    fitting = by_values(part, name) if kind else filled(part)
    if name == "order_id":
        own = [part.known[one].column for one in ("account_id", "order_date") if part.has(one)]
        fitting = [c for c in fitting if not is_money(part, c) and tells_apart(part, c, own)]
        if not fitting and part.has("account_id", "order_date"):
            return
    words = _words(name)
    fitting.sort(key=lambda column: (_is_other(column), not words & {*folded(column).split()}))
    if name == "account_id" and (heading := next((c for c in fitting if is_heading(part, c)), "")):
        take_by_values(part, name, heading, "it stands above its rows")
        return
    if name == "account_id":  # a customer comes again, and is not the only one
        fitting.sort(key=lambda column: not is_shared(part, column))
    if (
        name == "revenue"
        and len(fitting) > 2
        and not part.has("account_id")
        and len(part.free) < (len(fitting) + 2)
    ):
        raise KamError(
            f"{where} has several columns of amounts ('{fitting[0]}', '{fitting[1]}' …) and none "
            "for the customer.",
            where=where,
            next="If each is a customer: in Excel: Data, From Table, mark the other columns, "
            "Transform, Unpivot Other Columns; then kam new again. If not, name the columns: "
            f"--map account_id='Its name' --map revenue='{fitting[0]}'",
        )
    if kind and not fitting:
        raise _none_fits(part, name, kind)
    if len(fitting) == 1 and kind and not _is_other(fitting[0]):
        take_by_values(part, name, fitting[0], f"the only column of {kind}")
        return
    if not fitting:
        has_rows = part.export.rows.limit(1).count().execute()
        raise KamError(
            f"{where} has no column left that could be {_SAID[name].partition(' (')[0]}."
            if has_rows
            else f"{where} has no rows.",
            where=f"its columns are {', '.join(part.export.columns)}",
            next="Export it again with " + ("one." if has_rows else "its rows."),
        )
    answers = [*fitting, *([NONE] if name == "order_id" else [])]
    shown = examples(part, fitting[:8])
    question = f"Which column of {where} is {_SAID[name]}? {shown}"
    if all(map(_is_other, fitting)) and name == "revenue":
        raise KamError(
            f"{where} has no amounts but running sums, plans, taxes or the like, as their names "
            f"say: {listed(fitting)}.",
            where=f"its columns are {', '.join(part.export.columns)}",
            next=f"Export the amount of each sale. If one is that: --map revenue='{fitting[0]}'",
        )
    best = fitting[0] if len(answers) == 1 else NONE if name == "order_id" else "Its name"
    chosen = ask(question, answers, f"--map {name}='{best}'")
    if chosen != NONE:
        take_by_values(part, name, chosen, "as you say")


def _words(name: str) -> set[str]:
    return {word for known in vocabulary()[name] for word in known.split()}


def _is_other(column: str) -> bool:
    """Whether a column's own name says that it holds no amounts of sales one by one."""
    own = set(folded(column).split())
    if own & words_of("with_or_without"):
        return False
    return any(own & words_of(kind) for kind in ("tax", "shipping", "running")) or any(
        about(word) == PLANS for word in own
    )


def _no_such(part: Recognised, name: str, column: str) -> KamError:
    """Return the refusal of a column that was named for a meaning, and why it cannot have it."""
    own = next((one for one in part.export.columns if folded(one) == folded(column)), "")
    where = f"{part.export.title} has {', '.join(part.export.columns)}"
    if not own:
        return KamError(
            f"{part.export.title} has no column '{column}'.",
            where=f"--map {name}={column}; {where}",
            next="Name one of its columns.",
        )
    kind = {"order_date": "days", "revenue": "amounts"}.get(name, "values")
    example = _first_of(examples(part, [own]))
    said = f" is {found}" if (found := hint(example)) and kind == "days" else ""
    return KamError(
        f"The {kind} in '{own}' are not read: '{example}'{said}.",
        where=f"--map {name}={column}; {where}",
        next="Export them in another form, such as 2025-12-31 or 1234.50, or name another column.",
    )


def _first_of(shown: str) -> str:
    """Return the cell of an example, as :func:`examples` shows it."""
    return shown.partition("('")[2].rpartition("')")[0]


def _none_fits(part: Recognised, name: str, kind: str) -> KamError:
    """Return the refusal of a file none of whose columns holds days, or amounts, that are read."""
    where = part.export.title
    if name in part.unread:
        column, example, many = part.unread[name]
    else:
        held = filled(part)
        told = {one: _first_of(examples(part, [one])) for one in held}
        words = _words("order_date") - _words("order_id")
        likely = [one for one in held if words & {*folded(one).split()} or "/" in told[one]]
        column = next((one for one in likely if name == "order_date" and hint(told[one])), "")
        example, many = told.get(column, ""), ""
    if not column:
        has_rows = part.export.rows.limit(1).count().execute()
        if not has_rows:
            return KamError(
                f"{where} has no rows.",
                where=f"its columns are {', '.join(part.export.columns)}",
                next="Export it again with its rows.",
            )
        return KamError(
            f"{where} has no column left that could be {_SAID[name].partition(' (')[0]}.",
            where=f"its columns are {', '.join(part.export.columns)}",
            next=f"Export it again with one of {kind}"
            + (": the kit needs the day, or the month, of each sale." if kind == "days" else "."),
        )
    said = f" is {found}" if (found := hint(example)) else f"; {many}" if many else ""
    return KamError(
        f"The {kind} in '{column}' are not read: '{example}'{said}.",
        where=where,
        next="Export them in another form, such as 2025-12-31 or 1234.50, or name another "
        f"column: --map {name}='Its name'.",
    )
