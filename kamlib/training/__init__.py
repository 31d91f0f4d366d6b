"""Training: exercises on a practice company of one's own, with the truth known to nobody but it.

In a notebook: ``mine = start("Your name")``, then ``ask("1a")``, ``hint("1a")``,
``check("1a", …)``.
"""

from kamlib.training.desk import ask, certificate, check, hint, start

__all__ = ["ask", "certificate", "check", "hint", "start"]
