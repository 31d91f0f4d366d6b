"""pyproject, the lock and the conda environment say the same; nothing names a host or a path."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA_NAMES = {
    "duckdb": "python-duckdb",
    "lazy-loader": "lazy_loader",
    "matplotlib": "matplotlib-base",
}


def requirements(*extras: str) -> dict[str, Requirement]:
    lines = [*PROJECT["dependencies"]]
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    return {canonicalize_name(r.name): r for r in map(Requirement, lines)}


def locked(name: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for package, version in re.findall(
        r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", (ROOT / name).read_text("utf-8"), re.M
    ):
        found.setdefault(canonicalize_name(package), set()).add(version)
    return found


@pytest.mark.parametrize(
    ("file", "extra"),
    [
        ("requirements.txt", "test"),
        ("requirements-extras.txt", "browser"),
        ("requirements-extras.txt", "cluster"),
        ("requirements-extras.txt", "postgres"),
        ("requirements-extras.txt", "slides"),
        ("requirements-extras.txt", "spark"),
    ],
)
def test_the_lock_holds_every_requirement_within_its_bounds(file, extra):
    versions = locked(file)
    for name, requirement in requirements(extra).items():
        assert name in versions, name
        assert all(requirement.specifier.contains(version) for version in versions[name]), name


def test_both_locks_agree():
    one, two = locked("requirements.txt"), locked("requirements-extras.txt")
    assert not {name for name in set(one) & set(two) if one[name] != two[name]}


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-extras.txt"])
def test_the_lock_is_hashed_and_names_no_host_and_no_path(file):
    text = (ROOT / file).read_text(encoding="utf-8")
    assert not re.search(r"https?:|file:|--index|--find-links|--extra-index|/home|/root|/opt", text)
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) > 50
    assert all("--hash=sha256:" in entry for entry in entries)


def test_the_constraints_are_the_lock_without_its_hashes():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    named = [line.removesuffix(" \\") for line in lock if not line.startswith(" ")]
    assert [line for line in lines if not line.startswith("#")] == named
    assert all(Requirement(line) for line in named)


def test_the_conda_environment_has_the_same_bounds():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    plain = [line for line in environment["dependencies"] if isinstance(line, str)]
    by_pip = next(part["pip"] for part in environment["dependencies"] if isinstance(part, dict))
    assert by_pip[-1] == "--editable ."
    conda = {re.split(r"[<>=]", line)[0]: line for line in [*plain, *by_pip[:-1]]}
    wanted = requirements("test")
    for name, requirement in wanted.items():
        theirs = CONDA_NAMES.get(name, name)
        assert theirs in conda, f"{name} is missing from environment.yml"
        bounds = set(conda[theirs].removeprefix(theirs).replace("==", "=").split(","))
        assert bounds == {str(part).replace("==", "=") for part in requirement.specifier}, name
    known = {CONDA_NAMES.get(name, name) for name in wanted} | {"python", "pip", "ibis-duckdb"}
    assert set(conda) <= known
    assert conda["python"] == f"python{PROJECT['requires-python']}"
