"""What if: a period under other settings, by plain calls or under sliders."""

from kamlib.whatif.answer import Answer, what_if
from kamlib.whatif.sliders import sliders

__all__ = ["Answer", "sliders", "what_if"]
