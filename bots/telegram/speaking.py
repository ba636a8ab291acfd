"""What the bot says besides answers: to commands, and where something cannot be done."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Self

import structlog
from telegram import Bot, InlineKeyboardMarkup, InputFile, ReplyParameters

from bots.shared.departing import ended
from bots.shared.pacing import Gate, Pacer, Priority
from bots.shared.patience import Patience
from bots.shared.split import split, utf16_units
from bots.shared.surface import MessageGone, Route, SurfaceRefused
from bots.telegram.library import Moved, NotModified, attempt
from bots.telegram.pacing import bucket_of
from bots.telegram.render import LENGTH, WORD_JOINER
from bots.telegram.surface import NO_PREVIEW
from bots.telegram.translate import Place
from core.conversations.exporting import Document
from core.errors import SurfaceClosed, SurfaceUnavailable
from core.ports import Clock

log = structlog.get_logger(__name__)

Write = Callable[[], Awaitable[None]]
_MENTION = re.compile(r"@(?=\w)")


@dataclass(frozen=True, slots=True)
class Remark:
    """Plain text, with what goes along. replies_to: a message's id, shown as what this is about in groups."""

    text: str
    keyboard: InlineKeyboardMarkup | None = None
    documents: Sequence[Document] = ()
    replies_to: int | None = None


class Speaker:
    """``async with Speaker(…)``: what is said is said in the background, as soon as the chat takes it; what is still to be
    said at the end of the block gets some time."""

    def __init__(self, bot: Bot, pacer: Pacer[Gate], patience: Patience, clock: Clock) -> None:
        self._bot = bot
        self._pacer = pacer
        self._patience = patience
        self._clock = clock
        self._saying: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await ended(self._saying, self._clock)

    def say(self, place: Place, remark: Remark) -> None:
        self.soon(self._say(place, remark))

    def change(self, place: Place, message: int, remark: Remark) -> None:
        """Puts *remark* in the place of the bot's message *message*."""
        write = partial(self._edit, place, message, remark)
        self.soon(self._patience.patiently(partial(self._paced, place.chat, write)))

    def soon(self, work: Awaitable[None]) -> None:
        """Has *work* done in the background; what Telegram refuses is one line in the log."""
        task = asyncio.create_task(_refusable(work), name="speaking")
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)

    async def _say(self, place: Place, remark: Remark) -> None:
        texts = split(silenced(remark.text), limit=LENGTH, measure=utf16_units)
        writes: list[Write] = [partial(self._send, place, replace(remark, text=text, keyboard=None)) for text in texts]
        if remark.keyboard is not None:
            writes[-1] = partial(self._send, place, replace(remark, text=texts[-1]))
        writes += [partial(self._send_file, place, document) for document in remark.documents]
        for write in writes:
            await self._patience.patiently(partial(self._paced, place.chat, write))

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

    async def _send(self, place: Place, remark: Remark) -> None:
        replying = None
        if remark.replies_to is not None and not place.private:
            replying = ReplyParameters(remark.replies_to, allow_sending_without_reply=True)
        await self._bot.send_message(
            place.chat,
            remark.text,
            message_thread_id=place.topic,
            reply_markup=remark.keyboard,
            reply_parameters=replying,
            link_preview_options=NO_PREVIEW,
        )

    async def _edit(self, place: Place, message: int, remark: Remark) -> None:
        await self._bot.edit_message_text(remark.text, place.chat, message, reply_markup=remark.keyboard)

    async def _send_file(self, place: Place, document: Document) -> None:
        file = InputFile(document.content, filename=document.name)
        await self._bot.send_document(place.chat, file, message_thread_id=place.topic)


def silenced(text: str) -> str:
    """*text*, in which people's and the model's own words may stand, so that it mentions nobody."""
    return _MENTION.sub(f"@{WORD_JOINER}", text)


async def _refusable(work: Awaitable[None]) -> None:
    try:
        await work
    except NotModified:
        pass  # what was picked was chosen already
    except (SurfaceClosed, SurfaceRefused, MessageGone) as problem:
        log.warning("telegram.not_said", detail=str(problem))
