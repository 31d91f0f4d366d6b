"""The recipes of docs/operating.md: each is read or run by the program it is for, where that is
here.
"""

from __future__ import annotations

import base64
import contextlib
import email
import email.message
import email.policy
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from kamlib.cli import main
from kamlib.errors import KamError
from kamlib.report.status import Status

from .test_report_failures import wait_until

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX")


def needs(*programs: str):
    missing = [name for name in programs if shutil.which(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}")


def recipes(root: Path, language: str) -> list[str]:
    text = (root / "docs" / "operating.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_every_option_of_the_instructions_is_one(root, capsys):
    assert main(["report", "--help"]) == 0
    known = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    for language in ("sh", "cron", "ini", "yaml", "bat"):
        for recipe in recipes(root, language):
            for command in re.findall(r"kam(?:\.exe)? report ([^>|\"\n]*)", recipe):
                assert set(re.findall(r"--[a-z-]+", command)) <= known, command


def test_the_recipes_are_of_the_form_that_their_programs_read(root, tmp_path):
    for recipe in recipes(root, "python"):
        compile(recipe, "recipe", "exec")
    workflows = [*recipes(root, "yaml"), (root / ".github/workflows/install.yml").read_text()]
    for text in workflows:
        jobs = yaml.safe_load(text)["jobs"].values()
        assert all(job["runs-on"] and job["timeout-minutes"] for job in jobs)
    (line,) = [one for one in recipes(root, "cron")[0].splitlines() if one[:1].isdigit()]
    assert len(line.split(maxsplit=5)) == 6 and "%" not in line  # cron reads % as a line's end
    done = subprocess.run(["sh", "-n"], input=line.split(maxsplit=5)[5], text=True)
    assert done.returncode == 0


@needs("systemd-analyze")
def test_systemd_takes_the_units_of_the_instructions(root, tmp_path):
    service, timer = recipes(root, "ini")
    service = re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", service)
    failed = "[Service]\nType=oneshot\nExecStart=/bin/true\n"
    units = {
        "kam-report.service": service,
        "kam-report.timer": timer,
        "kam-report-failed.service": failed,
    }
    for name, text in units.items():
        (tmp_path / name).write_text(text)
    files = [str(tmp_path / name) for name in units]
    done = subprocess.run(
        ["systemd-analyze", "verify", *files],
        capture_output=True,
        text=True,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )
    own = [line for line in done.stderr.splitlines() if "kam-report" in line]
    assert own == []


@posix
def test_the_alarm_of_the_instructions_rings_when_the_last_success_is_old(root, tmp_path):
    alarm = next(recipe for recipe in recipes(root, "sh") if "CHECK" in recipe)
    file = tmp_path / "status.json"
    command = alarm.replace("python3", sys.executable).replace(
        "/srv/kam/reports.status.json", str(file)
    )
    status = Status(file, tmp_path / "site")

    def rings() -> bool:
        return subprocess.run(["sh", "-c", command], capture_output=True).returncode != 0

    assert rings()
    status.success()
    assert not rings()
    status.said["last_success"] = "2025-01-01T00:00:00+00:00"
    status.failure(KamError("No room.", exit_code=1))
    assert rings()


def program(folder: Path, name: str, text: str) -> Path:
    """Write a program that stands in for one of a recipe."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


@needs("flock", "sh")
@pytest.mark.parametrize(("ends", "mailed"), [(0, ""), (1, "the last line\n")])
def test_cron_mails_the_end_of_the_log_of_a_run_that_failed(root, tmp_path, ends, mailed):
    (line,) = [one for one in recipes(root, "cron")[0].splitlines() if one[:1].isdigit()]
    kam = program(tmp_path, "kam", f"for n in 1 2 3 4 5 6; do echo line $n; done; exit {ends}")
    command = line.split(maxsplit=5)[5].replace("/srv/kam/venv/bin/kam", str(kam))
    command = command.replace("/srv/kam", str(tmp_path))
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ""
    said = done.stdout.splitlines()
    assert said == ([f"line {n}" for n in range(2, 7)] if ends else [])
    assert bool(mailed) == bool(said)
    assert len((tmp_path / "kam.log").read_text().splitlines()) == 6


@posix
def test_the_mail_of_the_instructions_has_its_addresses_and_its_parts(root, tmp_path):
    recipe = next(one for one in recipes(root, "sh") if "msmtp" in one)
    draft = email.message.EmailMessage(policy=email.policy.SMTP)
    draft["Subject"] = "Key accounts"
    draft.set_content("Text")
    draft.add_alternative("<p>Text</p>", subtype="html")
    (tmp_path / "m1.eml").write_bytes(draft.as_bytes())
    pipe = recipe.splitlines()[-1].replace("/srv/kam", str(tmp_path))
    pipe = pipe.replace("msmtp -t", f"cat >{tmp_path}/sent.eml")
    subprocess.run(["sh", "-c", pipe], check=True)
    sent = email.message_from_bytes((tmp_path / "sent.eml").read_bytes())
    assert (sent["From"], sent["To"]) == ("kam@example.com", "ines@example.com")
    assert sent["Subject"] == "Key accounts"
    kinds = [part.get_content_type() for part in sent.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


@contextlib.contextmanager
def served(root: Path, folder: Path) -> Iterator[str]:
    """Serve a folder as the instructions say, without a certificate; give the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = recipes(root, "nginx")[0].replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    server = re.sub(r"ssl_certificate\S* \S+;", "", server)
    server = server.replace("/srv/kam/reports", str(folder / "reports"))
    server = server.replace("/etc/nginx/kam.htpasswd", str(folder / "htpasswd"))
    text = (
        f"daemon off; user root; pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;\n"
        f"fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n"
        f"{server} }}\n"
    )
    (folder / "nginx.conf").write_text(text)
    command = ["nginx", "-p", str(folder), "-e", f"{folder}/error.log", "-c", "nginx.conf"]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            assert wait_until(lambda: answers(port), 20)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@needs("nginx", "openssl")
def test_nginx_serves_a_site_to_those_who_have_a_password_and_no_scratch(root, tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "reports" / ".kam").mkdir(parents=True)
    for name in ("index.html", ".kam/half.html"):
        (tmp_path / "reports" / name).write_text("<html>All is well.</html>")
    word = subprocess.run(
        ["openssl", "passwd", "-apr1", "secret"], check=True, capture_output=True, text=True
    )
    (tmp_path / "htpasswd").write_text(f"ines:{word.stdout}")

    def got(address: str, *, who: str = "") -> int:
        asked = urllib.request.Request(address)
        if who:
            asked.add_header("Authorization", f"Basic {base64.b64encode(who.encode()).decode()}")
        try:
            with urllib.request.urlopen(asked, timeout=20) as answer:
                assert answer.headers["Cache-Control"] == "no-cache"
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    with served(root, tmp_path) as site:
        assert got(f"{site}/index.html") == 401
        assert got(f"{site}/", who="ines:secret") == 200
        assert got(f"{site}/.kam/half.html", who="ines:secret") == 403


@pytest.mark.soak
@needs("airflow")
def test_airflow_parses_and_runs_the_task_of_the_instructions(root, tmp_path):
    """Airflow stands in an environment of its own; put its program on PATH."""
    dag = next(one for one in recipes(root, "python") if "DAG(" in one)
    kam = f'cd {root} && exec {sys.executable} -m kamlib "$@" --only segmentation --accounts none'
    program(tmp_path, "kam", f"unset AIRFLOW_HOME; {kam}")
    dag = dag.replace("/srv/kam/venv/bin/kam", str(tmp_path / "kam"))
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "kam_report.py").write_text(dag.replace("/srv/kam", str(tmp_path)))
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "book.toml").write_text('title = "Tiny"\n')
    days = [f"{y}-{m:02d}-05" for y in range(2024, 2100) for m in range(1, 13)]
    lines = [f"{n},A,{day},10" for n, day in enumerate(days)]
    orders = "\n".join(["order_id,account_id,order_date,revenue", *lines])
    (tmp_path / "book" / "orders.csv").write_text(orders)
    settings = {"AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}

    def airflow(*words: str) -> str:
        done = subprocess.run(
            ["airflow", *words], env={**os.environ, **settings}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    airflow("db", "migrate")
    assert "No data found" in airflow("dags", "list-import-errors")
    airflow("dags", "test", "kam_report", "2026-11-01")
    status = json.loads((tmp_path / "reports.status.json").read_text())
    assert status["state"] == "ok" and len(status["periods"]) == 1
