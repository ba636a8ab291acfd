"""Connections that keep the server waiting, and more of them than it has room for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from bots.web.connections import LARGEST_HEAD, Bounds, Connections, Phase
from bots.web.listening import Manners, bind, serve
from bots.web.proxies import Network
from core.watching import UNWATCHED
from tests.support.clock import ManualClock, until
from tests.support.sockets import Line, dial

WHOLE = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
HALF = b"GET / HTTP/1.1\r\nHost: he"
BODY = b"POST /read HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\n"
LOCAL = (ip_network("127.0.0.0/8"),)
BOUNDS = Bounds(most=3, each=2, head=10, body=30, rest=5, reading=60, idle=90)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads what is posted to /read and says it; sends megabytes where /much is asked for."""
    said = b"hello" if scope["path"] == "/" else b"x" * 50_000_000
    if scope["path"] == "/read":
        try:
            said = await Request(scope, receive).body()
        except ClientDisconnect:
            return
    await PlainTextResponse(said)(scope, receive, send)


@dataclass(frozen=True)
class Server:
    port: int
    connections: Connections

    async def waits(self, *phases: Phase) -> None:
        """Returns when the connections wait for just these."""
        await until(
            lambda: sorted(guard._phase.name for guard in self.connections._open) == sorted(p.name for p in phases)
        )


@asynccontextmanager
async def server(
    clock: ManualClock, bounds: Bounds = BOUNDS, exempt: Sequence[Network] = LOCAL
) -> AsyncIterator[Server]:
    sockets = await bind("127.0.0.1", 0)
    connections = Connections(bounds, exempt, clock, UNWATCHED)
    serving = asyncio.create_task(serve(echo, sockets, connections, Manners(1)))
    try:
        yield Server(sockets[0].getsockname()[1], connections)
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


@asynccontextmanager
async def dialled(server: Server, *sent: bytes) -> AsyncIterator[list[Line]]:
    lines = [await dial(server.port, data) for data in sent]
    try:
        yield lines
    finally:
        for line in lines:
            await line.close()


async def test_a_head_that_trickles_in_ends_when_it_should_have_come(clock: ManualClock) -> None:
    async with server(clock) as here, dialled(here, HALF, WHOLE) as (slow, quick):
        assert await quick.answer() == (200, b"hello")
        await here.waits(Phase.HEAD, Phase.REQUEST)
        await clock.advance(6)
        slow.send(b"re")
        await clock.advance(6)
        assert (await slow.answer())[0] == 408
        assert await slow.is_closed()
        quick.send(WHOLE)
        assert await quick.answer() == (200, b"hello")


async def test_a_later_request_has_no_more_time_than_the_first(clock: ManualClock) -> None:
    async with server(clock) as here, dialled(here, WHOLE) as (line,):
        assert await line.answer() == (200, b"hello")
        await clock.advance(60)
        line.send(HALF)
        await here.waits(Phase.HEAD)
        await clock.advance(12)
        assert (await line.answer())[0] == 408


async def test_a_body_that_does_not_come_ends_the_wait_for_it(clock: ManualClock) -> None:
    async with server(clock) as here, dialled(here, BODY + b"12345") as (line,):
        await here.waits(Phase.BODY)
        await clock.advance(20)
        line.send(b"6")
        await clock.advance(12)
        assert (await line.answer())[0] == 408
        assert await line.is_closed()


async def test_a_small_body_that_nobody_wants_leaves_the_connection_usable(clock: ManualClock) -> None:
    request = BODY.replace(b"/read", b"/")
    async with server(clock) as here, dialled(here, request + b"01234") as (line,):
        await here.waits(Phase.BODY)
        line.send(b"56789" + WHOLE)
        assert [await line.answer(), await line.answer()] == [(200, b"hello")] * 2
        await here.waits(Phase.REQUEST)


async def test_who_sends_on_after_the_answer_is_heard_out_for_a_moment(clock: ManualClock) -> None:
    request = BODY.replace(b"/read", b"/").replace(b"10", b"1000000")
    async with server(clock) as here, dialled(here, request) as (line,):
        assert await line.answer() == (200, b"hello")
        line.send(b"x" * 100_000)
        await line.drain()
        await here.waits(Phase.REST)
        await clock.advance(7)
        assert await line.is_closed()


async def test_who_does_not_read_the_answer_is_left(clock: ManualClock) -> None:
    async with server(clock) as here, dialled(here, WHOLE.replace(b"/", b"/much", 1)) as (line,):
        assert await line.some()
        await clock.advance(62)
        await here.waits()


async def test_a_head_without_end_is_refused(clock: ManualClock) -> None:
    async with server(clock) as here, dialled(here, b"GET / HTTP/1.1\r\n") as (line,):
        for _ in range(20):
            line.send(b"X-Long: " + b"x" * (LARGEST_HEAD // 4) + b"\r\n")
            await line.drain()
        await here.waits()


async def test_a_full_house_makes_room_by_those_who_ask_for_nothing(clock: ManualClock) -> None:
    async with server(clock) as here, dialled(here, HALF, HALF, HALF) as held:
        await here.waits(Phase.HEAD, Phase.HEAD, Phase.HEAD)
        async with dialled(here, WHOLE) as (line,):
            assert await line.answer() == (200, b"hello")
            assert await held[0].is_closed()
            await here.waits(Phase.HEAD, Phase.HEAD, Phase.REQUEST)


async def test_where_all_are_busy_one_more_is_told_so(clock: ManualClock) -> None:
    async with server(clock) as here, dialled(here, BODY, BODY, BODY) as busy:
        await here.waits(Phase.BODY, Phase.BODY, Phase.BODY)
        async with dialled(here, WHOLE) as (line,):
            assert (await line.answer())[0] == 503
            assert await line.is_closed()
        busy[0].send(b"0123456789")
        assert await busy[0].answer() == (200, b"0123456789")


async def test_one_address_does_not_take_the_room_of_all(clock: ManualClock) -> None:
    async with server(clock, exempt=()) as here, dialled(here, WHOLE, WHOLE, WHOLE) as lines:
        statuses = [(await line.answer())[0] for line in lines]
        assert sorted(statuses) == [200, 200, 503]
        await lines[statuses.index(200)].close()
        await here.waits(Phase.REQUEST)
        async with dialled(here, WHOLE) as (again,):
            assert await again.answer() == (200, b"hello")


async def test_requests_sent_ahead_are_answered_in_turn(clock: ManualClock) -> None:
    async with server(clock) as here, dialled(here, WHOLE + BODY + b"0123456789" + WHOLE) as (line,):
        answers = [await line.answer() for _ in range(3)]
        assert answers == [(200, b"hello"), (200, b"0123456789"), (200, b"hello")]
        await here.waits(Phase.REQUEST)
