"""Practice companies: a fictional company with every canonical table and the truth that was planted
in it (M37).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kamlib.errors import KamError, nearest
from kamlib.practice import deals, market, people, programme, voices
from kamlib.practice.books import BOOKS, plant
from kamlib.practice.booktext import book_text
from kamlib.practice.cast import STORIES, Role
from kamlib.practice.ledger import as_text, dirt, orders_table
from kamlib.practice.plans import plans
from kamlib.practice.roster import rhythm_like
from kamlib.practice.setting import Setting
from kamlib.practice.truth import truth
from kamlib.practice.world import World, world
from kamlib.tables import CANONICAL, typed

SAMPLE_SEED, ACCOUNTS = 8, 120
REVENUE_PER_ACCOUNT = 10.5e6 / ACCOUNTS


@dataclass(frozen=True)
class Company:
    """A practice company. `tables`: its canonical tables, clean and typed; `truth`: one row per
    planted fact; `plans`: plan text per key account; `book`: the text of book.toml; `dirt`: damaged
    order lines, as text.
    """

    tables: dict[str, pd.DataFrame]
    truth: pd.DataFrame
    plans: dict[str, str]
    book: str
    dirt: pd.DataFrame


def company(
    seed: int = SAMPLE_SEED,
    *,
    story: str | Sequence[str] = "all",
    without: Sequence[str] = (),
    accounts: int = ACCOUNTS,
    start: str = "2020-01",
    months: int = 72,
    like: pd.DataFrame | None = None,
    leavers: float | None = None,
    returns: float = 0.2,
    late_hazard_ratio: float = 2.5,
    incident_hazard_ratio: float = 1.5,
    programme_effect: float = 0.20,
    admission: str = "steady",
    waves: Sequence[float] = (0.7, 0.3),
    groups: int = 3,
    noise: float = 1.0,
    own: Sequence[Role] = (),
) -> Company:
    """A practice company with a known truth; the same seed gives the same company, to the byte.

    An account leaves at the end of a month in which it ordered with probability
    1 − exp(−h · late_hazard_ratio^L · incident_hazard_ratio^I), with L the late orders promised in
    that month and the two before, I the other incidents of the same months. A ratio of 1 plants no
    effect; a late ratio of 1 also takes out the story of the account that leaves after late
    deliveries.

    Parameters
    ----------
    story, without
        "all", "none" (nothing but the plain model), one story, or several; and stories left out.
        Stories of `BOOKS` make another kind of book and are in no "all"; given alone, they are
        planted into a company with all the others.
    like
        Another book's account_days (account_id, date, revenue): its number of accounts, months,
        rhythm and size.
    leavers, returns
        Accounts expected to leave by the hazard in the whole history (default: a quarter), and the
        chance that one that left comes back.
    programme_effect
        The share by which revenue and margin of a key account rise from its admission on.
    admission, waves
        "steady" (chosen by size over all earlier years) or "peak" (chosen after a peak year); the
        shares of the admissions in the first years of the programme.
    groups, noise
        Company groups; the scale of the random deviation of years and orders.
    own
        Roles of a story that somebody wrote (`read_story`).

    Raises
    ------
    KamError
        A story or an admission is not known, or the size makes no company.
    """
    named = (story,) if isinstance(story, str) else tuple(story)
    kinds = tuple(name for name in named if name in BOOKS)
    if kinds:
        story = tuple(name for name in named if name not in BOOKS and name != "all")
        story = "all" if not story or "all" in named else story
    rhythm = None
    revenue = REVENUE_PER_ACCOUNT * accounts
    if like is not None:
        rhythm, size = rhythm_like(like)
        accounts, months, start = (
            int(str(size["accounts"])),
            int(str(size["months"])),
            str(size["start"]),
        )
        revenue = float(str(size["revenue"])) or revenue
    if accounts < 1 or months < 3:
        raise KamError(
            "A practice company needs at least 1 account and 3 months.",
            next="Ask for a larger one.",
        )
    if admission not in ("steady", "peak"):
        raise KamError(
            f"There is no admission '{admission}'.", next=nearest(admission, ["steady", "peak"])
        )
    setting = Setting(
        seed=seed,
        stories=_stories(story, without, late_hazard_ratio),
        accounts=accounts,
        first_date=np.datetime64(f"{start}-01", "D"),
        months=months,
        leavers=accounts / 4 if leavers is None else leavers,
        returns=returns,
        late_hazard_ratio=late_hazard_ratio,
        incident_hazard_ratio=incident_hazard_ratio,
        programme_effect=programme_effect,
        admission=admission,
        waves=tuple(waves),
        groups=groups,
        noise=noise,
        revenue=revenue,
        rhythm=rhythm,
        own=tuple(own),
    )
    return _planted(_written(world(setting)), kinds, seed)


def _planted(made: Company, kinds: tuple[str, ...], seed: int) -> Company:
    """The company as a book of another kind, where stories ask for one."""
    if not kinds:
        return made
    tables, book, facts = plant(made.tables, made.book, kinds, seed)
    rows = pd.DataFrame(facts, columns=made.truth.columns)
    rows["date"] = pd.to_datetime(rows["date"]).astype("datetime64[us]")
    truth_ = pd.concat([made.truth, rows.astype({"value": "float64"})], ignore_index=True)
    plans = made.plans if "contacts" in tables else {}
    dirt = made.dirt.head(0)
    return Company(tables=tables, truth=truth_, plans=plans, book=book, dirt=dirt)


def _stories(
    story: str | Sequence[str], without: Sequence[str], late_hazard_ratio: float
) -> tuple[str, ...]:
    wanted = (
        {"all": STORIES, "none": ()}.get(story, (story,))
        if isinstance(story, str)
        else tuple(story)
    )
    for name in (*wanted, *without):
        if name not in STORIES:
            raise KamError(
                f"There is no story '{name}'.",
                next=nearest(name, [*STORIES, *BOOKS, "all", "none"]),
            )
    if "renewal" in wanted and not {"whale", "steady"} & {*wanted}:
        wanted = (*wanted, "steady")  # a renewal needs a contract partner
    absent = {*without, *(("late_leaver",) if late_hazard_ratio == 1 else ())}
    return tuple(name for name in STORIES if name in wanted and name not in absent)


def _written(simulated: World) -> Company:
    setting = simulated.setting
    orders = orders_table(simulated)
    persons = people.contacts(simulated)
    meetings = people.interactions(simulated, persons)
    accounts = programme.accounts_table(simulated)
    tables = {
        "orders": orders,
        "accounts": accounts,
        "tiers": programme.tiers(simulated),
        "managers": programme.managers(),
        "targets": programme.targets(simulated),
        "judgements": programme.judgements(simulated),
        "decisions": programme.decisions(simulated),
        "invoices": deals.invoices(simulated),
        "rates": deals.rates(simulated),
        "contacts": people.with_last_contact(persons, meetings),
        "interactions": meetings,
        "incidents": market.incidents(simulated),
        "opportunities": deals.opportunities(simulated),
        "agreements": deals.agreements(simulated),
        "feedback": voices.feedback(simulated),
        "account_events": voices.account_events(simulated),
        "team": people.team(simulated),
        "competitors": market.competitors(simulated),
        "needs": market.needs(simulated),
        "prospects": market.prospects(simulated),
        "losses": market.losses(simulated),
        "offers": market.offers(),
        "programme_costs": programme.programme_costs(simulated),
        "service_costs": programme.service_costs(simulated, accounts),
        "skills": programme.skills(simulated),
    }
    damaged = dirt(orders, setting)
    return Company(
        tables={name: typed(tables[name], name) for name in CANONICAL},
        truth=truth(simulated, orders, damaged),
        plans=plans(simulated),
        book=book_text(setting.revenue / setting.accounts / REVENUE_PER_ACCOUNT),
        dirt=damaged,
    )


def write_company(company: Company, folder: Path | str, *, is_sealed: bool = False) -> None:
    """Writes a company as a book: book.toml, a CSV per table, plans/, and the truth apart in
    truth/truth.csv; sealed without it, and without a word that it is made up.

    The damaged lines go into orders.csv, each at a fixed place, so that reading the book has
    something to set aside.
    """
    folder = Path(folder)
    (folder / "plans").mkdir(parents=True, exist_ok=True)
    settings = company.book
    if is_sealed:
        first = settings.splitlines()[0]
        settings = settings.replace(first, "# The book of a practice company.", 1)
    (folder / "book.toml").write_text(settings, encoding="utf-8", newline="\n")
    for name, frame in company.tables.items():
        text = as_text(frame.drop(columns=unfilled(name, frame)))
        if name == "orders":
            text = pd.concat([text, company.dirt[text.columns]], ignore_index=True)
        _write(text, folder / f"{name}.csv")
    if not is_sealed:
        (folder / "truth").mkdir(exist_ok=True)
        _write(as_text(company.truth), folder / "truth" / "truth.csv")
    for account_id, plan in company.plans.items():
        (folder / "plans" / f"{account_id}.toml").write_text(plan, encoding="utf-8", newline="\n")


def unfilled(name: str, frame: pd.DataFrame) -> list[str]:
    """Return the columns that stories of their own fill, where empty: a file need not have them."""
    known = {"agreements": ["bonus_kind", "bonus_threshold", "bonus_rate"]}
    return [column for column in known.get(name, []) if frame[column].isna().all()]


def _write(text: pd.DataFrame, file: Path) -> None:
    text.to_csv(file, index=False, lineterminator="\n", encoding="utf-8")
