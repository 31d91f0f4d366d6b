"""Of ibis's compilers a command loads its own engine's; any other when it is asked for."""

import subprocess
import sys

LOADED = """
import sys
from kamlib.intake.sources import open_engine
with open_engine() as engine:
    engine.one("SELECT 1")
dialects = {name for name in sys.modules if name.startswith("sqlglot.dialects.")}
print(sorted(dialects - {"sqlglot.dialects.dialect"}))
import ibis
import ibis.backends.sql.compilers as compilers
from ibis.backends.sql.compilers import PySparkCompiler
rows = ibis.table({"a": "date"}, name="t").select(it=ibis._.a.strftime("%Y"))
print(ibis.to_sql(rows, dialect="postgres").replace("\\n", " "))
print(compilers.postgres.compiler.dialect.__name__, PySparkCompiler.__name__)
print(hasattr(compilers, "nothing"))
"""


def test_other_engines_are_loaded_when_they_are_asked_for():
    run = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    own, statement, others, nothing = run.stdout.splitlines()
    assert own == "['sqlglot.dialects.duckdb']"
    assert "TO_CHAR" in statement
    assert others == "Postgres PySparkCompiler"
    assert nothing == "False"
