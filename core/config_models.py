"""The configuration of models and of the servers that offer them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from core.config_fields import (
    NO_SECRET,
    HeaderText,
    Name,
    NamelessUrl,
    Number,
    OptionalHeader,
    OptionalUrl,
    Seconds,
    Secret,
    Texts,
    Whole,
)
from core.config_platforms import Section
from core.domain import Encoding


class ProviderConfig(Section):
    """A Chat Completions server. base_url: its address, without `/chat/completions`. api_key: empty for servers that want none.
    organization: the header OpenAI-Organization. project: the header OpenAI-Project. headers: further ones of every
    request. query: further parameters of every request's address, such as Azure's `api-version`. proxy: through which it
    is reached. connect: the longest wait for a connection. first_word: the longest wait for the first byte of an answer.
    stall: the longest silence within an answer. at_once: how many calls it gets at the same time, from all processes on the
    store together; more wait in line. Left out: any number."""

    base_url: NamelessUrl = Field(repr=False)
    api_key: Secret = NO_SECRET
    organization: OptionalHeader = None
    project: OptionalHeader = None
    headers: dict[HeaderText, HeaderText] = Field(default={}, repr=False)
    query: dict[str, str] = Field(default={}, repr=False)
    proxy: OptionalUrl = Field(default=None, repr=False)
    connect: Seconds = Field(default=10.0, le=600)
    first_word: Seconds = Field(default=120.0, le=3600)
    stall: Seconds = Field(default=15.0, le=3600)
    at_once: Whole | None = Field(default=None, ge=1, le=100_000)


class Sampling(Section):
    """Passed to the server; what is left out is not sent. temperature: how freely words are chosen. top_p: from the
    likeliest words that make up this share. frequency_penalty: against words that came often. presence_penalty: against
    words that came at all. stop: where an answer ends. seed: for answers that can be repeated. max_tokens: of one answer.
    reasoning_effort: how long a model thinks that can."""

    temperature: Number | None = Field(default=None, ge=0, le=2)
    top_p: Number | None = Field(default=None, gt=0, le=1)
    frequency_penalty: Number | None = Field(default=None, ge=-2, le=2)
    presence_penalty: Number | None = Field(default=None, ge=-2, le=2)
    stop: Texts | None = None
    seed: Whole | None = Field(default=None, ge=-(2**63), lt=2**63)
    max_tokens: Whole | None = Field(default=None, ge=1, le=10_000_000)
    reasoning_effort: Name | None = None


class PriceConfig(Section):
    """input: US dollars per million tokens read. output: the same for those written. cached: for those read that the server
    knew from before; left out: as dear as the others."""

    input: Number = Field(ge=0, le=100_000)
    output: Number = Field(ge=0, le=100_000)
    cached: Number | None = Field(default=None, ge=0, le=100_000)


class ModelConfig(Section):
    """What is left out of window, max_output, encoding and price is as the table of known models says. id: our name for it.
    provider: one of `providers`, or `local`. model: its name on the server; left out: the id. window: tokens of prompt and
    answer together. max_output: tokens of an answer. encoding: for counting tokens exactly. extra_body: further keys of the
    request, such as `{top_k: 40}`. path: a GGUF file for the provider `local`; left out: the built-in model. vision: whether
    it sees images; of no effect as long as people cannot show it any."""

    id: Name
    provider: Name
    model: Name | None = None
    window: Whole | None = Field(default=None, ge=256, le=100_000_000)
    max_output: Whole | None = Field(default=None, ge=1, le=10_000_000)
    encoding: Encoding | None = None
    price: PriceConfig | None = None
    sampling: Sampling = Sampling()
    extra_body: dict[str, Any] = Field(default={})
    path: str | None = None
    vision: bool | None = None
