"""What is kept of a period: tables and values in files, each made once, whoever asks first."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kamlib.errors import KamError
from kamlib.period.names import UNBROKEN
from kamlib.tables import coded


def once(
    file: Path,
    compute: Callable[[], Any],
    write: Callable[[Any, Path], None],
    read: Callable[[Path], Any],
) -> Any:
    """Return what a file keeps; who asks first computes and writes it, whoever else asks waits."""
    from filelock import FileLock

    if not file.is_file():
        file.parent.mkdir(exist_ok=True)
        with FileLock(file.with_suffix(".lock")):
            if not file.is_file():
                made = compute()
                fresh = file.with_suffix(f".{os.getpid()}.part")
                write(made, fresh)
                fresh.replace(file)
                return made
    return read(file)


def is_prepared(folder: Path, names: Iterable[str]) -> bool:
    """Return whether a prepared folder has tables that are read from the book."""
    return all((folder / f"{UNBROKEN.get(name, name)}.parquet").is_file() for name in names)


def not_prepared(name: str, period: str) -> KamError:
    """Return what to say of a table that a report has not prepared, as only a period that its own
    is compared with can lack one.
    """
    return KamError(
        f"The table '{name}' of {period} is not at hand: no page of this report asks for it.",
        where=name,
        next="Write q.previous or q.year_ago in the notebook itself, so that all of the period is "
        "prepared.",
    )


def write_table(table: pd.DataFrame, file: Path) -> None:
    """Write a table as Parquet, which lasts."""
    table.to_parquet(file, index=False)


def pickle_table(table: pd.DataFrame, file: Path) -> None:
    """Write a table for the length of a run, as it would come back from Parquet."""
    pickle_value(table.reset_index(drop=True), file)


def pickle_value(value: Any, file: Path) -> None:
    """Write any value for the length of a run: who reads it runs what it says."""
    file.write_bytes(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))


def read_table(file: Path) -> pd.DataFrame:
    """Return a table that was written as Parquet. Text that repeats is one object: a table of
    account × month would hold an id as often as there are months, and compare it as often.
    """
    # what pd.read_parquet does for many files costs as much as reading one of these
    with pq.ParquetFile(file) as about:
        texts = [one.name for one in about.schema_arrow if one.type in _TEXT]
        texts = texts if about.metadata.num_rows else []
        with pq.ParquetFile(file, metadata=about.metadata, read_dictionary=texts) as opened:
            table = opened.read(use_threads=False)
    frame = table.drop_columns(texts).to_pandas(use_threads=False)
    for name in frame.columns:
        if pd.api.types.is_datetime64_any_dtype(frame[name]):
            frame[name] = frame[name].astype("datetime64[us]")
    if not texts:
        return frame
    columns: dict[str, Any] = {str(name): frame[name] for name in frame.columns}
    columns |= {name: _text(table.column(name)) for name in texts}
    return pd.DataFrame({name: columns[name] for name in table.column_names})


def _text(column: pa.ChunkedArray) -> Any:
    """Return a column of text from what it holds once each, and where."""
    one = column.unify_dictionaries().combine_chunks()
    words = one.dictionary.to_numpy(zero_copy_only=False)
    return coded(words, one.indices.fill_null(-1).to_numpy())


_TEXT = (pa.string(), pa.large_string())
