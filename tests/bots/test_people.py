"""``python -m bots people``: what an operator can do for somebody who asks for their data."""

from __future__ import annotations

import asyncio
import io
import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.domain import PersonId
from core.stores.opening import open_store
from tests.bots.test_cli import SCRIPTED, run, set_aside
from tests.contracts.making import asked
from tests.support.tree import ROOT

ADA = "terminal:ada"


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """A configuration in whose store Ada has said something that nobody could answer."""
    file = tmp_path / "config.yaml"
    file.write_text(f"store: sqlite:///{tmp_path}/kept.db\n{SCRIPTED}")
    asyncio.run(set_aside(file))
    return file


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


async def _say(folder: Path, text: str) -> None:
    async with open_store(f"sqlite:///{folder}/kept.db", SystemClock()) as store:
        await store.put(asked("terminal:2", text))


async def _voices(folder: Path) -> int:
    async with open_store(f"sqlite:///{folder}/kept.db", SystemClock()) as store:
        return len(await store.voices(PersonId(ADA)))


def test_everything_about_a_person_is_written_into_a_file_for_them(
    known: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "ada.json"
    assert run("people", "export", ADA, file, "--config", known) == 0
    assert capsys.readouterr().out == f"{file} has 1 conversation and 0 messages\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    told = json.loads(file.read_text())
    assert (told["format"], told["person"]) == ("parlour-person", ADA)
    assert told["conversations"][0]["unanswered"]


def test_a_file_that_is_there_is_not_overwritten(
    known: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ada.json").write_text("mine")
    assert run("people", "export", ADA, tmp_path / "ada.json", "--config", known) == 1
    assert capsys.readouterr().err == f"parlour: {tmp_path / 'ada.json'}: File exists\n"
    assert (tmp_path / "ada.json").read_text() == "mine"


def test_a_file_that_found_no_room_is_not_left_in_half(known: Path, tmp_path: Path) -> None:
    """Of a file so long no more than the first 400 kB can be written."""
    file = tmp_path / "ada.json"
    asyncio.run(_say(tmp_path, "word " * 100_000))
    limited = ["bash", "-c", 'ulimit -f 400; exec "$@"', "-", sys.executable, "-m", "bots", "people", "export", ADA]
    done = subprocess.run([*limited, file, "--config", known], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stderr) == (1, f"parlour: {file}: File too large\n")
    assert not file.exists()


def test_where_nobody_can_be_asked_forgetting_takes_a_word_more(
    known: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    assert run("people", "forget", ADA, "--config", known) == 1
    assert "--yes" in capsys.readouterr().err
    assert run("people", "forget", ADA, "--yes", "--config", known) == 0
    assert "terminal:ada is forgotten: " in capsys.readouterr().out
    assert asyncio.run(_voices(tmp_path)) == 0


@pytest.mark.parametrize(("typed", "left"), [("yes\n", 0), ("y\n", 1), ("", 1)])
def test_on_a_terminal_it_is_asked_first(
    known: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    left: int,
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    assert run("people", "forget", ADA, "--config", known) == left
    assert asyncio.run(_voices(tmp_path)) == left


@pytest.mark.parametrize("command", [("export", "discord:1", "1.json"), ("forget", "discord:1", "--yes")])
def test_who_is_not_known_is_said_to_be_so(
    known: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("people", *command, "--config", known) == 1
    assert capsys.readouterr().err == "parlour: people: nothing is kept of discord:1\n"


def test_an_id_names_its_platform(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("people", "forget", "123", "--config", known) == 2
    assert "expected an id such as discord:123" in capsys.readouterr().err
