"""Why rows of a book were not used, as readers are told; tables hold it in English."""

from __future__ import annotations

import re
from functools import cache

from kamlib.words import phrase, say

_REASONS = (
    phrase("{column} is a formula that was never computed"),
    phrase("{column} is an error of the spreadsheet"),
    phrase("{column} is outside its limits"),
    phrase("{column} is damaged by a spreadsheet"),
    phrase("{column} is not an amount"),
    phrase("{column} is not a number"),
    phrase("{column} is not a date"),
    phrase("{column} is not a month"),
    phrase("{column} is not yes or no"),
    phrase("{column} is none of {choices}"),
    phrase("{column} cannot be read"),
    phrase("a total, not an order line"),
    phrase("no rate for its month and currency"),
    phrase("repeats another line"),
    phrase("repeats its {key}"),
    phrase("same line_id with different amounts"),
    phrase("same line_id with different accounts"),
    phrase("same {key} with different values"),
    phrase("no {column}"),
)


def reason_said(reason: str) -> str:
    """Return a reason in the language that is spoken; one that the book itself gives as it is.

    >>> reason_said("revenue is not an amount"), reason_said("sample, free of charge")
    ('revenue is not an amount', 'sample, free of charge')
    """
    for template, pattern in _patterns():
        if found := pattern.fullmatch(reason):
            return say(template, **found.groupdict())
    return reason


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return each reason with what finds it and its facts."""
    named = (re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(one)) for one in _REASONS)
    return tuple((one, re.compile(made)) for one, made in zip(_REASONS, named, strict=True))
