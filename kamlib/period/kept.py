"""What is kept of a period: tables and values in files, each made once, whoever asks first."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq


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
    """Return a table that was written as Parquet."""
    # what pd.read_parquet does for many files costs as much as reading one of these
    frame = pq.ParquetFile(file).read(use_threads=False).to_pandas(use_threads=False)
    for name in frame.columns:
        if pd.api.types.is_datetime64_any_dtype(frame[name]):
            frame[name] = frame[name].astype("datetime64[us]")
    return frame
