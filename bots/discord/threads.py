"""Threads: where that is set, a question opens one and is answered there."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import accumulate, takewhile

import discord
import structlog
from wcwidth import iter_graphemes

from bots.discord.api import Api, Refusal
from bots.discord.surface import DiscordSurface, Heard
from bots.discord.translate import Place, ids_of
from bots.shared.pacing import Permit
from bots.shared.split import utf16_units
from bots.shared.surface import Deed, Limits, MessageGone, Page, Posted, Route, Slip
from core.conversations.cleaning import tidy
from core.domain import Incoming, Ref, Turn

log = structlog.get_logger(__name__)

SCOPE = "thread"
PARENT, TITLE = "parent", "title"
"""Keys of an address whose place is a thread that may not be there yet: the channel it is to be in, and its name."""
ARCHIVED_AFTER = 1440
"""Minutes without a message until Discord puts the thread away: a day, the usual one of the four that it takes."""
LONGEST_NAME = 100
"""Characters ("Start Thread from Message" in Discord's reference)."""
LONGEST_READ = 1000
"""Characters of a question that are looked at for its thread's name."""
ALREADY = 160004
"""Discord's error code ("JSON Error Codes" in its reference) for a message that has its thread."""


def can_open(message: discord.Message) -> bool:
    """Whether a thread can be opened from *message*, as far as the library knows; not within a thread."""
    channel, server = message.channel, message.guild
    if not isinstance(channel, discord.TextChannel) or server is None or not isinstance(server.me, discord.Member):
        return False
    allowed = channel.permissions_for(server.me)
    return allowed.create_public_threads and allowed.send_messages_in_threads


def opens(incoming: Incoming) -> bool:
    """Whether it is answered in a thread of its own."""
    return TITLE in incoming.address


def moved(incoming: Incoming, message: discord.Message) -> Incoming:
    """The same question, to be answered in the thread that *message* opens: its id is known before it is there."""
    place = Place(message.id, message.guild.id if message.guild else None, message.channel.id)
    return replace(
        incoming,
        conversation=place.conversation(message.author.id, SCOPE),
        address={"channel": str(place.channel), PARENT: str(place.parent), TITLE: _title(incoming, message)},
        places=place.names,
    )


def _title(incoming: Incoming, message: discord.Message) -> str:
    """The beginning of the question, or what came along with it, on one line."""
    texts = [part.text for part in incoming.parts] + [file.filename for file in message.attachments]
    lines = (" ".join(tidy(text[:LONGEST_READ]).split()) for text in (*texts, message.author.display_name))
    return _shortened(next(filter(None, lines), "…"))


def _shortened(line: str) -> str:
    """As long as a name may be, and not cut inside of what people see as one character."""
    ends = accumulate(iter_graphemes(line))
    name = "".join(deque(takewhile(lambda start: utf16_units(start) < LONGEST_NAME, ends), maxlen=1))
    return name if name == line else f"{name.rstrip()}…"


class ThreadSurface:
    """The place of an answer in the thread that its question opens; beside the question where none may be opened.

    permit: waits until the thread may be made. The other parameters are those of `DiscordSurface`.
    """

    def __init__(self, api: Api, turn: Turn, messages: int, heard: Heard, permit: Callable[[Route], Permit]) -> None:
        self._api = api
        self._question = turn.incoming
        self._heard = heard
        self._permit = permit
        self._thread, self._parent = turn.incoming.address["channel"], turn.incoming.address[PARENT]
        self._order = asyncio.Lock()
        self._settled = bool(turn.shown)
        beside = self._settled and ids_of(turn.shown[0])[0] == self._parent
        there = replace(turn.incoming, address={"channel": self._parent})
        self._beside = DiscordSurface(api, there, messages, heard, turn.shown)
        self._surface = self._beside if beside else DiscordSurface(api, turn.incoming, messages, heard, turn.shown)

    @property
    def limits(self) -> Limits:
        return self._surface.limits

    def route(self, deed: Deed) -> Route:
        return self._surface.route(deed)

    async def find(self, nonce: str) -> Ref | None:
        return await (await self._settle()).find(nonce)

    async def post(self, page: Page, slip: Slip) -> Posted:
        return await (await self._settle()).post(page, slip)

    async def edit(self, ref: Ref, page: Page) -> None:
        await self._surface.edit(ref, page)

    async def delete(self, ref: Ref) -> None:
        await self._surface.delete(ref)

    async def typing(self) -> None:
        await (await self._settle()).typing()

    async def _settle(self) -> DiscordSurface:
        """Once, also where first words and typing want it at the same time."""
        async with self._order:
            if not self._settled:
                await self._open()
                self._settled = True
        return self._surface

    async def _open(self) -> None:
        """Also after somebody was killed who had opened it, and where somebody else did: there is one thread at most."""
        route = Route(f"discord:{self._parent}", f"discord:{self._parent} THREAD")
        path = f"/channels/{self._parent}/messages/{self._thread}/threads"
        body = {"name": self._question.address[TITLE], "auto_archive_duration": ARCHIVED_AFTER}
        try:
            async with self._permit(route):
                await self._api.call("POST", path, body, heard=partial(self._heard, route))
        except (MessageGone, Refusal) as problem:
            if isinstance(problem, MessageGone) or problem.code != ALREADY:
                log.info("discord.no_thread", channel=self._parent, detail=str(problem))
                self._surface = self._beside
