"""What the bot says besides answers: to commands, and where something cannot be done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from types import TracebackType
from typing import Self

import structlog
from telegram import Bot, InputFile, ReplyParameters

from bots.shared.departing import ended
from bots.shared.owing import Debt, Debts
from bots.shared.pacing import Gate, Pacer, Priority
from bots.shared.surface import MessageGone, Route, SurfaceRefused
from bots.telegram.letters import Letter, Remark
from bots.telegram.library import Moved, NotModified, attempt
from bots.telegram.pacing import bucket_of
from bots.telegram.surface import NO_PREVIEW
from bots.telegram.translate import Place
from core.domain import Incoming
from core.errors import LeaseLost, SurfaceClosed, SurfaceUnavailable
from core.tasks import cancelled

log = structlog.get_logger(__name__)

Write = Callable[[], Awaitable[None]]
LOOK = 1.0
"""Seconds between two looks for what other processes left unsaid."""


class Speaker:
    """``async with Speaker(…)``: what is said is said in the background, as soon as the chat takes it. What is still to be
    said at the end of the block gets some time, and is left to other processes then."""

    def __init__(self, bot: Bot, pacer: Pacer[Gate], debts: Debts) -> None:
        self._bot = bot
        self._pacer = pacer
        self._debts = debts
        self._saying: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._looking = asyncio.create_task(self._look(), name="looking for what is unsaid")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await cancelled(self._looking)
        await ended(self._saying, self._debts.clock)

    def say(self, place: Place, remark: Remark) -> None:
        """Nothing of it is kept: it is lost with the process."""
        self.soon(self._deliver(Letter.of(place, remark), self._debts.nothing()))

    async def reply(
        self, incoming: Incoming, place: Place, remark: Remark, noted: Callable[[], Awaitable[None]]
    ) -> None:
        """Says it to who wrote *incoming*; returns as soon as that does not depend on this process any more. *noted* is
        awaited when it does not, and before any of it is said."""
        letter = Letter.of(place, remark)
        debt = await self._debts.owe(incoming, letter.encode())
        await noted()
        self.soon(self._deliver(letter, debt))

    def change(self, place: Place, message: int, remark: Remark) -> None:
        """Puts *remark* in the place of the bot's message *message*."""
        write = partial(self._edit, place, message, remark)
        self.soon(self._debts.patience.patiently(partial(self._paced, place.chat, write)))

    def soon(self, work: Awaitable[None]) -> None:
        """Has *work* done in the background; what Telegram refuses is one line in the log."""
        task = asyncio.create_task(_refusable(work), name="speaking")
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)

    async def _look(self) -> None:
        while True:
            for debt in await self._debts.left():
                self.soon(self._take_over(debt))
            await self._debts.clock.sleep(LOOK)

    async def _take_over(self, debt: Debt) -> None:
        async with debt:
            if debt.body:  # else all of it was said, and only that was not noted
                await self._write(Letter.decode(debt.body), debt)

    async def _deliver(self, letter: Letter, debt: Debt) -> None:
        async with debt:
            await self._write(letter, debt)

    async def _write(self, letter: Letter, debt: Debt) -> None:
        while letter.messages:
            await self._debts.patience.patiently(partial(self._next, letter, debt))
            if (letter := letter.rest()).messages:
                await debt.keep()

    async def _next(self, letter: Letter, debt: Debt) -> None:
        rest = letter.rest()
        unsaid = rest.encode() if rest.messages else ""
        send = partial(self._send, letter.place, letter.messages[0])
        try:
            await self._paced(letter.place.chat, partial(debt.say, send, unsaid))
        except SurfaceUnavailable as problem:
            debt.postpone(problem.retry_after or 0.0)
            raise

    async def _paced(self, chat: int, write: Write) -> None:
        route = Route(bucket_of(chat), bucket_of(chat))
        async with self._pacer.permit(route, Priority.FINAL):
            try:
                await attempt(write())
            except Moved as moved:
                raise SurfaceRefused(str(moved)) from moved
            except SurfaceUnavailable as problem:
                if problem.retry_after:
                    self._pacer.penalise(route.chat, problem.retry_after)
                raise

    async def _send(self, place: Place, message: Remark) -> None:
        for document in message.documents:
            file = InputFile(document.content, filename=document.name)
            await self._bot.send_document(place.chat, file, message_thread_id=place.topic)
            return
        about = message.replies_to and ReplyParameters(message.replies_to, allow_sending_without_reply=True)
        await self._bot.send_message(
            place.chat,
            message.text,
            message_thread_id=place.topic,
            reply_markup=message.keyboard,
            reply_parameters=about or None,
            link_preview_options=NO_PREVIEW,
        )

    async def _edit(self, place: Place, message: int, remark: Remark) -> None:
        await self._bot.edit_message_text(remark.text, place.chat, message, reply_markup=remark.keyboard)


async def _refusable(work: Awaitable[None]) -> None:
    try:
        await work
    except NotModified:
        pass  # what was picked was chosen already
    except LeaseLost:
        pass  # another process says it, or the person is forgotten
    except (SurfaceClosed, SurfaceRefused, MessageGone) as problem:
        log.warning("telegram.not_said", detail=str(problem))
