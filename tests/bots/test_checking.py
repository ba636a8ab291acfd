"""``check``: one line for each thing, true and without secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from bots.checking import check
from core.config import Config, parse_config
from core.config_moderation import ModerationConfig
from tests.support.completions import KEY, CompletionsServer, answer, refuse


def config_for(server: CompletionsServer, folder: Path, key: str = KEY) -> Config:
    text = f"""
store: sqlite:///{folder}/kept.db
providers: {{mine: {{base_url: "{server.url}", api_key: {key}}}}}
models: [{{id: small, provider: mine}}, {{id: large, provider: mine}}]
"""
    return parse_config(text, {"WEB_TOKEN": "web-secret"})


async def findings(config: Config, capsys: pytest.CaptureFixture[str], *, offline: bool = False) -> tuple[int, str]:
    code = await check(config, None, offline=offline)
    return code, capsys.readouterr().out


async def test_each_provider_is_asked_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with CompletionsServer() as server:
        server.plan(answer("yes"))
        code, text = await findings(config_for(server, tmp_path), capsys)
        assert len(server.bodies) == 1
    assert code == 0
    assert "ok     model small            answers" in text
    assert "off    discord" in text
    assert KEY not in text
    assert "web-secret" not in text


async def test_a_wrong_key_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with CompletionsServer() as server:
        code, text = await findings(config_for(server, tmp_path, "sk-wrong-0123456789"), capsys)
    assert code == 1
    assert "error  model small            ModelKeyRefused" in text
    assert "sk-wrong" not in text


async def test_a_provider_that_gives_no_text_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with CompletionsServer() as server:
        server.plan(answer("", "length"))
        code, text = await findings(config_for(server, tmp_path), capsys)
    assert code == 0
    assert "warn   model small" in text


async def test_offline_asks_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with CompletionsServer() as server:
        server.plan(refuse(500, "never asked", "server_error"))
        code, text = await findings(config_for(server, tmp_path), capsys, offline=True)
        assert not server.bodies
    assert code == 0
    assert "not asked (--offline)" in text


async def test_a_store_that_is_away_is_an_error_and_the_rest_is_still_checked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = parse_config("store: redis://:hunter2@127.0.0.1:1\nmodels: [{id: parrot, provider: scripted}]", {})
    code, text = await findings(config, capsys)
    assert code == 1
    assert "error  store" in text
    assert "model parrot" in text
    assert "hunter2" not in text


async def test_keys_that_do_not_open_everything_are_an_error_that_names_file_and_keys(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As after a renewal that was taken back: the old key opens what was said first, and nothing since."""
    old, new = "the-key-of-last-year-32-characters", "the-key-of-this-year-32-characters"
    text = f"store: sqlite:///{tmp_path}/kept.db\nmodels: [{{id: parrot, provider: scripted}}]\nprivacy: "
    renewals = (f"{{key: {old}}}", f"{{key: {new}, old_keys: [{old}]}}", f"{{key: {old}}}")
    configs = [parse_config(text + keys, {}) for keys in renewals]
    assert [await check(config, Path("config.yaml"), offline=True) for config in configs] == [0, 0, 1]
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("error")]
    assert line.startswith("error  store                  config.yaml: SQLite ")
    assert line.endswith("a key that is neither `privacy.key` nor among `privacy.old_keys`.")


async def test_with_budgets_a_model_without_a_price_is_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"""
store: sqlite:///{tmp_path}/kept.db
models: [{{id: unknown, provider: mine}}, {{id: known, provider: mine, price: {{input: 1, output: 2}}}}]
providers: {{mine: {{base_url: "http://127.0.0.1:9/v1"}}}}
"""
    _, without = await findings(parse_config(text, {}), capsys, offline=True)
    _, limited = await findings(parse_config(text + "limits: {budget: {user: {day: 1}}}", {}), capsys, offline=True)
    assert "no budget" not in without
    assert [line for line in limited.splitlines() if "no budget" in line] == [
        "warn   model unknown          counts for no budget: no price is known or set"
    ]


async def test_a_moderation_service_is_asked_about_a_greeting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with CompletionsServer() as server:
        config = config_for(server, tmp_path)
        moderated = config.model_copy(update={"moderation": ModerationConfig(provider="mine")})
        server.checks.extend([refuse(401, "Wrong key.", "invalid_request_error", code="invalid_api_key")])
        assert (await findings(moderated, capsys))[0] == 1
        code, text = await findings(moderated, capsys)
        assert server.judge.texts == ["Good morning!"]
        server.judge.words["Good"] = {"sexual": 0.9}
        _, warned = await findings(moderated, capsys)
        _, off = await findings(config, capsys, offline=True)
    assert (code, "ok     moderation             answers" in text) == (0, True)
    assert "warn   moderation             a greeting would be refused (sexual)" in warned
    assert "off    moderation" in off
