"""How an executed notebook becomes a self-contained page."""

from __future__ import annotations

import re
import threading
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
from nbconvert import HTMLExporter
from traitlets.config import Config

from kamlib.errors import KamError
from kamlib.report import pages


def page_html(executed: nbformat.NotebookNode, resources: dict) -> str:
    """Return an executed notebook as a self-contained page: no request leaves it, no code shows."""
    body, _ = _exporter(pages.kit_folder() / "templates").from_notebook_node(
        executed, resources=resources
    )
    return body


class PageExporter(HTMLExporter):
    """Fills the template of a page. nbconvert's own then parses the page once more, for cells of
    code, which no page shows, and for pictures without words: only pages with pictures go that way.
    """

    def from_notebook_node(  # type: ignore[override]
        self, nb: nbformat.NotebookNode, resources: dict | None = None, **kw: Any
    ) -> tuple[str, dict]:
        """Return a notebook as a page, and what was given along."""
        given = self._init_resources(dict(resources or {}))
        html, given = super(HTMLExporter, self).from_notebook_node(nb, given, **kw)
        if "<img" in html:
            return super().from_notebook_node(nb, resources, **kw)
        parts = _PROGRAM.split(html)
        parts[::2] = map(_plainly_quoted, parts[::2])
        return "".join(parts), given

    def _preprocess(self, nb: nbformat.NotebookNode, resources: Any) -> tuple[Any, Any]:
        """Prepare a notebook that is a copy already, where nbconvert would copy it again."""
        for prepare in self._preprocessors:
            nb, resources = prepare(nb, resources)
        self._validate_preprocessor(nb, None)
        return nb, resources


_PROGRAM = re.compile(r"(<(?:script|style)\b.*?</(?:script|style)>)", re.DOTALL)
_QUOTED = re.compile(r">[^<]*&#3[49];[^<]*<")


def _plainly_quoted(html: str) -> str:
    """Return elements and text, quotes in text as they are, in attributes by their names."""
    html = _QUOTED.sub(lambda text: text[0].replace("&#34;", '"').replace("&#39;", "'"), html)
    return html.replace("&#34;", "&quot;").replace("&#39;", "&apos;")


def _exporter(templates: Path) -> PageExporter:
    """Return this thread's exporter; it is made once, since that takes as long as a page."""
    if getattr(_OWN, "templates", None) != templates:
        options = ("exclude_input", "exclude_input_prompt", "exclude_output_prompt")
        html = {
            "template_name": "report",
            "extra_template_basedirs": [str(templates)],
            "embed_images": True,
        }
        shown = dict.fromkeys(options, True)
        _OWN.exporter = PageExporter(
            config=Config({"TemplateExporter": shown, "HTMLExporter": html})
        )
        _OWN.templates = templates
    return _OWN.exporter


_OWN = threading.local()


_FETCHES = re.compile(
    r"<(?:script|link|img|iframe|object|embed|source|video|audio|use|image)\b[^>]*?\s"
    r"""(?:src|href|xlink:href|data)\s*=\s*["']?\s*(?!data:|#)([^"'\s>]+)""",
    re.IGNORECASE,
)
_CSS_FETCHES = re.compile(
    r"""(?:@import\s+["']?|url\(\s*["']?)(?!data:|#)([^"')\s]+)""", re.IGNORECASE
)


class _Handlers(HTMLParser):
    """Finds what would run: attributes such as ``onclick``, and addresses that are programs."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at the attributes of an element."""
        for name, value in attrs:
            plain = re.sub(r"[\x00-\x20]", "", value or "").casefold()
            is_address = name in ("href", "src", "action", "formaction", "data", "xlink:href")
            runs = is_address and plain.startswith(("javascript:", "vbscript:", "data:text/html"))
            if runs or re.match(r"on[a-z]", name) or name == "srcdoc":
                self.found.append(f"{name} of <{tag}>")


def check_page(html: str, file: str) -> None:
    """Refuse a page that would fetch something, run anything but the kit's script, or is cut short.

    Raises
    ------
    KamError
        A script, style, image or frame of the page is not in the page itself, or an element runs a
        program when it is touched.
    """
    styles = " ".join(re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL))
    fetched = _FETCHES.findall(html) + _CSS_FETCHES.findall(unescape(styles))
    elements = _Handlers()
    if _may_run(html):  # few pages hold such a word at all
        elements.feed(html)
    if fetched or elements.found:
        raise KamError(
            f"The page would load '{fetched[0][:80]}' from elsewhere."
            if fetched
            else f"The page would run a program of its own: {elements.found[0][:80]}.",
            where=file,
            next="Nothing was published. Take it out of the notebook or the template.",
            exit_code=1,
        )
    if "</html>" not in html[-200:].lower():
        raise KamError(
            "The page is not complete.", where=file, next="Nothing was published.", exit_code=1
        )


def _may_run(html: str) -> bool:
    """Return whether a word of a page may be one that runs: each is looked for by itself, which is
    many times faster than one pattern of all of them.
    """
    plain = html.casefold()
    return any(word in plain for word in _WORDS) or any(one.search(plain) for one in _PATTERNS)


_WORDS = ("srcdoc", "data:text/html", "&#", "&colon", "&tab")
_PATTERNS = (re.compile(r"script\s*:"), re.compile(r"on[a-z](?<=[\s/\"']on[a-z])[a-z]*\s*="))
