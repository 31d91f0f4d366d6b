"""How good every estimate has been on the book's own past, and which answer is published."""

from kamlib.evidence.alarms import alarm_record
from kamlib.evidence.chances import chance_record
from kamlib.evidence.choice import estimate_choice, return_choice
from kamlib.evidence.outlooks import outlook_record

__all__ = ["alarm_record", "chance_record", "estimate_choice", "outlook_record", "return_choice"]
