"""The configuration: what may be written, what is made of it, and one clear line for everything that is wrong."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

from core.config import Config, find, load, parse_config, secrets_of, user_locale, user_login
from core.config_keys import document, keys
from core.config_platforms import TelegramConfig
from core.config_schema import json_schema
from core.errors import ConfigError
from tests.support.tree import ROOT

SECRET = "sk-very-secret-0123456789"


def problem_of(text: str, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, environ)
    return str(caught.value)


WRONG = {
    "modles: []": "modles: unknown key, did you mean models?",
    "zzz: 1": "zzz: unknown key, expected one of store, providers,",
    "models: []": "models: expected at least one, got an empty list",
    "models: {id: a}": "models: expected a list, got keys and values",
    "models: [gpt]": "models[0]: expected keys and values, got text",
    "models: [{provider: local}]": "models[0].id: expected a value for id, got nothing",
    "models: [{id: a, provider: opnai}]": "models[0].provider: expected one of openai, local, scripted, got “opnai”",
    "models: [{id: a, provider: local}, {id: a, provider: local}]": "models[1].id: expected another name than that of models[0], got “a”",
    "models: [{id: a, provider: local, encoding: p50k}]": "models[0].encoding: expected 'o200k' or 'cl100k', got “p50k”",
    "models: [{id: a, provider: local, window: 1000, max_output: 1000}]": "models[0].max_output: expected less than",
    "models: [{id: a, provider: local, sampling: {temperature: hot}}]": "temperature: expected a number, got “hot”",
    "models: [{id: a, provider: local, sampling: {temprature: 1}}]": "unknown key, did you mean temperature?",
    "models: [{id: a, provider: local, price: {input: 1}}]": "price.output: expected a value for output, got nothing",
    "providers: {local: {base_url: 'http://x'}}\nmodels: [{id: a, provider: local}]": "expected no entry, this provider is built in",
    "providers: {a: {base_url: 'http://x'}}": "models: expected models for these providers, got nothing",
    "providers: {a: {base_url: 'http://me:pw@x'}}\nmodels: [{id: a, provider: a}]": "base_url: expected a URL without user and",
    "providers: {a: {}}\nmodels: [{id: a, provider: a}]": "providers.a.base_url: expected a value for base_url",
    "fallback: [gpt-4]": "fallback[0]: expected one of gpt-5-mini, smollm2, got “gpt-4”",
    "personas: [{name: a, prompt: x}, {name: a, prompt: y}]": "personas[1].name: expected another name than that of personas[0], got “a”",
    "personas: [{name: '', prompt: x}]": "personas[0].name: expected a name of printable characters, got empty text",
    "context: {keep: 1.5}": "context.keep: expected at most 0.9, got 1.5",
    "context: {keep: .nan}": "context.keep: expected a finite number, got .nan",
    "context: {max_tokens: 1e999}": "context.max_tokens: expected a finite number",
    "inbox: {max_age: 5 weeks}": "inbox.max_age: expected a duration such as 500ms, 30s, 15m, 1h or 7d, got “5 weeks”",
    "inbox: {lease: 0}": "inbox.lease: expected at least 1, got 0",
    "history: {ttl: 30s}": "history.ttl: expected at least 60s, got “30s”",
    "inbox: {lease: 1h}": "inbox.lease: expected at most 600s, got “1h”",
    "answer: {attempts: '0'}": "answer.attempts: expected at least 1, got “0”",
    "inbox: {concurrency: many}": "inbox.concurrency: expected a whole number, got “many”",
    "web: {port: true}": "web.port: expected a number, got true",
    "web: {port: 99999}": "web.port: expected at most 65535, got 99999",
    "web: 5": "web: expected keys and values, got 5",
    "log: {level: loud}": "log.level: expected 'debug', 'info', 'warning' or 'error', got “loud”",
    "log: {content: maybe}": "log.content: expected true or false, got “maybe”",
    "store: mysql://host/db": "store: expected sqlite:///FILE or a redis://",
    "store: 'sqlite://'": "store: expected a file after sqlite:///",
    "store: redis://host:99999": "store: expected a URL such as redis://HOST:6379/0",
    "discord: {gateway_url: 'https://x'}": "discord.gateway_url: expected a URL that begins with ws:// or wss://",
    "telegram: {webhook: {secret: x}}": "telegram.webhook.url: expected a value for url",
    "privacy: {key: hunter2}": "privacy.key: expected at least 32 characters",
    "privacy: {old_keys: ['']}": "privacy.old_keys[0]: expected at least 32 characters",
    "telegram: {token: '${NOWHERE}'}": "telegram.token: the environment variable NOWHERE is not set",
    "telegram: {token: '${no-name}'}": "telegram.token: expected ${NAME} or ${NAME:-default}",
    "moderation: {provider: opnai}": "moderation.provider: expected one of openai, got “opnai”",
    "moderation: {provider: local}": "moderation.provider: expected one of openai, got “local”",
    "moderation: {on_failure: ignore}": "moderation.on_failure: expected 'refuse' or 'allow', got “ignore”",
    "moderation: {thresholds: {violense: 0.5}}": "moderation.thresholds.violense",
    "moderation: {thresholds: {violence: 2}}": "moderation.thresholds.violence: expected at most 1, got 2",
    "access: {users: [123]}": "access.users[0]: expected ids such as discord:123 or telegram:456, got 123",
    "access: {users: [icq:123]}": "access.users[0]: expected ids such as discord:123 or telegram:456",
    "a: 1\na: 2": "a: line 2, column 1: this key stands there twice",
    "web:\n\tport: 1": "line 2, column 1: expected spaces, got a tab",
    "models: [{id: a, provider: local": "line 1, column 33: expected , or } in what began in line 1, column 10, got the end of the file",
    "web: {port: 1}}": "line 1, column 15: expected the end of the line after a value, got }",
    "a: &x [1]\nb: *x": "line 2, column 4: aliases are not taken",
    "a: !!python/object/apply:os.system [ls]": "line 1, column 4: tags are not taken",
    "? [a, b]\n: 1": "expected a plain key, got a list or keys",
    "- a": "expected keys and values at the top",
    "just text": "expected keys and values at the top",
    "a: 1\n---\nb: 2": "line 2, column 1: expected one document, got a second one",
    "[" * 5000: "line 1, column 32: too deeply nested",
    'a: "\\UFFFFFFFF"': "expected YAML text, got a character that cannot stand there",
    'store: "\\ud800"': "expected text, got half a character or a NUL",
    "a: 1\nb: \x07": "line 2, column 4: expected text, got a character that cannot stand there",
}


@pytest.mark.parametrize(("text", "expected"), WRONG.items(), ids=lambda text: text[:40])
def test_what_is_wrong_is_said_in_one_line(text: str, expected: str) -> None:
    problem = problem_of(text)
    assert problem.startswith("config.yaml: ")
    assert expected in problem
    assert "\n" not in problem


@pytest.mark.parametrize(
    "text",
    [
        "providers: {a: {base_url: 'http://h', api_key: [%s]}}\nmodels: [{id: a, provider: a}]",
        "providers: {a: {base_url: 'http://h', api_key: '%s\u00e9'}}\nmodels: [{id: a, provider: a}]",
        "providers: {a: {base_url: 'ftp://me:%s@host'}}\nmodels: [{id: a, provider: a}]",
        "providers: {a: {base_url: 'http://h', proxy: 'me:%s@host'}}\nmodels: [{id: a, provider: a}]",
        "providers: {a: {base_url: 'http://h', headers: {x: ['%s']}}}\nmodels: [{id: a, provider: a}]",
        "store: redis://:%s@host:99999",
        "store: '%s'",
        "telegram: {token: [%s]}",
        "telegram: %s",
        "%s",
        "web: {port: '${KEY}'}",
        "log: {level: '${KEY}'}",
        "models: [{id: a, provider: '${KEY}'}]",
        "fallback: ['${KEY}']",
    ],
)
def test_a_secret_is_never_in_the_line(text: str) -> None:
    assert SECRET not in problem_of(text.replace("%s", SECRET), KEY=SECRET)


def test_nothing_written_is_what_is_built_in() -> None:
    assert parse_config("", {}) == load(ROOT / "config.yaml", {}) == parse_config("web:\naccess:\n", {})


def test_a_section_that_is_begun_keeps_what_is_built_in_for_the_rest() -> None:
    config = parse_config(f"privacy: {{old_keys: [{'o' * 32}]}}\nweb: {{port: 81}}", {"PRIVACY_KEY": "k" * 32})
    assert config.privacy.keys == ("k" * 32, "o" * 32)


def test_variables_are_replaced_in_every_text() -> None:
    config = parse_config("telegram: {token: 'x${TOKEN}y'}\nweb: {port: '${PORT:-81}'}", {"TOKEN": "42:abc"})
    assert config.telegram.token.get_secret_value() == "x42:abcy"
    assert config.web.port == 81


def test_a_plain_dollar_brace_can_be_written() -> None:
    config = parse_config("personas: [{name: a, prompt: 'Say $${HOME}, $5 and $$'}]", {"HOME": "x"})
    assert config.personas[0].prompt == "Say ${HOME}, $5 and $$"


@pytest.mark.parametrize(("text", "seconds"), [("500ms", 0.5), ("30s", 30), ("1.5m", 90), ("1h", 3600), ("7", 7)])
def test_durations_become_seconds(text: str, seconds: float) -> None:
    assert parse_config(f"providers: {{a: {{base_url: 'http://h', stall: {text}}}}}\n{MODEL}", {}).providers[
        "a"
    ].stall == pytest.approx(seconds)


MODEL = "models: [{id: m, provider: a, sampling: {stop: END}}]"


def test_days_are_durations_too() -> None:
    assert parse_config("history: {ttl: 90d}", {}).history.ttl == 90 * 86400


def test_one_stop_word_is_a_list_of_one() -> None:
    config = parse_config(f"providers: {{a: {{base_url: 'http://h'}}}}\n{MODEL}", {})
    assert config.models[0].sampling.stop == ("END",)


def test_yes_and_no_and_dates_are_text() -> None:
    config = parse_config("personas: [{name: no, prompt: 2024-01-01}, {name: yes, prompt: 12:30:00}]", {})
    assert [persona.name for persona in config.personas] == ["no", "yes"]


def test_a_line_break_behind_a_key_is_dropped() -> None:
    assert parse_config("telegram: {token: '${T}'}", {"T": "42:abc\n"}).telegram.token.get_secret_value() == "42:abc"


def test_keys_are_not_shown_when_the_configuration_is() -> None:
    assert SECRET not in repr(parse_config("web: {token: '${KEY}'}", {"KEY": SECRET}))


def test_the_log_learns_every_secret() -> None:
    text = f"store: redis://:hunter2@h/0\nproviders: {{a: {{base_url: 'http://h', headers: {{x: 'header'}}}}}}\n{MODEL}"
    assert set(secrets_of(parse_config(text, {"DISCORD_TOKEN": SECRET}))) == {"hunter2", "header", SECRET}


def test_and_those_of_a_section_that_it_was_not_told_of() -> None:
    class Later(Config):
        places: dict[str, tuple[TelegramConfig, ...]]

    place = {"here": ({"token": SECRET},)}
    values = {"models": [{"id": "m", "provider": "local"}], "personas": [{"name": "p", "prompt": "p"}], "places": place}
    assert secrets_of(Later.model_validate(values)) == (SECRET,)


def test_and_passwords_in_whatever_place_of_an_address() -> None:
    url = "redis+sentinel://:pass%40word@h,h2/main?sentinel_password=of%40theirs"
    assert {"pass%40word", "pass@word", "of@theirs"} <= set(secrets_of(parse_config(f"store: {url}", {})))


@pytest.mark.parametrize(
    ("line", "number"), [('WEB_TOKEN="a secret', 2), ("\n\n=hush", 4), ("WEB TOKEN=hush", 2), ("WEB_TOKEN: hush", 2)]
)
def test_a_line_of_dotenv_that_cannot_be_read_is_named_and_not_left_out(line: str, number: int, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("models: [{id: echo, provider: scripted}]\n")
    (tmp_path / ".env").write_text(f"A=1\n{line}\nB=2\n")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "config.yaml", {})
    assert str(caught.value) == f"{tmp_path / '.env'}: line {number}: expected NAME=value, its quotes closed"


def test_dotenv_stands_beside_the_file_and_the_real_environment_wins(tmp_path: Path) -> None:
    (tmp_path / "bot.yaml").write_text("telegram: {token: '${T}'}\nweb: {token: '${W}'}")
    (tmp_path / ".env").write_text("T=from-file$HOME\nW=file\n# comment\n\nWORD\n")
    config = load(tmp_path / "bot.yaml", {"W": "real", "HOME": "x"})
    assert config.telegram.token.get_secret_value() == "from-file$HOME"
    assert config.web.token.get_secret_value() == "real"


def test_another_file_is_named_by_the_environment_or_by_hand(tmp_path: Path) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    assert find(None, {"PARLOUR_CONFIG": str(first)}) == first
    assert find(second, {"PARLOUR_CONFIG": str(first)}) == second


def test_without_a_file_what_is_built_in_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And conversations are found again from another folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "of Ada"))
    found = load(None, {})
    assert found == parse_config("", {}).model_copy(update={"store": found.store})
    if sys.platform == "linux":
        assert found.store == f"sqlite:///{tmp_path}/of%20Ada/parlour/parlour.db"
    assert load(None, {"REDIS_URL": "redis://h/0"}).store == "redis://h/0"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"store: caf\xe9", b"a" * 1_000_001])
def test_a_file_that_is_no_text_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"config\.yaml: expected .*"):
        load(tmp_path / "config.yaml", {})


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.yaml", tmp_path, Path("nul\0")):
        with pytest.raises(ConfigError, match="cannot be read: "):
            load(path, {})


def test_the_table_of_keys_in_the_documents_is_the_one_of_the_code() -> None:
    assert (ROOT / "docs/keys.md").read_text() == f"{document()}\n", "run: make schema"


def test_every_key_says_what_it_means() -> None:
    assert not [key.name for key in keys() if not key.meaning]


def test_the_schema_in_the_repository_is_the_one_of_the_code() -> None:
    assert json.loads((ROOT / "config.schema.json").read_text()) == json_schema(), "run: make schema"
    assert (ROOT / "config.yaml").read_text().startswith("# yaml-language-server: $schema=config.schema.json\n")


def test_every_key_stands_in_the_file_with_its_meaning() -> None:
    text = (ROOT / "config.yaml").read_text()
    every: list[type[BaseModel]] = [Config, *_sections(Config)]
    keys = {key for model in every for key in model.model_fields}
    assert not [key for key in keys if f"{key}:" not in text and f"{key}," not in text and f"{key}}}" not in text]


def _sections(model: type[BaseModel]) -> list[type[BaseModel]]:
    found: list[type[BaseModel]] = []
    for field in model.model_fields.values():
        kinds = [field.annotation, *getattr(field.annotation, "__args__", ())]
        found += [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return [*found, *(inner for kind in found for inner in _sections(kind))]


def test_who_sits_here_comes_from_the_environment() -> None:
    assert user_login({"USER": "ada"}) == "ada"
    assert user_login({}) == "user"
    assert user_locale({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}) == "zh_CN.UTF-8"
