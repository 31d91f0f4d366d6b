"""What a report says of how it was made: ``run.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from kamlib.intake import Intake, control_totals, row_account
from kamlib.period import Period
from kamlib.report import site
from kamlib.story.data_warnings import set_aside_warning, warnings_overview
from kamlib.words import ENGLISH, untranslated


def write_run(
    staged: Path,
    data: Period,
    whole: dict[str, Any],
    about: dict[str, Any],
) -> None:
    """Write ``run.json``: what the report was made from (``whole``) and how, what of it failed
    (``about``), and the hash of every file beside it.
    """
    run = {
        "period": {
            "label": data.span.label,
            "start": f"{data.span.start:%Y-%m-%d}",
            "as_of": f"{data.as_of:%Y-%m-%d}",
        },
        "book": data.book.title,
        **about,
        **_spoken(data.book.language),
        "figures": _records(data.key_figures),
        **whole,
        "warnings": data.call(warnings_overview),
        "lost": data.call(set_aside_warning),
        "rendered": pd.Timestamp.now("UTC").isoformat(timespec="seconds"),
        "files": site.manifest(staged),
    }
    site.write_run(staged, run)


def _spoken(language: str) -> dict:
    """Return the language of the pages, and what of it had to be said in English."""
    if language == ENGLISH:
        return {}
    missing = sorted(untranslated())
    return {"language": language, "untranslated": {"count": len(missing), "messages": missing}}


def whole_book(intake: Intake, data: Period) -> dict[str, Any]:
    """Return what the whole book adds up to, and its notices; a manager's report, whose accounts
    they may not be, has nothing of it.
    """
    if data.manager_id:
        return {}
    return {
        "rows": {
            "as_of": _records(row_account(intake, data.as_of)),
            "whole_book": _records(row_account(intake)),
        },
        "totals": control_totals(intake),
        "notices": [{"table": n.table, "what": n.what, "next": n.next} for n in intake.notices],
    }


def _records(frame: pd.DataFrame) -> list[dict]:
    return frame.astype("object").where(frame.notna(), None).to_dict("records")
