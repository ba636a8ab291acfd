"""What people read whose words cannot be stored: that these wait at Telegram, which keeps what nobody confirms."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import structlog
from telegram import Update

from bots.shared.patience import Patience
from bots.shared.surface import SurfaceRefused
from bots.telegram.intake import Intake
from bots.telegram.letters import Remark
from bots.telegram.speaking import Speaker
from bots.telegram.translate import Place, ids_of, place_at
from core.errors import SurfaceUnavailable
from core.ports import Clock
from core.tasks import cancelled
from core.wording import Sentence, say

log = structlog.get_logger(__name__)

WAIT = 3.5
"""Seconds for which something waits before anybody is told; a store that hands over to another server takes less. And between
two looks at what waits: whoever asks for the same again within three is held as in a long poll, which cuts off any other one
(`process_get_updates_query` in the source of Telegram's Bot API server)."""

Look = Callable[[], Awaitable[Sequence[Update]]]
"""What waits at Telegram, none of it confirmed. Raises SurfaceUnavailable and SurfaceRefused."""


class Away:
    """Hands updates to the *intake*. While they cannot be stored it says so, once to each chat, until what was waiting there
    is taken. *patience*: what the intake waits for the store with."""

    def __init__(self, intake: Intake, speaker: Speaker, patience: Patience, clock: Clock) -> None:
        self._intake = intake
        self._speaker = speaker
        self._patience = patience
        self._clock = clock
        self._seen: frozenset[int] = frozenset()
        self._told: dict[Place, int] = {}

    async def take(self, updates: Sequence[Update], look: Look) -> None:
        """Returns when all of them are stored; tells meanwhile also those whose words come after them."""
        self._seen = _numbers(updates)
        watching = asyncio.create_task(self.watch(look), name="telegram's waiting updates")
        try:
            await self._intake.take(updates)
        finally:
            await cancelled(watching)

    async def watch(self, look: Look) -> None:
        """Until it is cancelled. Who is told has waited from one look to the next: what another process receives, which has
        a store, is gone by then."""
        while True:
            await self._clock.sleep(WAIT)
            if self._patience.lacks_store:
                with suppress(SurfaceUnavailable, SurfaceRefused):
                    await self._look_over(await look())

    async def takes(self, update: Update) -> bool:
        """Whether *update*, of which there is one at a time from each chat, is stored. Where it cannot be, it is to be
        delivered again."""
        taking = asyncio.create_task(self._intake.take([update]))
        try:
            while not await self._is_done(taking):
                if self._patience.lacks_store:
                    await self._tell(update)
                    return False
        finally:
            await cancelled(taking)
        self._told = {place: number for place, number in self._told.items() if number != update.update_id}
        return True

    async def _is_done(self, taking: asyncio.Task[None]) -> bool:
        """Waits for that. Raises what it does."""
        with suppress(TimeoutError):
            async with self._clock.watchdog(WAIT):
                await asyncio.shield(taking)
        return taking.done()

    async def _look_over(self, waiting: Sequence[Update]) -> None:
        numbers = _numbers(waiting)
        self._told = {place: number for place, number in self._told.items() if number in numbers}
        for update in waiting:
            if update.update_id in self._seen:
                await self._tell(update)
        self._seen = numbers

    async def _tell(self, update: Update) -> None:
        asked = self._intake.asked(update)
        if asked is None or asked.ref is None:
            return
        place, (_, message) = place_at(asked.address), ids_of(asked.ref)
        if place not in self._told and await self._intake.admits(asked):
            self._told[place] = update.update_id
            log.info("telegram.told_to_wait", update=update.update_id)
            said = say(Sentence.STORE_AWAY_WAITS, asked.sender.language)
            self._speaker.say(place, Remark(said, replies_to=message))


def _numbers(updates: Sequence[Update]) -> frozenset[int]:
    return frozenset(update.update_id for update in updates)
