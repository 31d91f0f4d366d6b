"""Pieces of a page, made by templates that escape every text, and shown alike in JupyterLab and in
reports.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from inspect import getattr_static
from pathlib import Path
from typing import Any

from IPython.display import display
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from kamlib.page.export import TABLES
from kamlib.words import count, say

LINKS = "KAM_LINKS"
"""Environment variable: a JSON file `{account_id: address of its dossier seen from this page}`, set
by a report run.
"""


@dataclass(frozen=True)
class Fragment:
    """A piece of a page: `html` for pages and notebooks, `text` for what shows text alone."""

    html: str
    text: str

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}

    def show(self, *, is_alive: bool = False) -> None:
        """Show it below the cell; outside a report run, where no page gives it a stylesheet, with
        its own, and with the pages' script where it is to be sorted there (``is_alive``).
        """
        if TABLES in os.environ:
            display(self)
            return
        script_ = f"<script>{script()}</script>" if is_alive else ""
        display(Fragment(self.dressed() + script_, self.text))

    def dressed(self) -> str:
        """Return its HTML with its own stylesheet, for where no page gives it one."""
        return _dressed(self.html)


def _dressed(html: str) -> str:
    """Return a piece with the stylesheet around it, which reaches nothing else of the notebook.

    Nesting under a thrice named class outweighs JupyterLab's own rules for tables and headings.
    """
    html = re.sub(
        r'<a href="[^"#]*\.html[^"]*">(.*?)</a>', r"\1", html, flags=re.DOTALL
    )  # pages that are not there
    rules = re.sub(r"(?m)^@page .*$", "", stylesheet())
    rules = _DARK.sub(lambda found: _as_lab(found[1]), rules)
    rules = re.sub(r"(?m)^(\s*)(?::root|body) {", r"\1& {", rules)
    rules = _WIDTHS.sub(r"@container \1", rules)
    return f'<style>.kam.kam.kam {{ {_UNDONE} {rules} }}</style><div class="kam">{html}</div>'


_WIDTHS = re.compile(r"@media (?:screen and )?(\((?:min|max)-width)")
"""Widths of the page, for which the width of the output stands: a notebook has panels beside it."""

_DARK = re.compile(
    r"@media screen and \(prefers-color-scheme: dark\) {\s*:root {(.*?)}\s*}", re.DOTALL
)


def _as_lab(dark: str) -> str:
    """Return the rules that follow JupyterLab's theme, or VS Code's; elsewhere the reader's."""
    return (
        f' body:is([data-jp-theme-light="false"], .vscode-dark) & {{ {dark} color-scheme: dark }}\n'
        ' body:is([data-jp-theme-light="true"], .vscode-light) & { color-scheme: light }\n'
        "@media screen and (prefers-color-scheme: dark) { "
        f"body:not([data-jp-theme-light], .vscode-dark, .vscode-light) & {{ {dark} }} }}\n"
        " body:is([data-jp-theme-light], .vscode-dark, .vscode-light) & { background: none; "
        "--kam-paper: var(--jp-layout-color0, var(--vscode-editor-background)) }"
    )


_UNDONE = """
& { padding: .6rem 0; container-type: inline-size } table { table-layout: auto; margin: 0 }
tbody tr { background: none }
th, td { white-space: normal } ol { list-style: none } a { text-decoration: underline }
"""
"""What JupyterLab says of elements and the stylesheet does not."""


@cache
def stylesheet() -> str:
    """Return the one stylesheet of the pages."""
    return (template_folder() / "report" / "page.css").read_text(encoding="utf-8").strip()


@cache
def script() -> str:
    """Return the one script of the pages."""
    return (template_folder() / "report" / "page.js").read_text(encoding="utf-8").strip()


@cache
def template_folder() -> Path:
    """Return the folder with the kit's templates, in a clone or in an installed wheel."""
    here = Path(__file__).resolve()
    installed = here.parents[1] / "_kit" / "templates"
    return installed if installed.is_dir() else here.parents[2] / "templates"


def rendered(template: str, **values: Any) -> str:
    """Return a template of the report filled in; every text in `values` is escaped."""
    return _environment().get_template(template).render(**values)


def compile_templates() -> None:
    """Read the templates of all pieces beforehand; that of a page around them is nbconvert's."""
    for name in _environment().list_templates(["j2"]):
        if name != "index.html.j2":
            _environment().get_template(name)


def dossier_links(data: Any = None) -> dict[str, str]:
    """Return where each account's dossier is, seen from the page being made; empty outside a report
    run.
    """
    given = getattr_static(data, "dossiers", None)  # a period would look for near names
    if isinstance(given, Mapping):
        return {str(account): str(address) for account, address in given.items()}
    file = Path(os.environ.get(LINKS) or os.devnull)
    lock = Path(f"{file}.lock")
    if not file.is_file() and lock.exists():  # the run is about to write it
        from filelock import FileLock

        with FileLock(lock):
            pass
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}


def json_of(value: Any) -> Markup:
    """Return data as JSON that a script element of a page can hold."""
    return htmlsafe_json_dumps(value, **_JSON)


_JSON: dict[str, Any] = {"separators": (",", ":"), "ensure_ascii": False}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(template_folder() / "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"count": count, "say": say}
    environment.policies["json.dumps_kwargs"] = _JSON
    return environment
