"""The same book wherever its rows lie: files, a database file, a server, Spark."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
from importlib.metadata import metadata
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pandas as pd
import pytest

import kamlib as kam
from kamlib.book import read_settings
from kamlib.errors import KamError
from kamlib.intake import control_totals, read_book
from kamlib.intake.sources import open_engine
from kamlib.period.calendar import parse_period
from kamlib.period.snapshot import write_snapshots
from kamlib.practice import company

from .forked import kam as command
from .insides import insides

ENGINES = ("csv", "xlsx", "parquet", "duckdb", "sqlite", "postgres", "spark")
TABLES = (
    "account_days",
    "category_months",
    "manager_months",
    "deliveries",
    "accounts",
    "invoices",
    "account_classes",
    "revenue_bridge",
)
MOVED = ("orders", "accounts", "invoices")
CANARY = "hunter2-canary"
STATEMENT = "SELECT {columns} FROM {table}"


def missing(reason: str) -> None:
    """Skip what this machine cannot run; in continuous integration it must."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def frames():
    """Three typed tables of a small practice company."""
    made = company(seed=3, accounts=12, start="2023-10", months=24).tables
    return {name: made[name].dropna(axis="columns", how="all") for name in MOVED}


@pytest.fixture(scope="module")
def postgres():
    """A PostgreSQL server of its own, on a socket in a temporary folder; its address."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs or find_spec("psycopg") is None:
        missing("needs PostgreSQL's initdb and the package psycopg")
    folder = Path(tempfile.mkdtemp(prefix="kam-pg-"))
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    user = user if os.geteuid() == 0 else []
    if user:
        shutil.chown(folder, "postgres", "postgres")
    (secret := folder / "secret").write_text(CANARY, encoding="utf-8")
    secret.chmod(0o644)

    def run(program: str, *arguments: str | Path) -> None:
        subprocess.run(
            [*user, programs[-1] / program, *map(str, arguments)],
            check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    data = folder / "data"
    run("initdb", "-D", data, "-U", "kim", "-A", "scram-sha-256", "--pwfile", secret)
    options = f"-c listen_addresses='' -k {folder} -c fsync=off"
    run("pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
    yield f"postgresql://kim:{CANARY}@/postgres?host={folder}"
    run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    """A local Spark session."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        missing("needs the package pyspark")
    if shutil.which("java") is None:
        missing("Spark needs Java")
    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("spark")))
        .getOrCreate()
    )
    yield session
    session.stop()


def dated(frame: pd.DataFrame) -> pd.DataFrame:
    """Days as text, as files without types have them."""
    days = frame.select_dtypes("datetime")
    return frame.assign(**{name: days[name].dt.strftime("%Y-%m-%d") for name in days})


def write_files(folder: Path, frames: dict[str, pd.DataFrame], form: str) -> None:
    for name, frame in frames.items():
        file = folder / f"{name}.{form}"
        if form == "csv":
            dated(frame).to_csv(file, index=False)
        elif form == "xlsx":
            dated(frame).to_excel(file, index=False)
        else:
            frame.to_parquet(file, index=False)


def fill(engine: str, folder: Path, frames: dict, address: str, session: object) -> str:
    """Write the tables into an engine; return the address that the environment holds."""
    parquet = {}
    for name, frame in frames.items():
        parquet[name] = folder / f"{name}.parquet"
        frame.to_parquet(parquet[name], index=False)
    if engine == "spark":
        for name, file in parquet.items():
            session.read.parquet(str(file)).createOrReplaceTempView(name)
        return "pyspark://"
    if engine == "duckdb":
        with duckdb.connect(str(folder / "sales.duckdb")) as con:
            for name, file in parquet.items():
                con.execute(f"CREATE TABLE {name} AS FROM '{file}'")
        return f"duckdb://{folder / 'sales.duckdb'}"
    if engine == "sqlite":  # which keeps days as text
        with contextlib.closing(sqlite3.connect(folder / "sales.sqlite")) as con:
            for name, frame in frames.items():
                dated(frame).to_sql(name, con, index=False)
        return f"sqlite://{folder / 'sales.sqlite'}"
    import ibis

    target = ibis.connect(address)
    for name, frame in frames.items():
        target.create_table(name, frame, overwrite=True)
    target.disconnect()
    return address


def book_of(engine: str, frames: dict, request, tmp_path: Path, monkeypatch) -> Path:
    """A book whose rows lie in an engine."""
    folder = tmp_path / "book"
    folder.mkdir()
    settings = 'title = "Moved"\ncurrency = "EUR"\n'
    if engine in ("csv", "xlsx", "parquet"):
        write_files(folder, frames, engine)
    else:
        address = request.getfixturevalue("postgres") if engine == "postgres" else ""
        session = request.getfixturevalue("spark") if engine == "spark" else None
        (data := tmp_path / "data").mkdir()
        monkeypatch.setenv("KAM_DB_URL", fill(engine, data, frames, address, session))
        settings += '[connection]\nurl = "${KAM_DB_URL}"\n'
        for name, frame in frames.items():
            columns = ", ".join(frame.columns)
            statement = STATEMENT.format(columns=columns, table=name)
            (folder / f"{name}.sql").write_text(statement, encoding="utf-8")
    (folder / "book.toml").write_text(settings, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def expected():
    """What the first engine asked gave: every other must give the same."""
    return {}


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_gives_equal_tables(engine, frames, expected, request, tmp_path, monkeypatch):
    folder = book_of(engine, frames, request, tmp_path, monkeypatch)
    with open_engine() as opened:
        intake = read_book(folder, read_settings(folder), opened)
        totals = control_totals(intake)
        prepared = write_snapshots(intake, [parse_period("2025-Q3")], tmp_path / "prepared")
    q = kam.open_period(prepared["2025-Q3"])
    found = {name: getattr(q, name) for name in TABLES}
    assert len(found["account_days"]) > 100
    first_totals, first = expected.setdefault("found", (totals, found))
    assert totals == first_totals
    for name in TABLES:
        pd.testing.assert_frame_equal(found[name], first[name], obj=f"{name} of {engine}")


@pytest.mark.parametrize(
    "only",
    [("overview", "dossiers"), pytest.param((), marks=pytest.mark.soak)],
    ids=["first page and a dossier", "whole"],
)
def test_the_address_is_told_to_nobody(only, frames, request, tmp_path, monkeypatch):
    """A report from a server: no file, kept period or line of its log holds the password, packed or
    not: workbook, slides, mail, tables and the health file are unpacked.
    """
    folder = book_of("postgres", frames, request, tmp_path, monkeypatch)
    monkeypatch.setenv("KAM_CACHE", str(tmp_path / "cache"))
    kam.open_period(folder, "2025-Q3")
    period = ("--book", folder, "--period", "2025-Q3")
    run = command(
        "report", *period, "--accounts", "A0001", "--out", tmp_path / "site",
        "--status", tmp_path / "status.json", "--log", "json",
        *(word for name in only for word in ("--only", name)),
    )  # fmt: skip
    runs = [run]
    for form in ("pptx", "eml"):
        runs.append(command("digest", *period, "--to", form, "--out", tmp_path / f"digest.{form}"))
    assert [one.returncode for one in runs] == [0, 0, 0], [one.stderr for one in runs]
    files = {file.relative_to(tmp_path): file for file in tmp_path.rglob("*") if file.is_file()}
    assert {"site", "book", "status.json", "digest.pptx", "digest.eml"} <= {
        place.parts[0] for place in files
    }
    assert {".xlsx", ".csv", ".html", ".json"} <= {place.suffix for place in files}
    assert len(files) > 30
    said = [text.encode() for one in runs for text in (one.stdout, one.stderr)]
    held = {str(place): insides(file.read_bytes(), file.name) for place, file in files.items()}
    assert not any(CANARY.encode() in text for text in said)
    assert not [
        place for place, parts in held.items() if any(CANARY.encode() in part for part in parts)
    ]


def test_what_is_packed_is_seen(tmp_path):
    """The search itself finds a secret in a workbook, in a table and in coded text."""
    frame = pd.DataFrame({"it": [CANARY]})
    frame.to_excel(tmp_path / "a.xlsx")
    frame.to_parquet(tmp_path / "a.parquet")
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "a.xlsx", "a.xlsx")
    coded = base64.b64encode((tmp_path / "a.zip").read_bytes()).decode()
    (tmp_path / "a.html").write_text(f"<a href='data:x;base64,{coded}'>")
    for file in tmp_path.iterdir():
        content = file.read_bytes()
        assert any(CANARY.encode() in part for part in insides(content, file.name)), file
        assert file.suffix == ".parquet" or CANARY.encode() not in content, file


@pytest.mark.parametrize("option", [[], ["--debug"]])
def test_a_connection_that_fails_keeps_the_secret(option, make_book, monkeypatch):
    if find_spec("psycopg") is None:
        missing("needs the package psycopg")
    settings = 'title = "Far"\n[connection]\nurl = "${KAM_DB_URL}"\n'
    book = make_book({"orders.sql": "SELECT 1 AS order_id"}, settings=settings)
    monkeypatch.setenv("KAM_DB_URL", f"postgresql://kim:{CANARY}@127.0.0.1:1/sales")
    run = command("check", "--book", book, *option)
    assert run.returncode == 2
    assert CANARY not in run.stdout + run.stderr
    assert "cannot be opened" in run.stderr and "[connection]" in run.stderr


@pytest.mark.parametrize(
    "url, package",
    [
        ("postgresql://kim@127.0.0.1:1/sales", "kamlib[postgres]"),
        ("pyspark://", "kamlib[spark]"),
        ("trino://kim@127.0.0.1:1/sales", "ibis-framework[trino]"),
    ],
)
def test_what_an_engine_needs_is_named_as_it_is_installed(url, package, make_book, monkeypatch):
    def absent(_):
        raise ImportError

    monkeypatch.setattr("ibis.connect", absent)
    monkeypatch.setenv("KAM_DB_URL", url)
    settings = 'title = "Far"\n[connection]\nurl = "${KAM_DB_URL}"\n'
    book = make_book({"orders.sql": "SELECT 1 AS order_id"}, settings=settings)
    with open_engine() as engine, pytest.raises(KamError) as caught:
        read_book(book, read_settings(book), engine)
    assert caught.value.next == f"pip install '{package}'"
    name, extra = package.rstrip("]").split("[")
    assert extra in metadata(name).get_all("Provides-Extra")


def test_an_address_names_a_spark_cluster_and_its_settings(make_book, monkeypatch):
    said = []

    class Builder:
        def master(self, url):
            said.append(url)
            return self

        def config(self, name, value):
            said.append((name, value))
            return self

        def getOrCreate(self):
            raise RuntimeError("no answer from hidden-master")

    session = SimpleNamespace(SparkSession=SimpleNamespace(builder=Builder()))
    monkeypatch.setitem(sys.modules, "pyspark", SimpleNamespace(sql=session))
    monkeypatch.setitem(sys.modules, "pyspark.sql", session)
    address = "pyspark://hidden-master:7077?spark.driver.memory=4g&spark.ui.enabled=false"
    monkeypatch.setenv("KAM_DB_URL", address)
    settings = 'title = "Far"\n[connection]\nurl = "${KAM_DB_URL}"\n'
    book = make_book({"orders.sql": "SELECT 1 AS order_id"}, settings=settings)
    with (
        open_engine() as engine,
        pytest.raises(KamError, match="cannot be opened: no answer") as no,
    ):
        read_book(book, read_settings(book), engine)
    assert said == [
        "spark://hidden-master:7077",
        ("spark.driver.memory", "4g"),
        ("spark.ui.enabled", "false"),
    ]
    assert "hidden-master" not in str(no.value)


@pytest.mark.soak
def test_a_spark_cluster_gives_equal_totals(frames, make_book, tmp_path, monkeypatch):
    if find_spec("pyspark") is None or shutil.which("java") is None:
        missing("Spark needs Java and the package pyspark")
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[1] / "benchmarks"))
    from bench_elsewhere import cluster

    (files := tmp_path / "files").mkdir()
    for name, frame in frames.items():
        frame.to_parquet(files / f"{name}.parquet", index=False)
    settings = 'title = "Far"\ncurrency = "EUR"\n'
    near = make_book(
        {f"{name}.parquet": (files / f"{name}.parquet").read_bytes() for name in frames},
        settings=settings,
    ).rename(tmp_path / "near")
    settings += '[connection]\nurl = "${KAM_DB_URL}"\ndialect = "native"\n'
    far = make_book(
        {f"{name}.sql": f"SELECT * FROM parquet.`{files}/{name}.parquet`" for name in frames},
        settings=settings,
    )
    with cluster(tmp_path) as (address, _):
        monkeypatch.setenv("KAM_DB_URL", address)
        found = [command("check", "--book", book, "--json") for book in (near, far)]
    one, other = (json.loads(run.stdout) for run in found)
    assert one["totals"] == other["totals"] and one["totals"]["orders"] > 100


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://kim:{}@127.0.0.1:1/sales",
        "postgresql://127.0.0.1:1/sales?user=kim&password={}",
    ],
)
@pytest.mark.parametrize("option", [[], ["--debug"]])
def test_a_book_begun_from_a_server_that_fails_keeps_the_secret(option, url, tmp_path):
    run = command("new", tmp_path / "book", "--from", url.format(CANARY), *option)
    assert run.returncode == 2, run.stderr
    assert CANARY not in run.stdout + run.stderr
    assert "cannot be opened" in run.stderr


def test_an_address_in_the_book_is_refused(make_book):
    settings = f'title = "Far"\n[connection]\nurl = "postgresql://kim:{CANARY}@db/sales"\n'
    with pytest.raises(KamError) as refused:
        read_settings(make_book(settings=settings))
    assert "${KAM_DB_URL}" in str(refused.value) and CANARY not in str(refused.value)


def test_a_variable_that_is_not_set_is_named(make_book, monkeypatch):
    monkeypatch.delenv("KAM_DB_URL", raising=False)
    settings = 'title = "Far"\n[connection]\nurl = "${KAM_DB_URL}"\n'
    book = make_book({"orders.sql": "SELECT 1 AS order_id"}, settings=settings)
    with open_engine() as engine, pytest.raises(KamError, match="KAM_DB_URL"):
        read_book(book, read_settings(book), engine)
