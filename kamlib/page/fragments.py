"""Pieces of a page, made by templates that escape every text, and shown alike in JupyterLab and in reports."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from IPython.display import display
from jinja2 import Environment, FileSystemLoader, StrictUndefined

LINKS = "KAM_LINKS"
"""Environment variable: a JSON file `{account_id: address of its dossier seen from this page}`, set by a report run."""


@dataclass(frozen=True)
class Fragment:
    """A piece of a page: `html` for pages and notebooks, `text` for anything that shows text alone."""

    html: str
    text: str

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}

    def show(self) -> None:
        """Show it below the cell."""
        display(self)


@cache
def template_folder() -> Path:
    """Return the folder with the kit's templates, in a clone or in an installed wheel."""
    here = Path(__file__).resolve()
    installed = here.parents[1] / "_kit" / "templates"
    return installed if installed.is_dir() else here.parents[2] / "templates"


def rendered(template: str, **values: Any) -> str:
    """Return a template of the report filled in; every text in `values` is escaped."""
    return _environment().get_template(template).render(**values)


def dossier_links(data: Any = None) -> dict[str, str]:
    """Return where each account's dossier is, seen from the page being made; empty outside a report run."""
    given = getattr(data, "dossiers", None)
    if isinstance(given, Mapping):
        return {str(account): str(address) for account, address in given.items()}
    file = os.environ.get(LINKS)
    return dict(json.loads(Path(file).read_text(encoding="utf-8"))) if file and Path(file).is_file() else {}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(template_folder() / "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "ensure_ascii": False}
    return environment
