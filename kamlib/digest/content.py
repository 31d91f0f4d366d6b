"""The digest: a period on one page, for the head of key accounts or for one manager.

It says what the first screen of the front page says, without links, as a page to print, as slides
that can be edited, or as a mail. Sending is left to the user's own mailer.
"""

from __future__ import annotations

from dataclasses import dataclass

from kamlib.page.pieces import card_values
from kamlib.period import Period
from kamlib.story.ahead import lines_ahead
from kamlib.story.digest import by_when, foot_digest, title_digest, whom_digest
from kamlib.story.overview import actions_overview, headline_overview
from kamlib.story.overview_cards import cards_overview
from kamlib.story.statements import Action, Card, Sentence
from kamlib.words import date, phrase, say

WATCHED = phrase("Falling while still buying, and health")


@dataclass(frozen=True)
class Digest:
    """What is said in a digest, and to whom."""

    q: Period
    title: str
    whom: str
    cards: list[Card]
    sentences: list[str]
    actions: list[Action]
    watched: list[str]
    foot: str

    def figures(self) -> list[dict[str, str]]:
        """Return the key figures as text: label, value, how it compares, note."""
        labels = (self.q.previous_span.title, self.q.year_ago_span.title)
        shown = [card_values(card, self.q.book, labels) for card in self.cards]
        return [
            {"label": one["label"], "value": one["value"], "compared": one["changes_text"]}
            | {"note": one["note"]}
            for one in shown
        ]

    def lines(self) -> list[dict[str, str]]:
        """Return what to do as text: what changed, what to do, who, by when."""
        return [
            {
                "changed": line.changed,
                "to_do": line.to_do,
                "owner": line.owner or say("nobody named"),
                "by": say(line.by) if isinstance(line.by, str) else date(line.by),
                "due": by_when(line.by),
            }
            for line in self.actions
        ]


def read_digest(q: Period) -> Digest:
    """Return the digest of a period; of one manager's, where the period was opened for one."""
    sentences: list[Sentence] = q.call(headline_overview)
    cards: list[Card] = q.call(cards_overview)
    actions: list[Action] = q.call(actions_overview)
    return Digest(
        q=q,
        title=q.call(title_digest),
        whom=q.call(whom_digest),
        cards=cards,
        sentences=[one.text for one in sentences],
        actions=actions,
        watched=q.call(lines_ahead),
        foot=q.call(foot_digest),
    )
