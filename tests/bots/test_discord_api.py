"""The bot's own requests to Discord: what it does about refusals before Discord does something about the bot."""

from __future__ import annotations

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bots.discord import api
from bots.discord.api import INVALID_WINDOW, Api, Refusal
from core.errors import SurfaceUnavailable
from tests.support.clock import ManualClock
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import TOKEN, Fault

ME = "/users/@me"


async def test_after_many_refusals_nothing_is_asked_until_they_are_forgotten(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discord bans an address for 10,000 of them in ten minutes."""
    monkeypatch.setattr(api, "INVALID_MOST", 3)
    async with DiscordServer() as discord, aiohttp.ClientSession() as session:
        stranger = Api(session, discord.api_url, "wrong", clock)
        for _ in range(3):
            with pytest.raises(Refusal, match="401"):
                await stranger.call("GET", ME)
            await clock.advance(1.0)
        with pytest.raises(SurfaceUnavailable) as spared:
            await stranger.call("GET", ME)
        assert spared.value.retry_after == pytest.approx(INVALID_WINDOW - 3.0)
        assert discord.requests[f"GET {ME}"] == 3
        await clock.advance(INVALID_WINDOW)
        with pytest.raises(Refusal, match="401"):
            await stranger.call("GET", ME)


@pytest.mark.parametrize(
    ("kind", "scope", "counts"),
    [(401, "", True), (403, "", True), (429, "user", True), (429, "shared", False), (404, "", False), (502, "", False)],
)
async def test_only_what_discord_counts_is_counted(
    kind: int, scope: str, counts: bool, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "INVALID_MOST", 1)
    async with DiscordServer() as discord, aiohttp.ClientSession() as session:
        discord.faults.append(Fault(lambda _method, path: path == ME, kind, times=1, scope=scope))
        bot = Api(session, discord.api_url, TOKEN, clock)
        with pytest.raises((Refusal, SurfaceUnavailable)):
            await bot.call("GET", ME)
        if counts:
            with pytest.raises(SurfaceUnavailable, match="too many"):
                await bot.call("GET", ME)
        else:
            assert await bot.call("GET", ME)


async def test_a_page_in_the_place_of_an_answer_is_no_answer(clock: ManualClock) -> None:
    async with DiscordServer() as discord, aiohttp.ClientSession() as session:
        discord.faults.append(Fault(lambda _method, path: path == ME, 200))
        bot = Api(session, discord.api_url, TOKEN, clock)
        with pytest.raises(SurfaceUnavailable, match="not what was asked for"):
            await bot.call("GET", ME)
        assert (await bot.call("GET", ME))["bot"]


async def test_a_global_limit_is_known_by_what_the_answer_says(clock: ManualClock) -> None:
    async def limited(_request: web.Request) -> web.Response:
        return web.json_response({"message": "slow", "retry_after": 2.5, "global": True}, status=429)

    app = web.Application()
    app.router.add_get(ME, limited)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        bot, told = Api(session, str(server.make_url("")), TOKEN, clock), list[float]()
        bot.on_global = told.append
        with pytest.raises(SurfaceUnavailable):
            await bot.call("GET", ME)
        assert told == [2.5]


def test_several_processes_behind_one_address_stay_far_from_the_ban() -> None:
    assert 3 * api.INVALID_MOST < 10_000
