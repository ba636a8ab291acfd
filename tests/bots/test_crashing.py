"""What is left of a process that falls over, and what it says when every line is to be JSON."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.servers import free_port
from tests.support.tree import ROOT

SECRET = "geheim-of-the-shop"
FALLING = f"""
from bots import crashing
from core.telemetry.logs import LogPolicy, set_up
set_up(LogPolicy(format="json", secrets=("{SECRET}",)))
crashing.report_to_log()
raise RuntimeError("no such key: {SECRET}")
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "config.yaml"
    found.write_text(
        f"store: sqlite:///{tmp_path}/kept.db\nlog: {{level: error, format: json}}\nweb: {{port: {free_port()}}}\n"
        "models: [{id: echo, provider: scripted}]\n"
    )
    return found


def test_what_nobody_caught_is_one_line_of_the_log_without_secrets() -> None:
    done = subprocess.run([sys.executable, "-c", FALLING], cwd=ROOT, capture_output=True, text=True, check=False)
    (line,) = done.stderr.splitlines()
    assert json.loads(line)["event"] == "process.crashed"
    assert "RuntimeError" in line
    assert SECRET not in line
    assert done.returncode == 1


def test_a_process_that_is_aborted_leaves_no_image_of_its_memory(file: Path) -> None:
    with _running(file) as process:
        assert process.stderr is not None
        process.stderr.readline()
        limits = Path(f"/proc/{process.pid}/limits")
        core = [line.split()[4] for line in limits.read_text().splitlines() if line.startswith("Max core")]
        process.send_signal(signal.SIGABRT)
    assert core == ["0"]
    assert not list(file.parent.glob("core*"))


def test_where_the_log_is_json_each_line_is_whatever_its_level(file: Path) -> None:
    with _running(file, "web", "telegram") as process:
        assert process.stderr is not None
        said = [process.stderr.readline(), process.stderr.readline()]
        process.terminate()
        said += process.stderr.readlines()
    details = [json.loads(line)["detail"] for line in said]
    assert details[0].startswith("telegram is off: no token is set")
    assert details[1].startswith("web: http://127.0.0.1:")


def _running(file: Path, *platforms: str) -> subprocess.Popen[str]:
    """Allowed to leave an image behind."""
    line = [sys.executable, "-m", "bots", "--config", str(file), "run", *(platforms or ["web"])]
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    return subprocess.Popen(
        ["sh", "-c", f'ulimit -S -c {_shell_limit(hard)}; exec "$@"', "sh", *line],
        cwd=file.parent,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )


def _shell_limit(hard: int) -> str:
    return "unlimited" if hard == resource.RLIM_INFINITY else str(hard // 512)
