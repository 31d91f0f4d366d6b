"""The executor of a run is interchangeable: a cluster's workers make the same pages."""

from __future__ import annotations

import os
import re
from concurrent.futures import ProcessPoolExecutor
from datetime import date

import nbformat
import pytest

from kamlib.errors import KamError
from kamlib.report import Request, render

LINES = "".join(f"{m},{a},2025-{m:02d}-05,{10 * m}\n" for m in range(1, 13) for a in "AB")
CELL = (
    "import os\nfrom IPython.display import HTML\nimport kamlib as kam\n"
    "q = kam.open_period(book, period, manager_id)\n"
    'HTML(f"<p>{len(q.accounts)} accounts, in a kernel of {os.getppid()}</p>")'
)


@pytest.fixture
def request_(make_book, tmp_path) -> Request:
    """A book with a page of its own, which is all that is asked for, twice."""
    book = make_book({"orders.csv": f"order_id,account_id,order_date,revenue\n{LINES}"})
    (book / "notebooks").mkdir()
    for name in ("mine", "yours"):
        node = nbformat.v4.new_notebook(
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
            cells=[
                nbformat.v4.new_code_cell(
                    'book = ""\nperiod = ""\nmanager_id = ""',
                    id="p",
                    metadata={"tags": ["parameters"]},
                ),
                nbformat.v4.new_code_cell(CELL, id="c"),
            ],
        )
        nbformat.write(node, book / "notebooks" / f"{name}.ipynb")
    return Request(book, ("2025-Q4",), only=("mine", "yours"), out=tmp_path / "site")


def test_the_workers_of_a_local_cluster_make_the_pages(request_):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        workers = client.run(os.getpid).values()
        (outcome,) = render(request_, today=date(2026, 3, 1), executor=client.get_executor())
    assert outcome.state == "published"
    for name in ("mine", "yours"):
        page = (request_.out / "2025-Q4" / f"{name}.html").read_text()
        said = re.search(r"2 accounts, in a kernel of (\d+)", page)
        assert said is not None and int(said[1]) in workers


def test_a_step_that_fails_elsewhere_publishes_nothing(request_):
    file = request_.book / "notebooks" / "mine.ipynb"
    file.write_text(file.read_text().replace("import os", "raise ValueError('no such thing')"))
    with ProcessPoolExecutor(1) as pool, pytest.raises(KamError, match="no such thing"):
        render(request_, today=date(2026, 3, 1), executor=pool)
    assert not request_.out.exists()
