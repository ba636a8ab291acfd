"""The command line: what it prints, how it ends, and that whatever is wrong is one line."""

from __future__ import annotations

import asyncio
import logging
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import Any

import pytest
import structlog

from bots import __version__
from bots.cli import main
from core.clock import SystemClock
from core.domain import ConversationId, Incoming, PersonId, Sender, TextPart, TurnId
from core.stores.opening import open_store
from tests.support.tree import ROOT

SCRIPTED = "models: [{id: parrot, provider: scripted}]\n"


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """`main` sends the logs of its process to standard error."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.yaml"
    file.write_text(f"store: sqlite:///{tmp_path}/kept.db\n{SCRIPTED}web: {{port: 0}}\n")
    return file


def run(*arguments: object) -> int:
    """The exit code, also where the command line itself is wrong."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as ended:
        return int(ended.code or 0)


def run_process(line: str, config: Path, **streams: Any) -> subprocess.CompletedProcess[str]:
    outputs = {"stdout": PIPE, "stderr": PIPE, **streams}
    return subprocess.run(_command(line, config), text=True, cwd=ROOT, check=False, **outputs)


def _command(line: str, config: Path) -> list[str]:
    return [sys.executable, "-m", "bots", *line.split(), "--config", str(config)]


@pytest.fixture
def aside(config: Path) -> Path:
    """A configuration in whose store a turn is set aside."""
    asyncio.run(set_aside(config))
    return config


async def set_aside(config: Path) -> None:
    """A turn that nobody could answer."""
    incoming = Incoming(
        event_id=TurnId("terminal:1"),
        conversation=ConversationId("terminal:default"),
        lane="terminal:default",
        sender=Sender(PersonId("terminal:ada")),
        parts=(TextPart("Hello"),),
        sent_at=SystemClock().now(),
    )
    async with open_store(f"sqlite:///{config.parent}/kept.db", SystemClock()) as store:
        await store.put(incoming)
        turn = await store.claim(["terminal:default"], 30)
        assert turn is not None
        await store.set_aside(turn, "no answer after 5 attempts")


def test_the_version_is_that_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"parlour {__version__}\n"
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", "the following arguments are required: COMMAND"),
        ("dance", "invalid choice: 'dance'"),
        ("chat --loud", "unrecognized arguments: --loud"),
        ("chat --conversation", "expected one argument"),
        ("run icq", "expected discord, telegram, web, got 'icq'"),
        ("--config nowhere.yaml check", "nowhere.yaml: cannot be read: No such file or directory"),
        ("check --config nowhere.yaml", "nowhere.yaml: cannot be read: No such file or directory"),
        ("store", "the following arguments are required: COMMAND"),
        ("store copy mysql://h sqlite:///x", "expected sqlite:///FILE or a redis://"),
        ("store copy redis://:hunter2@h:99999 sqlite:///x", "expected a URL such as redis://HOST:6379/0"),
        ("store copy sqlite:///x sqlite:///x", "expected two different stores"),
        ("inbox retry", "the following arguments are required: ID"),
    ],
)
def test_a_wrong_command_is_one_line(line: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*line.split()) == 2
    out, problem = capsys.readouterr()
    assert (out, problem.count("\n")) == ("", 1)
    assert expected in problem
    assert "hunter2" not in problem


@pytest.mark.parametrize(
    "line", ["inbox", "inbox list", "models", "chat", "store copy redis://127.0.0.1:1 sqlite:///x"]
)
def test_a_store_that_cannot_be_opened_is_one_line(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"store: sqlite:///{tmp_path}/config.yaml/x.db\n{SCRIPTED}")
    assert run(*line.split(), "--config", file) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_models_says_what_is_known_and_why_one_cannot_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.yaml"
    models = "models: [{id: gpt-5-mini, provider: openai}, {id: parrot, provider: scripted, window: 5000}]"
    file.write_text(f"store: sqlite:///{tmp_path}/kept.db\n{models}")
    assert run("models", "--offline", "--config", file) == 0
    _, keyless, parrot = capsys.readouterr().out.splitlines()
    assert "off: the provider openai has no api_key" in keyless
    assert "5000" in parrot
    assert parrot.endswith("usable")


def test_one_model_is_described(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models", "parrot", "--config", config) == 0
    assert "learnt" in capsys.readouterr().out
    assert run("models", "parot", "--config", config) == 1
    assert capsys.readouterr().err == "parlour: models: expected one of parrot, got parot\n"


def test_the_inbox_shows_what_was_set_aside(aside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("inbox", "--config", aside) == 0
    listed = capsys.readouterr().out
    assert "1 set aside" in listed
    assert "no answer after 5 attempts" in listed


def test_a_turn_is_put_back_or_dropped_once(aside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for verb, code in (("retry", 0), ("retry", 1), ("drop", 1)):
        assert run("inbox", verb, "terminal:1", "--config", aside) == code
        assert "".join(capsys.readouterr()).count("\n") == 1


def test_a_store_is_copied(aside: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        source, target = f"sqlite:///{tmp_path}/kept.db", f"sqlite:///{tmp_path}/copy.db"
        assert run("store", "copy", source, target, "--config", aside) == 0
        assert "copied 2 records" in capsys.readouterr().out


def test_a_store_is_backed_up_and_restored(aside: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "backup.db")
    assert run("store", "backup", file, "--config", aside) == 0
    assert capsys.readouterr().out == f"the store is in {file}\n"
    assert run("store", "backup", file, "--config", aside) == 1
    assert "already" in capsys.readouterr().err
    (tmp_path / "kept.db").unlink()
    assert run("store", "restore", file, "--config", aside) == 0
    assert capsys.readouterr().out == "restored 2 records\n"
    assert run("inbox", "--config", aside) == 0
    assert "1 set aside" in capsys.readouterr().out


def test_a_sealed_store_wants_its_key(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text(f"{config.read_text()}\nprivacy: {{key: '${{PRIVACY_KEY:-}}'}}\n")
    monkeypatch.setenv("PRIVACY_KEY", "0123456789abcdef" * 2)
    assert run("inbox", "--config", config) == 0
    monkeypatch.delenv("PRIVACY_KEY")
    assert run("inbox", "--config", config) == 1
    assert "`privacy.key` is missing" in capsys.readouterr().err


def test_a_store_that_is_not_there_is_no_empty_one(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = f"sqlite:///{tmp_path}/typo/kept.db", f"sqlite:///{tmp_path}/copy.db"
    assert run("store", "copy", source, target, "--config", config) == 1
    assert capsys.readouterr().err == f"parlour: There is no store {tmp_path}/typo/kept.db.\n"
    assert not (tmp_path / "typo").exists()


def test_a_file_that_is_no_store_is_neither_read_as_one_nor_made_one(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty, others = tmp_path / "empty.db", tmp_path / "others.db"
    empty.touch()
    with closing(sqlite3.connect(others)) as connection:
        connection.execute("CREATE TABLE recipes (name)")
    before = others.read_bytes()
    assert run("inbox", "--config", config) == 0
    capsys.readouterr()
    for file in (empty, others):
        assert run("store", "restore", file, "--config", config) == 1
        assert capsys.readouterr().err == f"parlour: The file {file} is not a store of Parlour.\n"
    assert run("store", "copy", f"sqlite:///{tmp_path}/kept.db", f"sqlite:///{others}", "--config", config) == 1
    assert capsys.readouterr().err == f"parlour: The file {others} is not a store of Parlour.\n"
    assert (empty.read_bytes(), others.read_bytes()) == (b"", before)


def test_a_backup_that_fails_leaves_nothing(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("inbox", "--config", config) == 0
    (tmp_path / "kept.db").write_text("a shopping list, not a database\n" * 100)
    before = set(tmp_path.iterdir())
    assert run("store", "backup", tmp_path / "backup.db", "--config", config) == 1
    assert "not an SQLite database" in capsys.readouterr().err
    assert set(tmp_path.iterdir()) == before


def test_nobody_reading_ends_it_quietly() -> None:
    line = f'"{sys.executable}" -m bots schema | head -n 1; exit "${{PIPESTATUS[0]}}"'
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stderr == ""
    assert done.returncode in {0, 141}


def test_a_full_disk_is_one_line(config: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = run_process("models", config, stdout=full)
    assert done.stderr == "parlour: No space left on device\n"
    assert done.returncode == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
@pytest.mark.parametrize("line", ["run", "run web", "run discord"])
def test_a_process_manager_gets_a_process_that_ends_when_told_to(
    line: str, number: int, code: int, config: Path
) -> None:
    with subprocess.Popen(_command(line, config), stdout=PIPE, stderr=PIPE, text=True, cwd=ROOT) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        assert ("discord is off: no token is set" if line == "run discord" else "web: http://127.0.0.1:") in said
        while not (config.parent / "kept.db").exists():
            assert process.poll() is None
        process.send_signal(number)
        assert process.wait() == code
        assert process.stderr.read() == ""


@pytest.mark.parametrize(
    ("platform", "begun", "said"),
    [("web", "web: http", "there was no configuration file"), ("discord", "telemetry: http", "nothing is served here")],
)
def test_sighup_ends_no_process_that_has_nothing_to_read(platform: str, begun: str, said: str, tmp_path: Path) -> None:
    """As `systemctl reload` sends it, where there is no file."""
    ports = {"PORT": "0"} if platform == "web" else {"TELEMETRY_PORT": "0"}
    alone = {"PYTHONPATH": str(ROOT), "XDG_DATA_HOME": str(tmp_path), **ports}
    command = [sys.executable, "-m", "bots", "run", platform]
    with subprocess.Popen(command, stdin=DEVNULL, stderr=PIPE, text=True, cwd=tmp_path, env=alone) as process:
        assert process.stderr is not None
        while begun not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGHUP)
        assert process.stderr.readline().startswith(f"parlour: {said}")
        process.terminate()
        assert process.wait() == 0


def test_a_file_that_says_nothing_is_told_of(config: Path) -> None:
    config.write_text("# access:\n\n#   users: ['web:ada']\n")
    done = run_process("check --offline", config)
    assert done.stdout.startswith(f"warn   configuration          {config} holds nothing: what is built in holds (")
    alone = {"PYTHONPATH": str(ROOT), "PORT": "0"}
    command = [sys.executable, "-m", "bots", "--config", str(config), "run", "web"]
    with subprocess.Popen(command, stdin=DEVNULL, stderr=PIPE, text=True, cwd=config.parent, env=alone) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == f"parlour: {config} holds nothing: what is built in holds\n"
        process.terminate()


def test_a_configuration_from_a_pipe_is_read_once(config: Path) -> None:
    """As a shell gives the output of a program that opens a sealed one."""
    shell = ["bash", "-c", f'"$0" -m bots check --offline --config <(cat {config})', sys.executable]
    done = subprocess.run(shell, check=False, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.startswith("ok     configuration          /dev/fd/")


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        ("[{id: small, provider: local}]", "answers come from small, the small model that is built in; for others set"),
        ("[{id: gpt-5-mini, provider: openai}]", "no model can be used; for others set OPENAI_API_KEY"),
    ],
)
def test_whoever_set_no_model_up_hears_who_answers(models: str, expected: str, config: Path) -> None:
    keyless = "providers: {openai: {base_url: 'https://api.openai.com/v1'}}\n"
    config.write_text(f"store: sqlite:///{config.parent}/kept.db\nmodels: {models}\n{keyless}web: {{port: 0}}\n")
    with subprocess.Popen(_command("run web", config), stderr=PIPE, text=True, cwd=ROOT) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith(f"parlour: {expected}")
        process.terminate()


def test_the_page_is_not_served_to_strangers_whom_nobody_meant(config: Path) -> None:
    config.write_text(f"{SCRIPTED}web: {{host: 0.0.0.0}}\n")
    done = run_process("run", config)
    expected = "expected a token, or web.open: true, as web.host 0.0.0.0 can be reached from elsewhere"
    assert (done.returncode, done.stderr) == (2, f"parlour: {config}: web.token: {expected}\n")
    assert "error  web" in run_process("check --offline", config).stdout
