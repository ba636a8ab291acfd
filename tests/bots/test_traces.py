"""Traces as a collector has them: of requests to a real server, whose model is another real one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog

from core.config_models import ModelConfig
from core.config_telemetry import TelemetryConfig
from core.domain import Incoming
from core.inbox.worker import Worker, WorkerSettings, Workplace
from core.llm.scripted import Script
from core.ports import LanguageModel, Models
from core.telemetry.traces import TracedMetrics, open_traces
from tests.core.test_worker import Wall
from tests.support.api import MODEL, Api, serve_api
from tests.support.bot import LANE, LEASE, Bot, open_bot
from tests.support.bot_process import process
from tests.support.chance import EvenChance
from tests.support.clock import ManualClock, until
from tests.support.collector import Collector, Spanned
from tests.support.completions import KEY, CompletionsServer, answer, refuse, stall, words
from tests.support.servers import free_port
from tests.support.web import listening, on_server

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
"""The example of the W3C recommendation "Trace Context"."""
TRACE, CALLER = PARENT.split("-")[1:3]
BUSY = refuse(429, "Come back later.", "requests")
QUICK = "answer: {attempts: 2, backoff: 1ms}\n"


@asynccontextmanager
async def traced(folder: Path, more: str = "", **telemetry: object) -> AsyncIterator[tuple[Collector, Api]]:
    """A server whose traces are all there once `Api`'s requests were answered and the block around them has ended."""
    async with Collector() as collector:
        section = json.dumps({"traces": collector.url, **telemetry})
        async with serve_api(folder, f"{more}telemetry: {section}\n") as api:
            yield collector, api
            await at_rest(api)


async def at_rest(api: Api) -> None:
    """Returns when no turn is being answered: what a client waits for is there a moment before its turn is over."""
    while 'parlour_open{kind="turns"} 1.0' in (await api.http.get(api.url.replace("/v1", "/metrics"))).text:
        pass


async def ask(folder: Path, *plays: Any, more: str = "", **telemetry: object) -> Collector:
    """What is traced of one question in a conversation that the server keeps."""
    async with traced(folder, more, **telemetry) as (collector, api):
        api.model.plan(*plays)
        await api.post({"X-Conversation": "work"})
    return collector


async def test_a_turn_is_shown_with_all_of_its_parts(tmp_path: Path) -> None:
    traces = await ask(tmp_path)
    turn = traces.one("turn")
    assert traces.within(turn) == ["admit", "recall", "place", "reserve", f"chat {MODEL}", "keep", "show"]
    assert (turn.kind, turn.service, turn.failed) == ("CONSUMER", "parlour", False)
    assert turn.facts["parlour.platform"] == "web"
    assert turn.facts["parlour.ending"] == "answered"
    assert turn.facts["parlour.attempt"] == 1
    assert "first word" in turn.events


async def test_a_call_goes_by_the_names_of_the_conventions(tmp_path: Path) -> None:
    call = (await ask(tmp_path)).one(f"chat {MODEL}")
    first = call.facts["gen_ai.response.time_to_first_chunk"]
    assert call.kind == "CLIENT"
    assert 0 < first * 1e9 <= call.ended - call.began
    assert {name: value for name, value in call.facts.items() if value != first} == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "vendor",
        "gen_ai.request.model": MODEL,
        "gen_ai.request.stream": True,
        "gen_ai.response.model": MODEL,
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 40,
        "gen_ai.usage.cache_read.input_tokens": 30,
        "gen_ai.usage.output_tokens": 10,
        "gen_ai.usage.reasoning.output_tokens": 4,
        "server.address": "127.0.0.1",
        "server.port": call.facts["server.port"],
    }


async def test_what_people_say_and_who_they_are_stays_here(tmp_path: Path) -> None:
    traces = await ask(tmp_path)
    told = json.dumps([[span.name, dict(span.facts), dict(span.events)] for span in traces.spans])
    assert not [word for word in ("Hello", "work", "owner", KEY) if word in told]


async def test_what_is_said_is_there_where_it_may_be(tmp_path: Path) -> None:
    facts = (await ask(tmp_path, answer("Hi, Ada."), content=True)).one(f"chat {MODEL}").facts
    assert json.loads(facts["gen_ai.input.messages"]) == [
        {"role": "user", "parts": [{"type": "text", "content": "Hello"}]}
    ]
    assert json.loads(facts["gen_ai.system_instructions"])[0]["type"] == "text"
    assert json.loads(facts["gen_ai.output.messages"]) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Hi, Ada."}], "finish_reason": "stop"}
    ]


async def test_a_call_that_is_tried_again_is_two(tmp_path: Path) -> None:
    traces = await ask(tmp_path, BUSY, more=QUICK)
    calls = traces.named(f"chat {MODEL}")
    assert [(call.failed, call.facts.get("error.type")) for call in calls] == [(True, "ModelBusy"), (False, None)]
    assert traces.one("turn").events["asked again"]["error.type"] == "ModelBusy"
    assert not traces.one("turn").failed


async def test_another_model_that_answers_instead_is_a_call_of_its_own(tmp_path: Path) -> None:
    traces = await ask(tmp_path, BUSY, BUSY, more=f"{QUICK}fallback: [other]\n")
    assert [call.failed for call in traces.named(f"chat {MODEL}")] == [True, True]
    call = traces.one("chat other")
    assert (call.facts["gen_ai.provider.name"], call.failed) == ("scripted", False)


async def test_a_turn_that_ends_in_an_error_names_it(tmp_path: Path) -> None:
    turn = (await ask(tmp_path, BUSY, BUSY, more=QUICK)).one("turn")
    assert (turn.failed, turn.facts["error.type"], turn.facts["parlour.ending"]) == (True, "ModelBusy", "failed")


@pytest.mark.parametrize("conversation", ["", "work"])
async def test_the_trace_of_a_client_goes_on_here(conversation: str, tmp_path: Path) -> None:
    async with traced(tmp_path) as (traces, api):
        await api.post({"traceparent": PARENT, **({"X-Conversation": conversation} if conversation else {})})
    request, call = traces.one("POST /v1/chat/completions"), traces.one(f"chat {MODEL}")
    around = traces.one("turn") if conversation else request
    assert (request.kind, request.trace, request.parent) == ("SERVER", TRACE, CALLER)
    assert (call.trace, call.parent) == (TRACE, around.id)
    assert around is request or around.parent == request.id


async def test_a_request_that_is_passed_on_has_its_call_with_what_it_used(tmp_path: Path) -> None:
    async with traced(tmp_path) as (traces, api):
        await api.post(temperature=0.5, max_completion_tokens=99, stop=["end"], seed=7)
    facts = traces.one(f"chat {MODEL}").facts
    assert facts["gen_ai.request.temperature"] == 0.5
    assert facts["gen_ai.request.max_tokens"] == 99
    assert facts["gen_ai.request.stop_sequences"] == ["end"]
    assert facts["gen_ai.request.seed"] == 7
    assert facts["gen_ai.usage.input_tokens"] == 40
    assert facts["gen_ai.response.id"] == "chatcmpl-1"
    assert facts["gen_ai.response.finish_reasons"] == ["stop"]


async def test_a_header_that_names_no_trace_begins_one(tmp_path: Path) -> None:
    async with traced(tmp_path) as (traces, api):
        assert (await api.post({"traceparent": "00-zz-zz-01"})).status_code == 200
    assert traces.one("POST /v1/chat/completions").parent == ""


@pytest.mark.parametrize("propagate", [True, False])
async def test_a_models_server_learns_of_the_trace_only_where_it_may(propagate: bool, tmp_path: Path) -> None:
    async with traced(tmp_path, propagate=propagate) as (traces, api):
        await api.post({"X-Conversation": "work"})
        sent = api.model.requests[-1].headers.get("traceparent")
    call = traces.one(f"chat {MODEL}")
    assert (sent or "").split("-")[1:3] == ([call.trace, call.id] if propagate else [])


async def test_a_share_of_none_traces_nothing_but_what_a_client_traces(tmp_path: Path) -> None:
    async with traced(tmp_path, sample=0) as (traces, api):
        await api.post()
        await api.post({"traceparent": PARENT})
    assert {span.trace for span in traces.spans} == {TRACE}


async def test_a_collector_may_want_a_header(tmp_path: Path) -> None:
    traces = await ask(tmp_path, headers={"x-key": "secret-of-the-collector"}, service="our-bot")
    assert traces.headers[0]["x-key"] == "secret-of-the-collector"
    assert traces.one("turn").service == "our-bot"


async def test_a_process_that_was_killed_leaves_its_turn_to_another_in_the_same_trace(tmp_path: Path) -> None:
    async with Collector() as traces, CompletionsServer() as model:
        model.plan(stall(*words("This is")))
        port, config = free_port(), tmp_path / "config.yaml"
        more = f"inbox: {{lease: 1s}}\ntelemetry: {{traces: '{traces.url}'}}\n"
        config.write_text(on_server(tmp_path, port, model, more))
        async with process(config, "web"), httpx2.AsyncClient() as http:
            await listening(port)
            asking = asyncio.create_task(_ask(http, port))
            await until(lambda: bool(model.requests))
        await asyncio.gather(asking, return_exceptions=True)
        async with process(config, "web") as second:
            await until(lambda: len(model.requests) == 2)
            await until(lambda: bool(traces.named("turn")) or second.returncode is not None)
        turn = traces.one("turn")
        assert (turn.trace, turn.facts["parlour.attempt"], turn.facts["parlour.ending"]) == (TRACE, 2, "answered")


async def _ask(http: httpx2.AsyncClient, port: int) -> httpx2.Response:
    body = {"messages": [{"role": "user", "content": "Hello"}], "conversation": "work"}
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    return await http.post(url, json=body, headers={"traceparent": PARENT, "authorization": "Bearer any"})


class Observed:
    """`Models`, each as *traces* sees it."""

    def __init__(self, models: Models, traces: TracedMetrics) -> None:
        self._models = models
        self._traces = traces

    def names(self) -> Any:
        return self._models.names()

    def get(self, name: str) -> LanguageModel:
        model = self._models.get(name)
        return self._traces.observed(model, ModelConfig(id=model.spec.id, provider="scripted"), None)


class Scene:
    """A bot with a worker that runs, on a clock that the test owns."""

    def __init__(self, bot: Bot, clock: ManualClock, traces: TracedMetrics) -> None:
        self.bot = bot
        self.clock = clock
        place = Workplace(bot.store, bot.conversations, Wall(), clock, EvenChance(), traces)
        self.worker = Worker(place, WorkerSettings(frozenset({LANE}), lease=LEASE))

    async def ask(self, script: Script, age: float = 0.0) -> Incoming:
        model = self.bot.models.get("")
        model.scripts.append(script)
        incoming = self.bot.incoming("Hello")
        await self.bot.store.put(replace(incoming, sent_at=incoming.sent_at - age))
        self.running = asyncio.create_task(self.worker.run())
        await until(lambda: bool(model.prompts))
        await self.clock.advance(1.0)
        return incoming

    async def end(self) -> None:
        await until(lambda: self.worker.busy == 0)
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)


@asynccontextmanager
async def scene(folder: Path, address: str) -> AsyncIterator[Scene]:
    clock = ManualClock()
    async with (
        open_traces(TelemetryConfig(traces=address), clock, "a secret of the store") as traces,
        open_bot(
            folder, clock, equip=lambda world: replace(world, watch=traces, models=Observed(world.models, traces))
        ) as bot,
    ):
        yield Scene(bot, clock, traces)


async def test_stopping_ends_the_call_and_not_the_turn(tmp_path: Path) -> None:
    async with Collector() as traces:
        async with scene(tmp_path, traces.url) as here:
            incoming = await here.ask(Script(("One", " two"), stall=1000.0), age=30.0)
            await here.bot.store.stop(incoming.conversation)
            await here.clock.advance(1.0)
            await here.end()
        call, turn = traces.one("chat alpha"), traces.one("turn")
    assert call.facts["parlour.cancelled"] is True
    assert not call.failed
    assert turn.facts["parlour.ending"] == "answered"
    assert turn.facts["parlour.waited"] == pytest.approx(30.0)
    assert seconds(turn) == pytest.approx(2.0)


def seconds(span: Spanned) -> float:
    return (span.ended - span.began) / 1e9


async def test_a_turn_lasts_as_long_as_it_does_whatever_happens_to_the_wall_clock(tmp_path: Path) -> None:
    async with Collector() as traces:
        async with scene(tmp_path, traces.url) as here:
            await here.ask(Script(("One",), delay=3.0))
            here.clock.set(here.clock.now() - 3600.0)
            await here.clock.advance(5.0)
            await here.end()
        assert 0 < seconds(traces.one("turn")) < 10.0


@pytest.mark.parametrize("status", [None, 401, 503])
async def test_a_collector_that_is_away_costs_a_line_and_nobody_a_moment(status: int | None, tmp_path: Path) -> None:
    async with Collector(status=status or 200) as collector:
        address = collector.url if status else f"http://127.0.0.1:{free_port()}"
        with structlog.testing.capture_logs() as lines:
            async with scene(tmp_path, address) as here:
                await here.ask(Script(("One",)))
                await here.end()
                ending = asyncio.create_task(_pass_the_time(here.clock))
            ending.cancel()
            await asyncio.gather(ending, return_exceptions=True)
    told = [line for line in lines if line["event"].startswith("traces.")]
    assert [(line["event"], line["to"]) for line in told] == [("traces.not_sent", address)]


async def _pass_the_time(clock: ManualClock) -> None:
    """While a process ends."""
    while True:
        await clock.advance(1.0)
        await asyncio.sleep(0.01)
