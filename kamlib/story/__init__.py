"""Story: every sentence that the kit says, made from the facts that analysis returns."""

from kamlib.story.statements import Action, Card, Point, Said, Sentence

__all__ = ["Action", "Card", "Point", "Said", "Sentence"]
