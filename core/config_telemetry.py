"""The configuration of how a process is watched."""

from __future__ import annotations

from pydantic import Field

from core.config_fields import HeaderText, Name, Number, OptionalPort, OptionalUrl
from core.config_platforms import Section


class TelemetryConfig(Section):
    """traces: an OTLP/HTTP collector, to which every turn's course is sent; `/v1/traces` is added; left out: nowhere.
    headers: further ones of what is sent there, such as a key. service: what this is called there. sample: the share of
    turns that is traced. content: whether traces hold what people say and what is answered. propagate: whether a model's
    server is told which trace a call belongs to. host: where a process without the page answers probes. port: the same;
    left out: nowhere."""

    traces: OptionalUrl = Field(default=None, repr=False)
    headers: dict[HeaderText, HeaderText] = Field(default={}, repr=False)
    service: Name = "parlour"
    sample: Number = Field(default=1.0, ge=0, le=1)
    content: bool = False
    propagate: bool = False
    host: Name = "127.0.0.1"
    port: OptionalPort = None
