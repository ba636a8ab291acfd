"""An interaction's webhook as it is stored, and how often it is written to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bots.discord.app import open_api, settings_of
from bots.discord.hooks import Hook, HookGate, HookSurface, is_hook
from bots.shared.pacing import Priority, RateGate
from bots.shared.surface import Deed, Page, Slip
from core.clock import SystemClock
from core.domain import Conversation, ConversationId, Incoming, PersonId, Sender, TextPart, Turn, TurnId
from core.errors import SurfaceUnavailable
from core.limits.rates import Rate
from tests.support.discord_bot import config_for
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA, BOT, GENERAL

HOOK = Hook("100", "1573653388250316803", "secret", pressed="5", elsewhere=True)
RATE = Rate(per_second=10.0, burst=2.0)


def test_a_webhook_is_opened_again_from_what_is_stored() -> None:
    assert Hook.of({"channel": "400", **HOOK.address}) == HOOK
    assert Hook.of({"channel": "400"}) is None


def test_its_token_is_not_in_what_may_be_logged() -> None:
    assert "secret" not in repr(HOOK)
    assert "secret" not in repr(HOOK.route(Deed.EDIT))


def test_its_writes_have_a_bucket_of_their_own_that_the_bots_limit_does_not_count() -> None:
    route = HOOK.route(Deed.EDIT)
    assert not route.overall
    assert is_hook(route.bucket)
    assert HOOK.route(Deed.POST).bucket != route.bucket


def test_drafts_of_all_webhooks_share_a_rate_and_last_words_do_not_wait_for_it() -> None:
    drafts = RateGate(RATE, 0.0)
    gates = [HookGate(drafts) for _ in range(10)]
    for gate in gates[:2]:
        assert gate.wait(0.0, Priority.FINAL) == 0.0
        gate.take(0.0)
    idle = gates[5]
    assert idle.wait(0.0, Priority.DRAFT) > 0.0
    assert idle.wait(0.0, Priority.FIRST) == idle.wait(0.0, Priority.FINAL) == 0.0


def test_last_words_leave_no_debt_that_drafts_would_have_to_pay() -> None:
    drafts = RateGate(RATE, 0.0)
    for _ in range(100):
        HookGate(drafts).take(0.0)
    assert HookGate(drafts).wait(0.3, Priority.DRAFT) == 0.0


@asynccontextmanager
async def surface_of(discord: DiscordServer, asked: str, folder: Path) -> AsyncIterator[HookSurface]:
    """What a process writes to that is not the one to acknowledge the interaction *asked*."""
    at = ConversationId(f"discord:{GENERAL}")
    address = {"channel": GENERAL, **Hook(BOT, asked, f"token{asked}").address}
    sender, parts = Sender(PersonId(f"discord:{ADA}"), "Ada"), (TextPart("hello"),)
    incoming = Incoming(TurnId(f"discord:{asked}"), at, "discord", sender, parts, 0.0, address)
    clock = SystemClock()
    async with open_api(settings_of(config_for(discord, folder)), clock) as api:
        turn = Turn(incoming.event_id, incoming, Conversation(at), token=1)
        yield HookSurface(api, turn, clock, 10, lambda _route, _allowance: None)


async def test_a_webhook_that_another_process_is_about_to_make_known_is_waited_for(tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        asked = discord.slash(ADA, "ask", question="hello")
        async with surface_of(discord, asked, tmp_path) as surface:
            with pytest.raises(SurfaceUnavailable):
                await surface.post(Page("words"), Slip("n"))
            assert not surface.route(Deed.POST).overall
            discord._callback(asked, f"token{asked}", {"type": 5}, files=0)
            await surface.post(Page("words"), Slip("n"))


async def test_a_webhook_that_is_never_made_known_gives_way_to_the_bots_own_message(tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        asked = str(int(discord.slash(ADA, "ask", question="hello")) - (60_000 << 22))  # a minute earlier
        async with surface_of(discord, asked, tmp_path) as surface:
            with pytest.raises(SurfaceUnavailable):
                await surface.post(Page("words"), Slip("n"))
            assert surface.route(Deed.POST).overall
            await surface.post(Page("words"), Slip("n"))
        assert discord.shown() == ["words"]
