"""The configuration of each platform."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from core.config_fields import (
    NO_SECRET,
    HttpUrl,
    Name,
    Network,
    Number,
    OptionalUrl,
    Seconds,
    Secret,
    ShortName,
    SocketUrl,
    Whole,
    longer,
)

OPERATOR = "owner"
"""Whoever has the token, or sits at the machine, as a user of the API."""


def _switch(value: object) -> object:
    """YAML reads the words on and off as truth values."""
    return {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _nothing_means_default(cls, values: object) -> object:
        """A key without a value (all below it commented out) is as good as no key, where there is a default for it."""
        if not isinstance(values, dict):
            return values
        return {key: value for key, value in values.items() if value is not None or not cls._forgives(key)}

    @classmethod
    def _forgives(cls, key: object) -> bool:
        field = cls.model_fields.get(str(key))
        return field is not None and (field.default is None or isinstance(field.default, BaseModel))


class DiscordPlaceConfig(Section):
    """One server or channel. scope, overhear: the same for this place; left out: as further out. always: whether everything
    said there is answered."""

    scope: Literal["shared", "member", "thread"] | None = None
    always: bool | None = None
    overhear: Whole | None = Field(default=None, ge=0, le=100)


class DiscordShardsConfig(Section):
    """total: how many the whole bot has, the same in all of its processes. first: of those that this process holds. last:
    of those that this process holds."""

    total: Whole = Field(ge=1, le=10_000)
    first: Whole = Field(ge=0)
    last: Whole = Field(ge=0)


class DiscordConfig(Section):
    """token: with one, Discord is served. api_url: Discord's, a proxy's or a test server's. gateway_url: the same for events.
    scope: whose conversation a channel's is. overhear: how many of the newest messages to others the model may see as
    background. servers, channels: by their ids, where it is otherwise. presence: shown below the bot's name.
    max_messages: an answer that would take more becomes a file. shards: which of the bot's connections this process
    holds; None: all, as many as Discord recommends."""

    token: Secret = NO_SECRET
    api_url: HttpUrl = "https://discord.com/api/v10"
    gateway_url: SocketUrl = "wss://gateway.discord.gg/"
    scope: Literal["shared", "member", "thread"] = "shared"
    overhear: Whole = Field(default=0, ge=0, le=100)
    servers: dict[Whole, DiscordPlaceConfig] = {}
    channels: dict[Whole, DiscordPlaceConfig] = {}
    presence: str = Field(default="", max_length=128)
    max_messages: Whole = Field(default=10, ge=1, le=100)
    shards: DiscordShardsConfig | None = None


class WebhookConfig(Section):
    """url: where Telegram delivers to. secret: comes with every delivery; left out: one derived from the token. host: where
    this process listens. port: the same; left out: the web page's, or 8081 in a process that does not serve it."""

    url: HttpUrl
    secret: Secret = NO_SECRET
    host: Name = "127.0.0.1"
    port: Whole | None = Field(default=None, ge=0, le=65535)


class TelegramChatConfig(Section):
    """scope: whose conversation this group's is; left out: as everywhere. always: whether everything said there is
    answered."""

    scope: Literal["shared", "topic", "member"] | None = None
    always: bool = False


class TelegramConfig(Section):
    """token: with one, Telegram is served. api_url: Telegram's or a Bot API server of your own; `/bot<token>/…` is added.
    scope: whose conversation a group's is. chats: by their ids. drafts: whether answers in private chats grow as
    previews. max_messages: an answer that would take more becomes a file."""

    token: Secret = NO_SECRET
    api_url: HttpUrl = "https://api.telegram.org"
    webhook: WebhookConfig | None = None
    scope: Literal["shared", "topic", "member"] = "topic"
    chats: dict[Whole, TelegramChatConfig] = {}
    drafts: Annotated[Literal["auto", "on", "off"], BeforeValidator(_switch)] = "auto"
    max_messages: Whole = Field(default=10, ge=1, le=100)


class BudgetConfig(Section):
    """day: US dollars per UTC day; left out: no limit. month: US dollars per UTC month; left out: no limit."""

    day: Number | None = Field(default=None, ge=0, le=1_000_000)
    month: Number | None = Field(default=None, ge=0, le=1_000_000)


def _not_the_operators(name: str) -> str:
    if name == OPERATOR:
        raise ValueError(f"another name than {OPERATOR}, which the operator goes by")
    return name


class WebClientConfig(Section):
    """A program that may use the API. name: what its conversations and its bill go by. key: what it
    shows, 8 characters or more. models: those it may ask; empty: those that its groups in `access` let it, or all."""

    name: Annotated[ShortName, AfterValidator(_not_the_operators)]
    key: Annotated[Secret, AfterValidator(longer(8))]
    models: tuple[Name, ...] = ()
    budget: BudgetConfig = BudgetConfig()


class WebConfig(Section):
    """host: where the page is served; from elsewhere than this machine it wants a token. port: the same. url: under which
    people find the page, where that is not host and port. token: lets people in. open: whether everybody may come in
    without one, at your cost. trusted_proxies: whose word on a request's origin is taken. clients: who may use the API besides
    whoever has the token. cookie_keys: sign the cookies, the first one the new ones; none: the store's own.
    connections: held at once at most. metrics: from where /metrics can be read without the token. leave: so long after the
    process was told to end it still answers, while /readyz says no, so that a balancer sends nobody here any more; left
    out: not at all."""

    host: Name = "127.0.0.1"
    port: Whole = Field(default=8080, ge=0, le=65535)
    url: OptionalUrl = None
    token: Secret = NO_SECRET
    open: bool = False
    trusted_proxies: tuple[Network, ...] = ()
    clients: tuple[WebClientConfig, ...] = ()
    cookie_keys: tuple[Annotated[Secret, AfterValidator(longer(16))], ...] = ()
    connections: Whole = Field(default=4000, ge=10, le=100_000)
    metrics: tuple[Network, ...] = ("127.0.0.0/8", "::1/128")
    leave: Seconds | None = Field(default=None, le=600)
