"""LibreOffice: what it makes of the kit's files when it opens, calculates and prints them."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

ANEW = """<?xml version="1.0" encoding="UTF-8"?><oor:items
xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode"
oor:op="fuse"><value>0</value></prop></item></oor:items>"""
"""Every formula of a workbook is calculated when it is opened."""


@cache
def _command() -> list[str]:
    """The program with a profile of its own, made once in a test run's process."""
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        reason = "needs LibreOffice"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    profile = Path(tempfile.mkdtemp(prefix="kam-office-"))
    atexit.register(shutil.rmtree, profile, ignore_errors=True)
    (profile / "user").mkdir()
    (profile / "user" / "registrymodifications.xcu").write_text(ANEW, encoding="utf-8")
    return [program, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to"]


def converted(form: str, folder: Path, *files: Path) -> list[Path]:
    """Have files written in another form (such as pdf) into a folder; return where they are."""
    command = [*_command(), form, "--outdir", folder, *files]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    return [folder / f"{file.stem}.{form.partition(':')[0]}" for file in files]
