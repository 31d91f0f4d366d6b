"""The kit's notebooks, copied to where somebody can open and change them."""

from __future__ import annotations

import json
import re
from pathlib import Path

from kamlib.report.pages import kit_folder

_SAMPLE = re.compile(r'"(?:\.\./)+data/sample"')


def copy_notebooks(folder: Path, book: Path) -> list[Path]:
    """Copy the kit's notebooks and the pages beside them, let them open a book; return the copies.

    A file that is there already is left as it is: it may hold somebody's work.
    """
    home = kit_folder() / "notebooks"
    address = json.dumps(str(book.resolve()), ensure_ascii=False)
    copies = []
    for source in sorted([*home.rglob("*.ipynb"), *home.rglob("*.md")]):
        target = folder / source.relative_to(home)
        if target.exists() or ".ipynb_checkpoints" in target.parts:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        copies.append(target)
        if source.suffix == ".md":
            target.write_bytes(source.read_bytes())
            continue
        notebook = json.loads(source.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                lines = _SAMPLE.sub(lambda _: address, "".join(cell["source"]))
                cell["source"] = lines.splitlines(keepends=True)
        text = json.dumps(notebook, indent=1, ensure_ascii=False)
        target.write_text(text + "\n", encoding="utf-8")
    return copies
