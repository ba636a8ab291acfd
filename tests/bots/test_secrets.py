"""With a real secret everywhere one can be, none is in what Parlour says: logs of every level, `check`, errors, what objects
look like, and what is left of a process that crashed."""

from __future__ import annotations

import asyncio
import io
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from bots.cli import main
from core.clock import SystemClock
from core.config import Config, parse_config, secrets_of
from core.errors import ParlourError
from core.stores.opening import open_store
from core.telemetry.logs import LogPolicy, set_up
from tests.support.servers import free_port
from tests.support.tree import ROOT

NEEDLE = "geheim"
"""In every secret below."""


def settings() -> str:
    """A configuration with all secrets that there are; nothing listens where it says."""
    server, proxy = f"127.0.0.1:{free_port()}", f"http://user:{NEEDLE}-of-the-proxy@127.0.0.1:9"
    return f"""
store: redis://:{NEEDLE}-of-redis@{server}/0
providers:
  mine: {{base_url: "http://127.0.0.1:9/v1", api_key: sk-{NEEDLE}-0123456789, headers: {{X-Key: {NEEDLE}-in-a-header}}}}
  other: {{base_url: "http://127.0.0.1:9/v1", query: {{code: {NEEDLE}-in-a-query}}, proxy: "{proxy}"}}
models: [{{id: small, provider: mine}}, {{id: large, provider: other}}]
discord: {{token: {NEEDLE}.of.discord, api_url: "http://{server}", gateway_url: "ws://{server}"}}
telegram:
  token: "123456789:AA{NEEDLE}OfTelegramAAAAAAAAAAAAAAAAAAAAAA"
  api_url: "http://{server}"
  webhook: {{url: "https://chat.example/hook", secret: {NEEDLE}-of-the-hook}}
web:
  port: {free_port()}
  token: {NEEDLE}-of-the-page-0123456789
  cookie_keys: [{NEEDLE}-of-the-cookies-0123456789-0123456789]
  clients: [{{name: shop, key: {NEEDLE}-of-the-shop-0123456789}}]
privacy: {{key: {NEEDLE}-that-seals-0123456789-0123456789, old_keys: [{NEEDLE}-that-sealed-0123456789-012345678]}}
telemetry: {{traces: "http://user:{NEEDLE}-of-traces@{server}", headers: {{Authorization: {NEEDLE}-of-the-collector}}}}
log: {{level: debug, format: json}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "config.yaml"
    found.write_text(settings())
    return found


@pytest.fixture
def serving(tmp_path: Path) -> Path:
    """The same, but for a store that is there."""
    lines = [
        f"store: sqlite:///{tmp_path}/kept.db" if line.startswith("store:") else line
        for line in settings().splitlines()
    ]
    found = tmp_path / "config.yaml"
    found.write_text("\n".join(lines))
    return found


def test_every_secret_that_is_configured_is_known_to_the_log() -> None:
    text = settings()
    assert len(secrets_of(parse_config(text, {}))) == text.count(NEEDLE)


def test_a_configuration_shows_none() -> None:
    config = parse_config(settings(), {})
    assert NEEDLE not in f"{config!r} {config}"


def test_no_command_says_one_where_nothing_can_be_reached(file: Path) -> None:
    for command in ("check", "models", "inbox", "run"):
        with _process(file, command) as process:
            said = process.communicate()[0]
        assert said.strip(), command
        assert NEEDLE not in said, command


async def test_none_is_said_that_a_server_says_back(file: Path) -> None:
    """As a proxy in front of Telegram does, whose page of errors names the address."""
    async with await asyncio.start_server(_say_back, "127.0.0.1", 0) as server:
        said = await asyncio.to_thread(_checked_at, file, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    assert "Telegram cannot be reached: Internal Server Error" in said
    assert "/bot***/" in said
    assert NEEDLE not in said


def _checked_at(file: Path, telegram: str) -> str:
    lines = [f"  api_url: {telegram}" if "  api_url" in line else line for line in settings().splitlines()]
    file.write_text("\n".join(lines))
    with _process(file, "check") as process:
        return process.communicate()[0]


async def _say_back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    asked = (await reader.readuntil(b"\r\n\r\n")).splitlines()[0]
    head = f"HTTP/1.1 500 Oh\r\nconnection: close\r\ncontent-length: {len(asked)}\r\n\r\n"
    writer.write(head.encode() + asked)
    await writer.drain()
    writer.close()


def test_serving_says_none_while_it_tries_again_and_again(serving: Path) -> None:
    with _process(serving, "run") as process:
        said = _lines(process, 8)
        process.terminate()
        said += process.communicate()[0]
    assert "Telegram cannot be reached" in said
    assert NEEDLE not in said


def _lines(process: subprocess.Popen[str], number: int) -> str:
    """The next ones that it says."""
    assert process.stdout is not None
    return "".join(process.stdout.readline() for _ in range(number))


def _process(file: Path, *command: str) -> subprocess.Popen[str]:
    """Both of its outputs are one."""
    line = [sys.executable, "-X", "faulthandler", "-m", "bots", *command, "--config", str(file)]
    return subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.parametrize("broken", ["discord: {token: [", "web: {port: x}", "privacy: {key: geheim}"])
def test_an_error_in_the_configuration_quotes_none(file: Path, broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    kept = [line for line in settings().splitlines() if not line.startswith(broken.partition(":")[0])]
    file.write_text("\n".join([*kept, broken]))
    assert main(["check", "--config", str(file)]) == 2
    assert NEEDLE not in capsys.readouterr().err


async def test_a_store_that_is_away_names_none() -> None:
    config = parse_config(settings(), {})
    with pytest.raises(ParlourError) as caught:
        async with open_store(config.store, SystemClock()):
            pass
    assert NEEDLE not in str(caught.value)


def test_a_crash_with_secrets_at_hand_shows_none(stream: io.StringIO) -> None:
    config = parse_config(settings(), {})
    set_up(LogPolicy("debug", "json", secrets=secrets_of(config)), stream)
    try:
        _crash(config, config.discord.token.get_secret_value())
    except ValueError:
        structlog.get_logger("core.x").exception("broke", config=config, locals=repr(config))
    assert "ValueError" in stream.getvalue()
    assert NEEDLE not in stream.getvalue()


def test_a_process_that_is_aborted_leaves_none(serving: Path) -> None:
    with _process(serving, "run") as process:
        said = _lines(process, 3)
        process.send_signal(signal.SIGABRT)
        said += process.communicate()[0]
    assert "Fatal Python error" in said
    assert NEEDLE not in said


def _crash(config: Config, token: str) -> None:
    raise ValueError(f"{config.store} does not like {token}")
