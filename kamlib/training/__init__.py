"""Training: exercises on a practice company of one's own, with the truth known to nobody but it.

In a notebook: ``mine = start("Your name")``, then ``ask("1a")``, ``hint("1a")``,
``check("1a", …)``.
"""

from IPython import get_ipython

from kamlib.training.desk import ask, certificate, check, hint, start
from kamlib.training.slip import listen

__all__ = ["ask", "certificate", "check", "hint", "start"]

if shell := get_ipython():  # type: ignore[no-untyped-call]  # in a notebook
    listen(shell)
