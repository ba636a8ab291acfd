"""What reaches the log, and what never does."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest
import structlog

from core.telemetry.logs import LogPolicy, set_up

SECRET = 'sk-"very/secret+0123'


def events(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_carries_turn_and_conversation(stream: io.StringIO) -> None:
    set_up(LogPolicy(), stream)
    with structlog.contextvars.bound_contextvars(turn="t1", conversation="terminal:default"):
        structlog.get_logger("core.inbox").info("turn.claimed", attempt=1)
    (event,) = events(stream)
    assert (event["event"], event["turn"], event["conversation"]) == ("turn.claimed", "t1", "terminal:default")


@pytest.mark.parametrize("format_", ["json", "human"])
def test_a_secret_is_blotted_out_wherever_it_hides(format_: Any, stream: io.StringIO) -> None:
    set_up(LogPolicy(format=format_, secrets=(SECRET,)), stream)
    log = structlog.get_logger("core.x")
    log.info(
        "asked",
        url="http://h/?k=sk-%22very%2Fsecret%2B0123",
        body=json.dumps({"key": SECRET}),
        nested={"key": [SECRET]},
    )
    log.warning("failed", error=ValueError(SECRET))
    try:
        int(f"bad key {SECRET}")
    except ValueError:
        log.exception("broke")
    logging.getLogger("httpx").warning("sent %s", SECRET)
    assert "0123" not in stream.getvalue()
    assert stream.getvalue().count("***") >= 6


@pytest.mark.parametrize("format_", ["json", "human"])
def test_every_event_is_one_line_also_with_a_traceback(format_: Any, stream: io.StringIO) -> None:
    set_up(LogPolicy(format=format_), stream)
    try:
        int("two\nlines")
    except ValueError:
        structlog.get_logger("core.x").exception("broke\nbadly")
    logging.getLogger("redis").error("one\ntwo")
    assert stream.getvalue().count("\n") == 2
    assert "ValueError" in stream.getvalue()


def test_message_text_is_logged_only_when_allowed(stream: io.StringIO) -> None:
    set_up(LogPolicy(), stream)
    structlog.get_logger("core.x").info("said", text="my diary")
    set_up(LogPolicy(content=True), stream)
    structlog.get_logger("core.x").info("said", text="my diary")
    assert [event["text"] for event in events(stream)] == ["8 characters", "my diary"]


def test_libraries_speak_up_only_with_warnings(stream: io.StringIO) -> None:
    set_up(LogPolicy(level="info"), stream)
    logging.getLogger("httpx").info("HTTP Request: POST …")
    logging.getLogger("openai").warning("odd")
    structlog.get_logger("core.x").debug("fine detail")
    assert [event["event"] for event in events(stream)] == ["odd"]


def test_a_later_set_up_replaces_an_earlier_one(stream: io.StringIO) -> None:
    set_up(LogPolicy(), stream)
    set_up(LogPolicy(level="error"), stream)
    structlog.get_logger("core.x").warning("unheard")
    structlog.get_logger("core.x").error("heard")
    assert [event["event"] for event in events(stream)] == ["heard"]
