"""What tests share: books made on the spot, and the real data beside a checkout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the checkout."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real data beside the checkout are not on this machine")
    return folder


@pytest.fixture
def make_book(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a book: file name → text or bytes."""

    def make(files: dict[str, str | bytes] | None = None, *, settings: str = 'title = "Test"\n') -> Path:
        folder = tmp_path / "book"
        for name, content in {"book.toml": settings, **(files or {})}.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return folder

    return make
