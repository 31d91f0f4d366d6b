"""The wheel carries what a report needs: notebooks, templates and the sample book."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OTHERS = ("pyproject.toml", "README.md", "LICENSE", ".gitignore")
SCRAPS = (
    "notebooks/.ipynb_checkpoints/00_overview-checkpoint.ipynb",
    "data/sample/.ipynb_checkpoints/orders-checkpoint.csv",
    "data/sample/.DS_Store",
    "kamlib/__pycache__/cli.cpython-311.pyc",
    "kamlib/period/.ipynb_checkpoints/period-checkpoint.py",
    "templates/report/.index.html.j2.swp",
    "reports/index.html",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> set[str]:
    """The names in a wheel built from a copy in which somebody has worked with JupyterLab."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "copy"
    for name in kept("kamlib", "notebooks", "templates", "data/sample", *OTHERS):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy / name)
    for name in SCRAPS:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text("{}")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    (file,) = folder.glob("kamlib-*.whl")
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        return set(archive.namelist())


def kept(*folders: str) -> set[str]:
    """The files that git keeps in folders; where there is no git, those that are there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *folders], cwd=ROOT, capture_output=True, text=True
    )
    names = {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}
    if names:
        return names
    files = (file for folder in folders for file in (ROOT / folder).rglob("*"))
    return {
        f.relative_to(ROOT).as_posix()
        for f in files
        if f.is_file() and "__pycache__" not in f.parts
    }


def test_notebooks_templates_and_sample_are_inside(wheel):
    wanted = {f"kamlib/_kit/{name}" for name in kept("notebooks", "templates", "data/sample")}
    assert sum(name.startswith("kamlib/_kit/notebooks/") for name in wanted) >= 7
    assert wanted <= wheel


def test_every_module_is_inside(wheel):
    wanted = {name for name in kept("kamlib") if name.endswith(".py")}
    assert len(wanted) > 50
    assert wanted <= wheel


def test_exactly_the_files_meant_are_inside(wheel):
    kit = {f"kamlib/_kit/{name}" for name in kept("notebooks", "templates", "data/sample")}
    meant = kept("kamlib") | kit
    assert {name for name in wheel if ".dist-info/" not in name} == meant


def test_the_command_and_the_kernels_entry_point_are_declared(wheel):
    assert any(name.endswith(".dist-info/entry_points.txt") for name in wheel)
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel)
