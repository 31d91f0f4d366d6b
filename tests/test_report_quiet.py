"""A step that fails and looks finished ends the run: captured, redirected, late or never asked."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest

from kamlib.errors import KamError
from kamlib.report import server
from kamlib.report.kernel import read_notebook, run_notebook

PROGRAM = "calls a program of the system"
THREAD = "import threading\nt = threading.Thread(target=lambda: 1 / 0)\n"
LATE = "import threading, time\ndef late():\n    time.sleep(0.3)\n    1 / 0\n"
QUIET = {
    "a failing command that is timed": ("%%time\n!false", PROGRAM),
    "a failing command that is captured": ("%%capture\n!false", PROGRAM),
    "a command for its output": ("%sx false", PROGRAM),
    "a system command": ("%system false", PROGRAM),
    "a script that fails midway": ("%%bash\nfalse\necho done", PROGRAM),
    "a script in the background": ("%%bash --bg\nfalse", PROGRAM),
    "os.system": ("import os\n_ = os.system('false')", PROGRAM),
    "os.popen": ("import os\n_ = os.popen('false').read()", PROGRAM),
    "a spawned program": ("import os\n_ = os.spawnlp(os.P_WAIT, 'false', 'false')", PROGRAM),
    "the shell's own way": ("run = get_ipython().system\nrun('false')", PROGRAM),
    "a program that is not checked": ("import subprocess\n_ = subprocess.run(['false'])", PROGRAM),
    "a program left alone": ("import subprocess\n_ = subprocess.Popen(['false'])", PROGRAM),
    "a shell that hides its failure": (
        "import subprocess\n_ = subprocess.run(['sh', '-c', 'false; true'], check=True)",
        PROGRAM,
    ),
    "a program of a loop": (
        "import asyncio\np = await asyncio.create_subprocess_exec('false')\n_ = await p.wait()",
        PROGRAM,
    ),
    "an error that is captured": ("%%capture\nraise ValueError('lost')", "ValueError: lost"),
    "an error that is shown and cleared": (
        "from IPython.display import clear_output\n"
        "_ = get_ipython().run_cell('1 / 0')\nclear_output()",
        "ZeroDivisionError",
    ),
    "exit": ("exit()", "leaves the notebook early"),
    "quit, captured": ("%%capture\nquit()", "leaves the notebook early"),
    "leaving, captured": ("%%capture\nimport sys; sys.exit(0)", "SystemExit"),
    "a thread that fails captured": (
        f"%%capture\n{THREAD}t.start(); t.join()",
        "ZeroDivisionError",
    ),
    "a thread that fails redirected": (
        f"import contextlib, io\n{THREAD}with contextlib.redirect_stderr(io.StringIO()):\n"
        "    t.start(); t.join()",
        "ZeroDivisionError",
    ),
    "a thread whose failure is cleared": (
        f"from IPython.display import clear_output\n{THREAD}t.start(); t.join(); clear_output()",
        "ZeroDivisionError",
    ),
    "a thread that fails late": (
        f"{LATE}threading.Thread(target=late, daemon=True).start()",
        "ZeroDivisionError",
    ),
    "a timer": ("import threading\nthreading.Timer(0.3, lambda: 1 / 0).start()", "ZeroDivision"),
    "a task of a pool that nobody asks": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "pool = ThreadPoolExecutor()\n_ = pool.submit(lambda: 1 / 0)",
        "ZeroDivisionError",
    ),
    "a task of processes that nobody asks": (
        "import math\nfrom multiprocessing import Pool\n"
        "pool = Pool(1)\n_ = pool.apply_async(math.sqrt, (-1,))",
        "ValueError: math domain error",
    ),
    "a process that ends badly": (
        "import multiprocessing, sys\n"
        "multiprocessing.get_context('fork').Process(target=sys.exit, args=(3,)).start()",
        "a process that a step started ended with 3",
    ),
    "a task of a loop that nobody awaits, redirected": (
        "import asyncio, contextlib, io\nasync def fail():\n    1 / 0\n"
        "with contextlib.redirect_stderr(io.StringIO()):\n"
        "    task = asyncio.get_event_loop().create_task(fail())\n"
        "    await asyncio.sleep(0.1)\n    del task",
        "ZeroDivisionError",
    ),
    "a task of a loop that nobody awaits": (
        "import asyncio\nasync def fail():\n    1 / 0\n"
        "task = asyncio.get_event_loop().create_task(fail())\nawait asyncio.sleep(0.1)\ndel task",
        "ZeroDivisionError",
    ),
}
ENDED = "its Python process ended|Kernel died"
LOUD = {
    **{
        f"raise {error}": (f"raise {error}", said)
        for error, said in {
            "ValueError('lost')": "ValueError: lost",
            "KeyError('x')": "KeyError",
            "Exception": "Exception",
            "BaseException('base')": "BaseException: base",
            "MemoryError": "MemoryError",
            "RecursionError('deep')": "RecursionError: deep",
            "StopIteration": "StopIteration",
            "GeneratorExit": "GeneratorExit",
            "OSError(28, 'No space left')": "No space left",
            "UnicodeDecodeError('utf-8', b'x', 0, 1, 'bad')": "UnicodeDecodeError",
            "ExceptionGroup('many', [ValueError('one')])": "ExceptionGroup|many",
            "KeyboardInterrupt": "KeyboardInterrupt",
            "SystemExit": "SystemExit",
            "SystemExit(0)": "SystemExit",
            "SystemExit(3)": "SystemExit",
            "ValueError('two') from KeyError('one')": "ValueError: two",
            "type('Odd', (Exception,), {'__str__': lambda s: 1 / 0})()": "Odd|ZeroDivisionError",
        }.items()
    },
    "leaving by sys": ("import sys\nsys.exit()", "SystemExit"),
    "leaving by sys, with words": ("import sys\nsys.exit('words')", "SystemExit"),
    "a name that is not there": ("nothing_of_this_name", "NameError"),
    "an attribute that is not there": ("(1).nothing", "AttributeError"),
    "a division by nothing": ("1 / 0", "ZeroDivisionError"),
    "a step that does not hold": ("assert 1 == 2, 'not equal'", "not equal"),
    "an index beyond the end": ("[][1]", "IndexError"),
    "another type": ("'a' + 1", "TypeError"),
    "no module": ("import no_such_module_anywhere", "ModuleNotFoundError"),
    "no name of a module": ("from os import no_such_name", "ImportError"),
    "no Python": ("for", "SyntaxError|invalid syntax"),
    "no closing bracket": ("print((1)", "SyntaxError|incomplete|never closed"),
    "a wrong indent": ("if True:\nprint(1)", "IndentationError"),
    "a return outside": ("return 1", "SyntaxError|outside"),
    "a magic that is none": ("%nosuchmagic", "not found|UsageError"),
    "a cell magic that is none": ("%%nosuchmagic\n1", "not found|UsageError"),
    "a file that is not there": ("open('/no/such/file')", "FileNotFoundError"),
    "a folder as a file": ("open('/')", "IsADirectoryError"),
    "a script that is not there": ("%run no_such_file.py", "not found|no_such_file"),
    "bytes that are no text": ("b'\\xff'.decode()", "UnicodeDecodeError"),
    "a table that grows while it is read": (
        "d = {1: 1}\nfor key in d:\n    d[key + 1] = 1",
        "RuntimeError",
    ),
    "a generator that fails": ("list(1 / n for n in (1, 0))", "ZeroDivisionError"),
    "an error while tidying up": ("try:\n    1 / 0\nfinally:\n    {}['x']", "KeyError"),
    "an error of a representation": (
        "class Odd:\n    def __repr__(self):\n        raise ValueError('no words')\nOdd()",
        "no words",
    ),
    "an error of a page's part": (
        "class Odd:\n    def _repr_html_(self):\n        raise ValueError('no html')\nOdd()",
        "no html",
    ),
    "an awaited task": (
        "import asyncio\nasync def fail():\n    1 / 0\nawait fail()",
        "ZeroDivisionError",
    ),
    "gathered tasks": (
        "import asyncio\nasync def fail():\n    1 / 0\nawait asyncio.gather(fail(), fail())",
        "ZeroDivisionError",
    ),
    "a pool that is asked": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "list(ThreadPoolExecutor().map(lambda n: 1 / n, (1, 0)))",
        "ZeroDivisionError",
    ),
    "a program that is checked and fails": (
        "import subprocess\nsubprocess.run(['false'], check=True)",
        "CalledProcessError",
    ),
    "a program that is not there": (
        "import subprocess\nsubprocess.run(['no-such-program'], check=True)",
        "FileNotFoundError|no-such-program",
    ),
    "the process ends": ("import os\nos._exit(0)", ENDED),
    "the process ends badly": ("import os\nos._exit(3)", ENDED),
    "the process is killed": ("import os\nos.kill(os.getpid(), 9)", ENDED),
    "the process is stopped": ("import os\nos.kill(os.getpid(), 15)", ENDED),
    "the process aborts": ("import os\nos.abort()", ENDED),
    "the process reads what is not its": ("import ctypes\nctypes.string_at(1)", ENDED),
    "a step without end": ("while True:\n    pass", "longer than"),
    "a step that sleeps": ("import time\ntime.sleep(3600)", "longer than"),
    "a table that lacks a column": ("import pandas as pd\npd.DataFrame()['x']", "KeyError"),
    "a warning that is an error": (
        "import warnings\nwarnings.simplefilter('error')\nwarnings.warn('careful')",
        "careful",
    ),
}
SOUND = {
    "a program that is checked": "import subprocess\n_ = subprocess.run(['true'], check=True)",
    "a failure that is expected": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    pass",
    "a task that is asked": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "pool = ThreadPoolExecutor()\ntask = pool.submit(lambda: 1 / 0)\n_ = task.exception()"
    ),
    "tasks of processes": (
        "import math\nfrom multiprocessing import Pool\n"
        "with Pool(1) as pool:\n    _ = pool.map(math.sqrt, [1, 4])"
    ),
    "what libraries do for themselves": (
        "import ctypes.util, platform\n_ = platform.processor(), ctypes.util.find_library('m')"
    ),
}

pytestmark = pytest.mark.skipif(not server.can_fork(), reason="needs warm kernels")


@pytest.fixture(scope="module")
def environment(kernels: server.ForkServer) -> dict[str, str]:
    """Where kernels are forked."""
    return {"PYTHONHASHSEED": "0", server.SOCKET: kernels.address}


def run(
    folder: Path, environment: dict[str, str], cell: str, *, timeout: int = 60
) -> nbformat.NotebookNode:
    book = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    )
    book.cells = [
        nbformat.v4.new_code_cell("a = 1", id="a"),
        nbformat.v4.new_code_cell(cell, id="b"),
    ]
    nbformat.write(book, folder / "quiet.ipynb")
    return run_notebook(folder / "quiet.ipynb", {}, environment=environment, timeout=timeout)


@pytest.mark.parametrize("name", QUIET)
def test_what_fails_quietly_ends_the_run(tmp_path, environment, name):
    cell, said = QUIET[name]
    with pytest.raises(KamError, match=said) as raised:
        run(tmp_path, environment, cell)
    assert raised.value.exit_code == 1
    assert "QuietFailure" not in str(raised.value)


@pytest.mark.soak
@pytest.mark.parametrize("name", LOUD)
def test_what_fails_loudly_ends_the_run(tmp_path, environment, name):
    cell, said = LOUD[name]
    with pytest.raises(KamError, match=said) as raised:
        run(tmp_path, environment, cell, timeout=5 if said == "longer than" else 60)
    assert raised.value.exit_code == 1 and raised.value.next


def test_there_are_as_many_faults_as_were_tried():
    assert len(QUIET) >= 14 and len(LOUD) >= 54


@pytest.mark.parametrize("name", SOUND)
def test_what_is_sound_is_left_alone(tmp_path, environment, name):
    executed = run(tmp_path, environment, SOUND[name])
    assert [cell.id for cell in executed.cells] == ["a", "b"]


def of_kernels(kernels: server.ForkServer) -> float:
    """The processor seconds of the kernels that have ended."""
    about = Path(f"/proc/{kernels._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(about[13]) + int(about[14])) / os.sysconf("SC_CLK_TCK")


def test_the_time_of_kernels_is_known_and_none_is_left(tmp_path, environment, kernels):
    run(tmp_path, environment, "b = 1")  # a kernel that has ended is noted when another begins
    before = of_kernels(kernels)
    run(tmp_path, environment, "import time\nwhile time.process_time() < 3:\n    pass")
    run(tmp_path, environment, "b = 1")
    assert of_kernels(kernels) - before >= 3


def shown(executed: nbformat.NotebookNode) -> str:
    return "".join(output.text for output in executed.cells[-1].outputs)


def test_a_forked_kernel_goes_through_no_module_and_no_log(tmp_path, environment):
    cell = (
        "kernel = get_ipython().kernel\n"
        "print(len(kernel._kernel_modules), len(kernel.parent.log.handlers), kernel.parent.argv)\n"
        "print('numpy' in get_ipython()._sys_modules_keys)"
    )
    assert shown(run(tmp_path, environment, cell)).splitlines() == ["0 0 []", "True"]


@pytest.mark.parametrize("is_warm", [True, False])
def test_a_kernel_is_told_the_settings_of_reports_however_it_starts(tmp_path, environment, is_warm):
    cell = (
        "print(get_ipython().history_manager.enabled, "
        "'kamlib.report.watch' in get_ipython().extension_manager.loaded, __name__)"
    )
    known = environment if is_warm else {"PYTHONHASHSEED": "0"}
    assert shown(run(tmp_path, known, cell)).split() == ["False", "True", "__main__"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cells": 3}', '{"nbformat": 4}'])
def test_a_damaged_notebook_is_refused_in_words(tmp_path, content):
    file = tmp_path / "broken.ipynb"
    file.write_text(content)
    with pytest.raises(KamError, match="cannot be read"):
        read_notebook(file)
