"""Order lines that lie in PostgreSQL or Spark: what a reading costs here, and what it costs there.

    python benchmarks/bench_elsewhere.py --millions 1

The lines of ``bench_size`` are put into a server of its own, and where a Spark cluster on this
machine reads them (a master and two workers of one core, started here), where their programs are
installed. A book selects them by a statement, every line, condensed to one row per order and
category, or, in Spark, to one per account and month; each time it is read, and account × month
summed. Processor seconds of the run and, apart, of the other engine while the run lasts (of Spark
its driver, which the run starts, and its workers); the revenue must be the same to the cent. Exit
code 1: it is not."""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlencode

from bench_size import BOOK, MAKE, kit_months

STATEMENTS = {
    "every line": "SELECT * FROM lines",
    "condensed": "SELECT order_id, account_id, order_date, category, min(manager_id) AS "
    "manager_id, sum(revenue) AS revenue, sum(cost) AS cost FROM lines "
    "GROUP BY order_id, account_id, order_date, category",
}
BY_MONTH = {
    "by month": "SELECT min(order_id) AS order_id, account_id, last_day(order_date) AS order_date, "
    "category, sum(revenue) AS revenue, sum(cost) AS cost FROM lines GROUP BY account_id, "
    "last_day(order_date), category",
}
COLUMNS = (
    "order_id text, account_id text, order_date date, revenue numeric(18, 2), "
    "cost numeric(18, 2), quantity double precision, product_id text, category text, "
    "manager_id text"
)
TICKS = os.sysconf("SC_CLK_TCK")


def spent(pid: int) -> float:
    """Return the processor seconds of a process and of all that came from it."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    except OSError:
        return 0.0
    return sum(map(int, stat[11:15])) / TICKS + sum(spent(int(one)) for one in children)


@contextmanager
def postgres(csv: Path) -> Iterator[tuple[str, int]]:
    """A server with the lines, on a socket in a temporary folder: its address and process."""
    import psycopg

    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    folder = Path(tempfile.mkdtemp(prefix="kam-pg-"))
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    user = user if os.geteuid() == 0 else []
    if user:
        shutil.chown(folder, "postgres", "postgres")
    quiet = {"check": True, "cwd": folder, "stdout": subprocess.DEVNULL}
    data = str(folder / "data")
    subprocess.run([*user, programs / "initdb", "-D", data, "-U", "kim", "-A", "trust"], **quiet)
    options = f"-c listen_addresses='' -k {folder} -c fsync=off"
    control = [*user, programs / "pg_ctl", "-D", data]
    subprocess.run([*control, "-w", "-l", folder / "log", "-o", options, "start"], **quiet)
    address = f"postgresql://kim@/postgres?host={folder}"
    try:
        with psycopg.connect(address) as con, csv.open("rb") as stream:
            con.execute(f"CREATE TABLE lines ({COLUMNS})")
            with con.cursor().copy("COPY lines FROM STDIN (FORMAT csv, HEADER)") as copy:
                while block := stream.read(1 << 20):
                    copy.write(block)
        yield address, int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **quiet)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list[int]]]:
    """A Spark master with two workers of one core each: its address and processes."""
    import pyspark

    home = Path(pyspark.__file__).parent
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    master = f"127.0.0.1:{port}"
    of_master = ["master.Master", "--host", "127.0.0.1", "--port", str(port)]
    of_worker = ["worker.Worker", f"spark://{master}", "--cores", "1", "--memory", "2g"]
    of_worker += ["--work-dir", str(folder / "work")]
    started = []
    try:
        for name, *options in (of_master, of_worker, of_worker):
            program = [home / "bin" / "spark-class", f"org.apache.spark.deploy.{name}", *options]
            started.append(
                subprocess.Popen(
                    [*program, "--webui-port", "0"],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"},
                )
            )
        yield f"pyspark://{master}?{SPARK}", [one.pid for one in started]
    finally:
        for one in reversed(started):
            one.terminate()
            one.wait()


# A task holds all rows of its part that come over: smaller parts than Spark's own 128 MB.
SPARK = urlencode(
    {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.maxResultSize": "4g",
        "spark.driver.memory": "3g",
        "spark.executor.memory": "1800m",
        "spark.sql.files.maxPartitionBytes": "16m",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "8",
    }
)


def read(book: Path, pids: list[int]) -> dict:
    """Read a book and sum account × month; return the revenue and what both sides took."""
    there, begun = sum(map(spent, pids)), time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_SELF)
    total = kit_months(book)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "total": round(total, 2),
        "here": used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime,
        "there": sum(map(spent, pids)) - there + started_here(),
        "wall": time.perf_counter() - begun,
        "peak": used.ru_maxrss / 1e6,
    }


def started_here() -> float:
    """Return the processor seconds of all processes that this one has started: Spark's driver."""
    own = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(encoding="utf-8")
    return sum(spent(int(one)) for one in own.split())


def measured(
    engine: str, address: str, pids: list[int], folder: Path, statements: dict[str, str]
) -> dict[str, dict]:
    """Read the lines by each statement, each in a process of its own."""
    found = {}
    for name, statement in statements.items():
        book = folder / "book"
        book.mkdir(exist_ok=True)
        settings = '[connection]\nurl = "${KAM_DB_URL}"\ndialect = "native"\n'
        (book / "book.toml").write_text(BOOK + settings, encoding="utf-8")
        (book / "orders.sql").write_text(statement, encoding="utf-8")
        run = subprocess.run(
            [sys.executable, __file__, "--book", str(book), "--pids", *map(str, pids)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            env={**os.environ, "KAM_DB_URL": address},
        )
        row = found[f"{engine}: {name}"] = json.loads(run.stdout.splitlines()[-1])
        sys.stdout.write(
            f"{engine + ': ' + name:<22} here {row['here']:6.1f} s of processor, there "
            f"{row['there']:6.1f} s, {row['wall']:6.1f} s, {row['peak']:5.2f} GB\n"
        )
        sys.stdout.flush()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--millions", type=float, default=1)
    parser.add_argument("--skip", nargs="*", default=[], help="engines to leave out")
    parser.add_argument("--book", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--pids", type=int, nargs="*", default=[], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.book:
        sys.stdout.write(json.dumps(read(options.book, options.pids)) + "\n")
        return 0
    import duckdb

    lines, found = int(options.millions * 1_000_000), {}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        file = folder / "lines.parquet"
        duckdb.execute(MAKE.format(lines=lines, file=file))
        wanted = duckdb.execute(f"SELECT sum(revenue)::DOUBLE FROM '{file}'").fetchall()[0][0]
        try:
            if "postgres" not in options.skip:
                csv = folder / "lines.csv"
                duckdb.execute(f"COPY (FROM '{file}') TO '{csv}' (FORMAT csv)")
                with postgres(csv) as (address, pid):
                    found |= measured("postgres", address, [pid], folder, STATEMENTS)
        except (ImportError, IndexError):
            sys.stdout.write("PostgreSQL is not here.\n")
        if shutil.which("java") is None or find_spec("pyspark") is None:
            sys.stdout.write("Spark needs Java and its package.\n")
        elif "spark" not in options.skip:
            there = {
                name: said.replace("FROM lines", f"FROM parquet.`{file}`")
                for name, said in (STATEMENTS | BY_MONTH).items()
            }
            with cluster(folder) as (address, pids):
                found |= measured("spark", address, pids, folder, there)
    is_same = all(abs(row["total"] - round(wanted, 2)) < 0.005 for row in found.values())
    sys.stdout.write("" if is_same else "The sums DIFFER.\n")
    return 0 if is_same else 1


if __name__ == "__main__":
    sys.exit(main())
