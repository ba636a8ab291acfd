"""How far each place on Discord has been heard: what the next start goes on from."""

from __future__ import annotations

from datetime import UTC, datetime

import discord

from bots.discord.translate import LANE, Place
from core.ports import Bookmarks, Clock

LONGEST = 6.5 * 86_400.0
"""Seconds back for which is looked at most: less than the 7 days for which a store knows what was answered."""
STEP = 60_000 << 22
"""A minute, in message ids ("Snowflakes" in Discord's reference): a bookmark is moved by no less."""
DIRECT = "@me"


class Marks:
    """max_age: seconds back for which is looked in any case, because what was said then may have been edited since."""

    def __init__(self, store: Bookmarks, clock: Clock, max_age: float) -> None:
        self._store = store
        self._clock = clock
        self._max_age = max_age
        self._behind: set[int] = set()
        self._noted: dict[str, int] | None = None

    def fall_behind(self, shard: int) -> None:
        """Something may have been missed there: until `caught_up` the bookmarks stay where they are."""
        self._behind.add(shard)

    def caught_up(self, shard: int) -> None:
        self._behind.discard(shard)

    async def starts(self) -> dict[Place, int]:
        """For each place where somebody spoke to the bot, the message id after which is looked."""
        noted = await self._known()
        return {_place(name): self.start(position) for name, position in noted.items()}

    def start(self, position: int | None = None) -> int:
        """As `starts`; *position*: of a bookmark, where there is one."""
        recent = self._id_before(self._max_age)
        return max(self._id_before(LONGEST), recent if position is None else min(recent, position))

    async def hear(self, place: Place, message: int) -> None:
        """To be called before *message* is stored, so that a process killed in between finds it again. Raises
        StoreError."""
        known = (await self._known()).get(_name(place))
        if known is None:
            await self._note(place, min(message - 1, self.start()) if self._behind else message - 1)
        elif not self._behind:
            await self.reach(place, message - 1)

    async def reach(self, place: Place, message: int) -> None:
        """Everything there up to *message* is stored. Raises StoreError."""
        if message >= (await self._known()).get(_name(place), 0) + STEP:
            await self._note(place, message)

    async def _note(self, place: Place, position: int) -> None:
        await self._store.note(LANE, _name(place), position)
        (await self._known())[_name(place)] = position

    async def _known(self) -> dict[str, int]:
        if self._noted is None:
            self._noted = await self._store.places(LANE)
        return self._noted

    def _id_before(self, seconds: float) -> int:
        return discord.utils.time_snowflake(datetime.fromtimestamp(self._clock.now() - seconds, UTC))


def _name(place: Place) -> str:
    return f"{place.server or DIRECT}/{place.channel}"


def _place(name: str) -> Place:
    server, channel = name.split("/")
    return Place(int(channel), None if server == DIRECT else int(server))
