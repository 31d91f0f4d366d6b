"""One account, one verdict: where each account stands, and the one thing to do about it."""

from kamlib.verdict.actions import account_actions
from kamlib.verdict.declines import account_declines
from kamlib.verdict.renewals import due_renewals
from kamlib.verdict.standing import account_standing

__all__ = ["account_actions", "account_declines", "account_standing", "due_renewals"]
