"""What the programme has brought, in words: why not measured, the verdict, the finding."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.statements import Said
from kamlib.words import count, money, phrase, say, share

NOT_MEASURED = {
    "cost missing": phrase("a cost is missing in its history"),
    "no orders": phrase("no orders"),
    "few months": phrase("fewer than {least} whole months since the admission"),
    "no year before": phrase("no whole year with a margin before the admission"),
    "few controls": phrase("fewer than {least} comparable accounts"),
}
"""Why an account has no figure."""

VERDICT = {
    "no tiers": phrase("No dated tiers: it is not known who was admitted when."),
    "placebo": phrase("Accounts that were not admitted then show an effect too (placebo check)."),
    "gain": phrase("The whole interval lies above what was to be expected without the programme."),
    "loss": phrase("The whole interval lies below what was to be expected without the programme."),
    "no effect shown": phrase("The interval holds both a gain and a loss."),
}
"""What the verdict rests on, where accounts could be measured or nobody was admitted."""


def tell_programme_effect(programme_effect: pd.DataFrame) -> pd.DataFrame:
    """Say of each account without a figure why it has none."""
    notes = [_not_measured(row) for _, row in programme_effect.iterrows()]
    return pd.DataFrame({"note": notes}, index=programme_effect.index, dtype="str")


def tell_programme_verdict(programme_verdict: pd.DataFrame) -> pd.DataFrame:
    """Say what the verdict rests on."""
    notes = [_verdict_note(row) for _, row in programme_verdict.iterrows()]
    return pd.DataFrame({"note": notes}, index=programme_verdict.index, dtype="str")


def _not_measured(row: pd.Series) -> str:
    return say(NOT_MEASURED.get(row["note_code"], ""), least=row["least_count"])


def _verdict_note(row: pd.Series) -> str:
    if row["note_code"] in NOT_MEASURED:
        return say(
            "No key account can be measured; most often: {not_measured}.",
            not_measured=_not_measured(row),
        )
    said = say(VERDICT[row["note_code"]])
    smallest = row["smallest_effect_share"]
    if row["note_code"] == "no effect shown" and smallest == smallest:
        seen = share(smallest, decimals=0)
        said = say(
            "{said} Most effects below {seen} could not have been seen here.", said=said, seen=seen
        )
    if row["measured_count"] and not row["placebo_count"]:
        return say("{said} Too few comparable accounts for a placebo check.", said=said)
    return said


def table_programme_verdict(programme_verdict: pd.DataFrame) -> Said:
    """Return the verdict's title: why it cannot be told, where it cannot."""
    if programme_verdict["verdict"].eq("cannot be told").any():
        return Said(tell_programme_verdict(programme_verdict)["note"].iloc[0])
    return Said(say("The verdict"))


def chart_programme_return(
    programme_return: pd.DataFrame,
    programme_payback: pd.DataFrame,
    *,
    book: BookSettings | None = None,
) -> Said:
    """Return the finding of the programme's return: has it paid for itself, and where it stands."""
    return Said(
        _paid(programme_return, programme_payback, book),
        say(
            "Margin of key accounts above expectation less programme cost, cumulative; band: 95 % "
            "interval"
        ),
        say(
            "Curve of margin above expectation less programme cost, added up by month, with its "
            "interval and the month of payback; the published table programme_return has every "
            "value"
        ),
    )


def _paid(total: pd.DataFrame, payback: pd.DataFrame, book: BookSettings | None) -> str:
    if total.empty:
        return say("The return of the programme cannot be told")
    low, high = (money(total[f"cumulative_{end}"].iloc[-1], book) for end in ("low", "high"))
    paid = payback[payback["question"].eq("payback")].iloc[0]
    if paid["answer"] == "paid back":
        months = count(paid["months_since_first_cost"], "month")
        return say(
            "The programme paid for itself after {months}; now {low} to {high}",
            months=months,
            low=low,
            high=high,
        )
    if paid["answer"] == "not paid back yet":
        return say("The programme has not paid for itself yet: {low} to {high}", low=low, high=high)
    return say("Whether the programme pays cannot be told yet: {low} to {high}", low=low, high=high)
