"""What was said while nobody listened is read from Discord: after a start, and after a session that was lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import discord
import structlog

from bots.discord.api import Refusal
from bots.discord.bookmarks import Marks
from bots.discord.intake import Intake
from bots.discord.library import UNREADABLE, Client
from bots.discord.surroundings import Read
from bots.discord.translate import Place
from bots.shared.patience import Patience
from bots.shared.surface import MessageGone
from core.tasks import cancelled

log = structlog.get_logger(__name__)

PAGE = 100
"""Messages that one request gives at most ("Get Channel Messages" in Discord's reference)."""
AT_ONCE = 4
"""Places that are looked through at once, so that one slow answer does not hold up all the others."""

TextChannel = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
Channel = TextChannel | discord.PartialMessageable


@dataclass(frozen=True, slots=True)
class Gap:
    """What was said in *place* after the message id *start* may have been missed. channel: where the library knows it."""

    place: Place
    start: int
    channel: Channel | None = None


class CatchingUp:
    """``async with CatchingUp(…) as catching_up``: what it has begun ends with the block."""

    def __init__(self, intake: Intake, marks: Marks, read: Read, patience: Patience) -> None:
        self._intake = intake
        self._marks = marks
        self._read = read
        self._patience = patience
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await cancelled(*self._tasks.values())

    async def connected(self, shard: int) -> None:
        """A new session has begun; what was said before it is told nobody."""
        self._marks.fall_behind(shard)

    async def ready(self, client: Client, shard: int) -> None:
        """Its servers are known: looks for what was missed in them and, for the first shard, in direct messages."""
        if shard in self._tasks:
            self._tasks[shard].cancel()
        self._tasks[shard] = asyncio.create_task(self._run(client, shard), name=f"discord catching up {shard}")

    async def _run(self, client: Client, shard: int) -> None:
        starts = await self._patience.patiently(self._marks.starts)
        gaps = iter(sorted(self._gaps(client, shard, starts), key=lambda gap: gap.start, reverse=True))
        await asyncio.gather(*(self._look_through(client, gaps) for _ in range(AT_ONCE)))
        self._marks.caught_up(shard)
        log.info("discord.caught_up", shard=shard)

    def _gaps(self, client: Client, shard: int, starts: dict[Place, int]) -> Iterator[Gap]:
        if shard == 0:
            direct = (place for place in starts if place.server is None)
            yield from (Gap(place, starts[place], client.get_partial_messageable(place.channel)) for place in direct)
        for server in client.guilds:
            if server.shard_id == shard:
                yield from self._gaps_in(server, starts)

    def _gaps_in(self, server: discord.Guild, starts: dict[Place, int]) -> Iterator[Gap]:
        """Where somebody spoke to the bot, and wherever else something was said lately."""
        known: list[TextChannel] = [*server.text_channels, *server.voice_channels, *server.stage_channels]
        known += server.threads
        for channel in known:
            place = Place(channel.id, server.id)
            start = starts.get(place, self._marks.start())
            if (channel.last_message_id or 0) > start:
                yield Gap(place, start, channel)
        rest = {place for place in starts if place.server == server.id} - {
            Place(there.id, server.id) for there in known
        }
        yield from (Gap(place, starts[place]) for place in rest)

    async def _look_through(self, client: Client, gaps: Iterator[Gap]) -> None:
        for gap in gaps:
            try:
                channel = gap.channel or await self._thread(client, gap)
                if channel is not None:
                    await self._fill(client, gap, channel)
            except (Refusal, MessageGone, *UNREADABLE) as problem:
                log.warning("discord.not_caught_up", channel=gap.place.channel, detail=repr(problem))

    async def _thread(self, client: Client, gap: Gap) -> discord.Thread | None:
        """One that is archived, of which the library does not know; None where nothing was said. Raises Refusal."""
        place = gap.place
        found = client.thread(place.server or 0, await self._get(place.channel, f"/channels/{place.channel}"))
        return found if found and (found.last_message_id or 0) > gap.start else None

    async def _fill(self, client: Client, gap: Gap, channel: Channel) -> None:
        """Takes what was said since, page by page, oldest first. Raises Refusal."""
        last, full = gap.start, True
        while full:
            page = await self._get(channel.id, f"/channels/{channel.id}/messages?after={last}&limit={PAGE}")
            for data in sorted(page, key=lambda message: int(message["id"])):
                await self._intake.missed(client.message(channel, data), client.me)
                last = int(data["id"])
            full = len(page) >= PAGE
        if last > gap.start:
            await self._patience.patiently(lambda: self._marks.reach(gap.place, last))

    async def _get(self, channel: int, path: str) -> Any:
        return await self._patience.patiently(lambda: self._read(channel, path))
