"""What the buying models say: how good they were, who is still there, what that is worth."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings, ValueSettings
from kamlib.story.statements import Said
from kamlib.words import count, number, phrase, plural, say, share

LIKELY_GONE = 0.01
IN_DOUBT = 0.9
"""From ``LIKELY_GONE`` up to here it is drawn: of the others there is hardly a doubt."""

MOST_DRAWN = 12
"""The chart of those in doubt has at most so many bars."""

NOTES = {
    "few_accounts": phrase("{counted} with orders; a model needs {limit:.0f}."),
    "few_repeats": phrase("{counted} ordered again; a model needs {limit:.0f}."),
    "no_leaving": phrase("Hardly any leaving can be seen: nearly every account counts as present."),
    "leaving_alike": phrase(
        "The data do not show how the readiness to leave differs between accounts."
    ),
    "pace_alike": phrase("The data do not show how the pace of ordering differs between accounts."),
    "not_settled": phrase("The search for the best parameters did not settle."),
    "most_regular": phrase("Gaps are at least as regular as the highest k tried ({limit:.0f})."),
    "one_time": phrase(
        "The plain form takes an account with one order day for present: use the modified form."
    ),
    "few_contracts": phrase(
        "Yearly contracts with a decision: {figure:.0f}; a model needs {limit:.0f}."
    ),
    "few_ended": phrase("Yearly contracts given up: {figure:.0f}; a model needs {limit:.0f}."),
    "contracts_alike": phrase("The data do not show that some contracts are renewed more readily."),
    "spend_alike": phrase("The data do not show how values vary within or between accounts."),
    "spend_more": phrase(
        "Accounts that order often spend more per order day (correlation {figure:.2f}); the model "
        "takes the two for independent."
    ),
    "spend_less": phrase(
        "Accounts that order often spend less per order day (correlation {figure:.2f}); the model "
        "takes the two for independent."
    ),
    "no_past": phrase("It cannot be tried on this book's past yet."),
    "no_return_rate": phrase("Lost: how many such accounts come back is not known."),
    "not_tried": phrase(
        "As in the last 12 months: no estimate could be tried on this book's past yet."
    ),
    "last_year_better": phrase(
        "As in the last 12 months: on this book's past that was nearer than the buying model."
    ),
    "no_mean": phrase("Values spread too widely for a mean."),
    "no_model": phrase("No model:"),
    "one_account": phrase("Cannot be compared: one account."),
    "model_better": phrase("The model is better, and not by chance."),
    "rule_better": phrase("The simple rule is better, and not by chance."),
    "no_difference": phrase("No difference beyond chance: the simpler rule is preferred."),
    "head_start": phrase("The rule had a head start: its chances come from the hold-out itself."),
}
"""The sentence of each code; a note of several codes is their sentences in a row."""


def tell_alive_probability(alive_probability: pd.DataFrame) -> pd.DataFrame:
    """Return why there is no probability, or how to read it."""
    return _notes(alive_probability)


def tell_expected_orders(expected_orders: pd.DataFrame) -> pd.DataFrame:
    """Return why there is no forecast, or how to read it."""
    return _notes(expected_orders)


def tell_expected_spend(expected_spend: pd.DataFrame) -> pd.DataFrame:
    """Return why there is no value, or how to read it."""
    return _notes(expected_spend)


def tell_customer_value(customer_value: pd.DataFrame) -> pd.DataFrame:
    """Return when margins are counted, and why there is no value or how to read it."""
    return _notes(customer_value).assign(
        timing=say("margins at the end of each year, as expected in it")
    )


def tell_calibration(calibration: pd.DataFrame) -> pd.DataFrame:
    """Return why nothing was expected, or how to read it."""
    return _notes(calibration)


def tell_model_choice(model_choice: pd.DataFrame) -> pd.DataFrame:
    """Return why a fit is not one to rely on."""
    return _notes(model_choice)


def tell_model_verdict(model_verdict: pd.DataFrame) -> pd.DataFrame:
    """Return why one of the two is preferred."""
    return _notes(model_verdict)


def tell_renewal_rates(renewal_rates: pd.DataFrame) -> pd.DataFrame:
    """Return why there is no model of the renewals, or how to read it."""
    return _notes(renewal_rates)


def note_model_verdict(model_verdict: pd.DataFrame) -> str:
    """Return what the comparison means for the reader.

    >>> note_model_verdict(pd.DataFrame({"is_deciding": [True], "preferred": ["model"]}))[:26]
    'Go by these probabilities:'
    """
    deciding = model_verdict[model_verdict["is_deciding"]]
    if deciding.empty:
        return say(
            "The orders are too few to try the model on the past of this book: read its figures "
            "as guesses."
        )
    if deciding["preferred"].iloc[0] == "model":
        return say(
            "Go by these probabilities: on the past of this book they were better than the simple "
            "rule of silence."
        )
    return say(
        "Go by the status at the top of the page: on the past of this book the simple rule of "
        "silence told as well as the model who would order again. What follows is a second "
        "opinion."
    )


def chart_calibration(calibration: pd.DataFrame) -> Said:
    """Return how the forecasts compare with what came."""
    alt = say(
        "Order days that came in the hold-out beside those the model expected, by how often "
        "accounts had ordered before"
    )
    if calibration.empty:
        return Said(
            say("Forecasts cannot be checked yet"),
            say("No account had ordered before the hold-out"),
            alt,
        )
    days = calibration["holdout_days"].iloc[0]
    return Said(
        _calibration_finding(calibration),
        say(
            "Mean order days per account in the {days:.0f} days held out, with 95 % interval; "
            "model fitted before",
            days=days,
        ),
        alt,
    )


def _calibration_finding(calibration: pd.DataFrame) -> str:
    model = calibration["model"].iloc[0]
    groups = calibration.dropna(subset="is_within")
    if calibration["expected_orders"].isna().all():
        return say("No forecast to check: {calibration}", calibration=_first_note(calibration))
    if groups.empty:
        return say("Too few accounts to check the forecast")
    missed = groups[~groups["is_within"].astype(bool)]
    of_groups = say("{missed} of {groups} groups", missed=len(missed), groups=len(groups))
    if missed.empty:
        every = {1: say("the one group"), 2: say("both groups")}.get(
            len(groups), say("all {groups} groups", groups=len(groups))
        )
        return say("{model} was right within chance in {every}", model=model, every=every)
    if (missed["expected_orders"] < missed["actual_low"]).all():
        return say(
            "{model} expected too few orders in {of_groups}", model=model, of_groups=of_groups
        )
    if (missed["expected_orders"] > missed["actual_high"]).all():
        return say(
            "{model} expected too many orders in {of_groups}", model=model, of_groups=of_groups
        )
    return say(
        "{model} was off by more than chance in {of_groups}", model=model, of_groups=of_groups
    )


def in_doubt(alive_probability: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the accounts in doubt, the least likely first."""
    is_doubted = alive_probability["alive_probability"].between(LIKELY_GONE, IN_DOUBT)
    return alive_probability[is_doubted].sort_values(["alive_probability", "account_id"])


def chart_alive(alive_probability: pd.DataFrame, *, most: int = MOST_DRAWN) -> Said:
    """Return how many accounts are more likely gone than here, and which of them are drawn."""
    alt = say(
        "Bars of the probability of still being there for the accounts least likely to be; the "
        "table has all"
    )
    known = alive_probability.dropna(subset="alive_probability")
    if known.empty:
        why = _first_note(alive_probability) or say("No account has ordered")
        return Said(say("Nothing can be said of who is still there"), why, alt)
    gone, doubtful = (
        int(known["alive_probability"].lt(limit).sum()) for limit in (LIKELY_GONE, 0.5)
    )
    finding = (
        say(
            "{doubtful} of {accounts} {are} more likely gone than here",
            doubtful=number(doubtful),
            accounts=count(len(known), "account"),
            are=plural(doubtful, "is", "are"),
        )
        if doubtful
        else say("Every account is more likely here than gone")
    )
    by = say("by what came of like accounts within a year")
    doubted = len(in_doubt(known))
    if not doubted:
        return Said(
            say("{finding}, and no other is in doubt", finding=finding) if doubtful else finding,
            "",
            alt,
        )
    cut = (
        say(", the {most} least likely of {doubted}", most=most, doubted=number(doubted))
        if doubted > most
        else ""
    )
    sure = say("; not drawn: {gone} below 1 %", gone=number(gone)) if gone else ""
    return Said(
        finding,
        say(
            "Probability of still being a customer, accounts between 1 and 90 %{cut}; {by}{sure}",
            cut=cut,
            by=by,
            sure=sure,
        ),
        alt,
    )


def table_alive_probability(alive_probability: pd.DataFrame) -> Said:
    """Return the title and caption of the accounts that may have left."""
    if not alive_probability["alive_probability"].lt(0.99).any():
        return Said(say("No account is probably gone, or the orders are too few to tell"))
    # the remark of one-time buyers is theirs alone, that of a lost one too
    is_own = alive_probability["note_code"].isin(["one_time", "no_return_rate"])
    of_model = alive_probability[~is_own]
    return Said(
        say("Probability of still being there, the largest doubt first"),
        say(
            "The share of the accounts judged alike on past days that ordered within a year, with "
            "its 80 % interval; a lost account by how many such accounts came back; accounts "
            "below 99 %. {of_model}",
            of_model=_first_note(of_model),
        ).rstrip(),
    )


def table_customer_value(
    customer_value: pd.DataFrame, *, value: ValueSettings, book: BookSettings | None = None
) -> Said:
    """Return the title and caption of what accounts are expected to bring."""
    note = _first_note(customer_value)
    if customer_value["customer_value"].isna().all():
        is_known = customer_value["margin_rate"].notna().any() or customer_value.empty
        why = note if is_known else say("The margin of the book's revenue is not known.")
        return Said(say("What accounts will bring cannot be told. {why}", why=why).rstrip())
    return Said(
        say("What accounts are expected to bring within three years"),
        say(
            "Expected margin, discounted at {discount_rate} a year; {timing}; 1 and 5 years are "
            "in the published table. {note}",
            discount_rate=share(value.discount_rate, book),
            timing=tell_customer_value(customer_value)["timing"].iloc[0],
            note=note,
        ).rstrip(),
    )


def _notes(table: pd.DataFrame) -> pd.DataFrame:
    """Return the notes of a table of the models, from the facts that stand on each of its rows."""
    facts = table[["note_code", "note_figure", "note_limit"]]
    notes = [_note(*row) for row in facts.itertuples(index=False)]
    return pd.DataFrame({"note": pd.Series(notes, index=table.index, dtype="str")})


def _note(codes: str, figure: float, limit: float) -> str:
    counted = count(figure, "account")
    return " ".join(
        say(NOTES[code], counted=counted, figure=figure, limit=limit) for code in codes.split()
    )


def _first_note(table: pd.DataFrame) -> str:
    return "".join(_notes(table.head(1))["note"])
