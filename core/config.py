"""What the operator decides: `config.yaml`, with secrets from the environment. The only reader of the environment.

Durations are seconds once read; a file may write ``500ms``, ``30s``, ``15m``, ``1h`` or ``7d``. Token numbers are tokens.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qs, quote, unquote, urlsplit

from dotenv.parser import parse_stream
from platformdirs import user_data_path
from pydantic import AfterValidator, BaseModel, Field, SecretStr, ValidationError

from core.config_access import AccessConfig, access_contradictions
from core.config_fields import (
    NO_SECRET,
    Name,
    Number,
    Seconds,
    Secret,
    StoreUrl,
    Whole,
    longer,
    one_by_one,
)
from core.config_limits import LimitsConfig
from core.config_models import ModelConfig, ProviderConfig
from core.config_moderation import ModerationConfig
from core.config_platforms import DiscordConfig, Section, TelegramConfig, WebConfig
from core.config_problems import explain, got_at
from core.config_telemetry import TelemetryConfig
from core.config_text import MAX_BYTES, Place, Value, Wrong, parse, plain, spell, substitute
from core.errors import ConfigError

DEFAULT_FILE = Path("config.yaml")
BUILT_IN_PROVIDERS = ("local", "scripted")
"""Need no entry in `providers`: the model inside this process, and the one that tests script."""
_DAY = 86400.0
_SEALING_KEY = 32
"""Characters of a key that nobody can guess at their own computers."""
_SHORTEST_SECRET = 4
"""Hiding shorter values would riddle every line, and they hide nothing."""
_NO_WORDS = {"", "---", "..."}
"""Lines of YAML that say nothing: the others are where a document begins or ends."""

DEFAULTS: dict[str, Value] = {
    "store": "${REDIS_URL:-sqlite:///data/parlour.db}",
    "providers": {
        "openai": {"base_url": "${OPENAI_BASE_URL:-https://api.openai.com/v1}", "api_key": "${OPENAI_API_KEY:-}"}
    },
    "models": [{"id": "gpt-5-mini", "provider": "openai"}, {"id": "smollm2", "provider": "local"}],
    "personas": [
        {
            "name": "assistant",
            "prompt": "You are a helpful and friendly assistant. You answer clearly, and say so when you are not sure.",
        }
    ],
    "privacy": {"key": "${PRIVACY_KEY:-}"},
    "telemetry": {
        "traces": "${OTEL_EXPORTER_OTLP_ENDPOINT:-}",
        "host": "${TELEMETRY_HOST:-127.0.0.1}",
        "port": "${TELEMETRY_PORT:-}",
    },
    "discord": {"token": "${DISCORD_TOKEN:-}"},
    "telegram": {"token": "${TELEGRAM_TOKEN:-}"},
    "web": {"host": "${WEB_HOST:-127.0.0.1}", "port": "${PORT:-8080}", "token": "${WEB_TOKEN:-}"},
}
"""What holds where the file says nothing: the same as the file that comes with the project."""


class PersonaConfig(Section):
    """name: by which people choose it. prompt: what the model is told about itself."""

    name: Name
    prompt: str = Field(max_length=100_000)


class ContextConfig(Section):
    """max_tokens: what a prompt may hold at most, whatever the model's window. keep: the share of older
    messages that stays when some have to go."""

    max_tokens: Whole = Field(default=16_000, ge=256, le=100_000_000)
    keep: Number = Field(default=0.5, ge=0.1, le=0.9)


class AnswerConfig(Section):
    """max_tokens: an answer that stops for length is continued up to this many. attempts: how often one model is asked
    before the first word. backoff: the pause before the second attempt, doubling from there."""

    max_tokens: Whole = Field(default=8000, ge=1, le=1_000_000)
    attempts: Whole = Field(default=4, ge=1, le=20)
    backoff: Seconds = Field(default=1.0, le=60)


class InboxConfig(Section):
    """max_age: older messages get an apology instead of an answer. max_attempts: after so many a turn is set aside. lease:
    after this a turn of a dead process is taken over. concurrency: turns answered at once by one process. drain: what
    running answers get to finish when the process is told to end."""

    max_age: Seconds = Field(default=3600.0, ge=1, le=365 * _DAY)
    max_attempts: Whole = Field(default=5, ge=1, le=100)
    lease: Seconds = Field(default=30.0, ge=1, le=600)
    concurrency: Whole = Field(default=1000, ge=1, le=10_000)
    drain: Seconds = Field(default=20.0, le=600)


class HistoryConfig(Section):
    """ttl: so long after its last message a conversation is forgotten; left out: never."""

    ttl: Seconds | None = Field(default=None, ge=60, le=3650 * _DAY)


class PrivacyConfig(Section):
    """key: seals what people said where it is kept; empty: it is kept as it is. old_keys: open what they once sealed."""

    key: Annotated[Secret, AfterValidator(longer(_SEALING_KEY, or_none=True))] = NO_SECRET
    old_keys: tuple[Annotated[Secret, AfterValidator(longer(_SEALING_KEY))], ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The newest first; none where nothing is to be sealed."""
        found = (self.key, *self.old_keys) if self.key.get_secret_value() else ()
        return tuple(key.get_secret_value() for key in found)


class RedisConfig(Section):
    """replicas: how many must hold a message before it counts as accepted. replica_wait: how long
    they may take."""

    replicas: Whole = Field(default=0, ge=0, le=10)
    replica_wait: Seconds = Field(default=2.0, le=60)


class LogConfig(Section):
    """level: what is logged, from there up. format: how lines look; `auto` is for people on a terminal, JSON elsewhere.
    content: whether message text may be logged."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "human", "json"] = "auto"
    content: bool = False


class Config(Section):
    """Everything, checked: names that point somewhere do, and nothing is named twice. store: where conversations and waiting
    messages are kept. fallback: models that are asked, in this order, when the chosen one fails before its first word."""

    store: StoreUrl = Field(default="sqlite:///data/parlour.db", repr=False)
    providers: dict[Name, ProviderConfig] = Field(default={})
    models: tuple[ModelConfig, ...] = Field(min_length=1)
    fallback: tuple[str, ...] = ()
    personas: tuple[PersonaConfig, ...] = Field(min_length=1)
    context: ContextConfig = ContextConfig()
    answer: AnswerConfig = AnswerConfig()
    inbox: InboxConfig = InboxConfig()
    history: HistoryConfig = HistoryConfig()
    privacy: PrivacyConfig = PrivacyConfig()
    redis: RedisConfig = RedisConfig()
    log: LogConfig = LogConfig()
    telemetry: TelemetryConfig = TelemetryConfig()
    discord: DiscordConfig = DiscordConfig()
    telegram: TelegramConfig = TelegramConfig()
    web: WebConfig = WebConfig()
    access: AccessConfig = AccessConfig()
    limits: LimitsConfig = LimitsConfig()
    moderation: ModerationConfig = ModerationConfig()


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """The configuration in *path* (None: where `PARLOUR_CONFIG` says, else ./config.yaml, else what is built in, with the
    conversations in the user's folder of data), with variables from *environ* (None: this process's) and from a `.env`
    beside the file. Raises ConfigError."""
    real = os.environ if environ is None else environ
    file = find(path, real)
    folder = file.parent if file else Path()
    variables = {**_read_dotenv(folder / ".env"), **real}
    return parse_config(_read(file), variables, str(file)) if file else parse_config(_anywhere(), variables)


def _anywhere() -> str:
    """A configuration that holds in whatever folder the command is called: a conversation is found again from another."""
    store = user_data_path("parlour", appauthor=False) / "parlour.db"
    return f"store: {json.dumps(f'${{REDIS_URL:-sqlite:///{quote(store.as_posix())}}}')}\n"


def find(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Path | None:
    """The file that `load` reads; None when there is none and what is built in holds."""
    named = (os.environ if environ is None else environ).get("PARLOUR_CONFIG")
    if path is not None or named:
        return path or Path(str(named))
    return DEFAULT_FILE if DEFAULT_FILE.exists() else None


def is_blank(file: Path) -> bool:
    """Whether nothing but blanks and comments stands in *file*, so that what is built in holds. A pipe, which can be read only
    once, was read by `load`. Raises ConfigError."""
    return file.is_file() and all(line.partition("#")[0].strip() in _NO_WORDS for line in _read(file).splitlines())


def parse_config(text: str, environ: Mapping[str, str], name: str = "config.yaml") -> Config:
    """The configuration that *text* holds; *name* stands in the errors. Raises ConfigError."""
    written: Value = None
    try:
        written = _completed(parse(text))
        config = _validated(substitute(written, environ), written)
        _refuse_contradictions(config, written)
    except Wrong as wrong:
        place = f"{spell(wrong.place)}: " if wrong.place else ""
        raise ConfigError(f"{plain(name, 200)}: {place}{wrong.problem}") from None
    return config


def is_consistent(config: Config) -> bool:
    """Whether its names that point somewhere do: for one that was put together from two."""
    return next(_contradictions(config), None) is None


def secrets_of(config: Config) -> tuple[str, ...]:
    """Every secret value that is set, for the log's redaction: keys, tokens, header values, passwords inside URLs."""
    found, urls = (
        [secret.get_secret_value() for secret in _wrapped(config)],
        [config.store, config.telemetry.traces or ""],
    )
    found += config.telemetry.headers.values()
    for provider in config.providers.values():
        found += [*provider.headers.values(), *provider.query.values()]
        urls += [provider.base_url, provider.proxy or ""]
    found += [password for url in urls for password in _passwords(url)]
    return tuple(secret for secret in dict.fromkeys(found) if len(secret) >= _SHORTEST_SECRET)


def _wrapped(value: object) -> Iterator[SecretStr]:
    """Those of every section, however deep they stand: a platform that is new needs not think of it."""
    if isinstance(value, SecretStr):
        yield value
    elif isinstance(value, BaseModel):
        yield from _wrapped(tuple(inner for _, inner in value))
    elif isinstance(value, dict):
        yield from _wrapped(tuple(value.values()))
    elif isinstance(value, tuple):
        for inner in value:
            yield from _wrapped(inner)


def _passwords(url: str) -> tuple[str, ...]:
    """As they are written there, and as they are; the sentinels' too."""
    parts = urlsplit(one_by_one(url)[0])
    written = parts.password or ""
    return (written, unquote(written), *parse_qs(parts.query).get("sentinel_password", ()))


def _validated(values: Value, written: Value) -> Config:
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise explain(error, Config, written) from None


def _completed(values: Value) -> Value:
    """*values* with what is built in where nothing is said. Own providers come with own models, or there would be an
    error about a model that nobody wrote."""
    if values is None:
        return DEFAULTS
    if not isinstance(values, dict):
        raise Wrong("expected keys and values at the top")
    if values.get("providers") is not None and "models" not in values:
        raise Wrong("expected models for these providers, got nothing", ("models",))
    merged = {**DEFAULTS, **values}
    for section in ("privacy", "telemetry", "discord", "telegram", "web"):
        given, built_in = values.get(section), DEFAULTS[section]
        if isinstance(given, dict) and isinstance(built_in, dict):
            merged[section] = {**built_in, **given}
    return {key: DEFAULTS.get(key) if value is None else value for key, value in merged.items()}


def _refuse_contradictions(config: Config, written: Value) -> None:
    for wrong in _contradictions(config):
        raise Wrong(f"{wrong.problem}, got {got_at(wrong.place, written)}", wrong.place)


def _contradictions(config: Config) -> Iterator[Wrong]:
    """What is expected, and where."""
    yield from _twice("models", "id", [model.id for model in config.models])
    yield from _twice("personas", "name", [persona.name for persona in config.personas])
    for name in BUILT_IN_PROVIDERS:
        if name in config.providers:
            yield Wrong("expected no entry, this provider is built in", ("providers", name))
    for index, model in enumerate(config.models):
        yield from _model_contradictions(config, model, ("models", index))
    yield from _twice("fallback", "", list(config.fallback))
    yield from _shard_contradictions(config)
    yield from _client_contradictions(config)
    known = [model.id for model in config.models]
    yield from access_contradictions(config.access, known)
    for index, name in enumerate(config.fallback):
        if name not in known:
            yield Wrong(f"expected one of {_listed(known)}", ("fallback", index))
    if config.limits.downgrade_to not in (None, *known):
        yield Wrong(f"expected one of {_listed(known)}", ("limits", "downgrade_to"))
    if config.moderation.provider not in (None, *config.providers):
        yield Wrong(f"expected one of {_listed([*config.providers])}", ("moderation", "provider"))


def _shard_contradictions(config: Config) -> Iterator[Wrong]:
    shards, place = config.discord.shards, ("discord", "shards")
    if shards and shards.last >= shards.total:
        yield Wrong(f"expected less than the total of {shards.total}", (*place, "last"))
    if shards and shards.first > shards.last:
        yield Wrong(f"expected at most the last, which is {shards.last}", (*place, "first"))


def _client_contradictions(config: Config) -> Iterator[Wrong]:
    clients, known = config.web.clients, [model.id for model in config.models]
    yield from _twice("web.clients", "name", [client.name for client in clients])
    keys = [config.web.token.get_secret_value(), *(client.key.get_secret_value() for client in clients)]
    for index, client in enumerate(clients):
        if keys.index(client.key.get_secret_value()) <= index:
            yield Wrong("expected a key that opens nothing else", ("web", "clients", index, "key"))
        for place, name in enumerate(client.models):
            if name not in known:
                yield Wrong(f"expected one of {_listed(known)}", ("web", "clients", index, "models", place))


def _model_contradictions(config: Config, model: ModelConfig, place: Place) -> Iterator[Wrong]:
    known = [*config.providers, *BUILT_IN_PROVIDERS]
    if model.provider not in known:
        yield Wrong(f"expected one of {_listed(known)}", (*place, "provider"))
    if model.window and model.max_output and model.max_output >= model.window:
        yield Wrong(f"expected less than the window of {model.window}", (*place, "max_output"))


def _twice(section: str, key: str, names: list[str]) -> Iterator[Wrong]:
    for index, name in enumerate(names):
        if name in names[:index]:
            place: Place = (*section.split("."), index)
            same = f"expected another name than that of {section}[{names.index(name)}]"
            yield Wrong(same, (*place, key) if key else place)


def _listed(names: list[str]) -> str:
    return ", ".join(plain(name) for name in names[:10])


def _read(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ConfigError(f"{plain(str(file), 200)}: expected at most {MAX_BYTES:,} bytes")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{plain(str(file), 200)}: expected UTF-8 text, byte {error.start + 1} is none") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        raise ConfigError(f"{plain(str(file), 200)}: cannot be read: {reason}") from None


def _read_dotenv(file: Path) -> dict[str, str]:
    """Values are taken as they stand: a password may hold a ``$``. Raises ConfigError for a line that cannot be read: left
    out, it could be the one that keeps others out."""
    lines = list(parse_stream(io.StringIO(_read(file)))) if file.is_file() else []
    for line in lines:
        if line.error:
            written = line.original.string
            number = line.original.line + len(written) - len(written.lstrip("\n"))
            raise ConfigError(f"{plain(str(file), 200)}: line {number}: expected NAME=value, its quotes closed")
    return {line.key: line.value for line in lines if line.key and line.value is not None}


def user_login(environ: Mapping[str, str] | None = None) -> str:
    """The operating system's name of whoever started this process; ``user`` where it has none (an odd container)."""
    real = os.environ if environ is None else environ
    named = real.get("LOGNAME") or real.get("USER") or real.get("USERNAME") or ""
    return "".join(named.split()) or "user"


def user_locale(environ: Mapping[str, str] | None = None) -> str:
    """The locale of messages as POSIX finds it, such as ``zh_CN.UTF-8``; empty where none is set."""
    real = os.environ if environ is None else environ
    return real.get("LC_ALL") or real.get("LC_MESSAGES") or real.get("LANG") or ""
