"""Files of tables and values: each is made once, whoever asks first, and read by all others."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow.parquet import ParquetFile

from kamlib.tables import coded

_TEXT = (pa.string(), pa.large_string())


def stored_once(
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


def write_table(table: pd.DataFrame, file: Path) -> None:
    """Write a table into a file."""
    table.to_parquet(file, index=False)


def pickled(value: Any, file: Path) -> None:
    """Write a value into a file."""
    file.write_bytes(pickle.dumps(value))


def read_table(file: Path) -> pd.DataFrame:
    """Return a table from its file. Text that repeats is one object: a table of account × month
    would hold its id as often as there are months, and be looked at as often.
    """
    with ParquetFile(file) as about:
        if not about.metadata.num_rows:
            return _dated(about.read().to_pandas())
        texts = [one.name for one in about.schema_arrow if one.type in _TEXT]
        with ParquetFile(file, metadata=about.metadata, read_dictionary=texts) as opened:
            table = opened.read()
    frame = table.drop_columns(texts).to_pandas()
    columns = {name: frame[name] for name in frame.columns}
    columns |= {name: _text(table.column(name)) for name in texts}
    return _dated(pd.DataFrame({name: columns[name] for name in table.column_names}))


def _text(column: pa.ChunkedArray) -> Any:
    """Return a column of text from what it holds once each, and where."""
    one = column.unify_dictionaries().combine_chunks()
    words = one.dictionary.to_numpy(zero_copy_only=False)
    return coded(words, one.indices.fill_null(-1).to_numpy())


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    for name in frame.columns:
        if pd.api.types.is_datetime64_any_dtype(frame[name]):
            frame[name] = frame[name].astype("datetime64[us]")
    return frame
