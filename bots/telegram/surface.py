"""The place of one answer in a Telegram chat."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from typing import TypeVar

from telegram import Bot, InlineKeyboardMarkup, InputFile, InputMediaDocument, LinkPreviewOptions, ReplyParameters
from telegram.constants import ChatAction

from bots.shared.split import utf16_units
from bots.shared.surface import Action, Deed, File, Limits, MessageGone, Page, Posted, Route, Slip, SurfaceRefused
from bots.telegram.keyboards import keyboard
from bots.telegram.library import Moved, NotModified, attempt
from bots.telegram.pacing import bucket_of
from bots.telegram.render import LENGTH, Formatted, rendered
from bots.telegram.translate import ids_of, place_at, ref_of, user_of
from core.domain import Incoming, Ref
from core.errors import SurfaceUnavailable

T = TypeVar("T")

TYPING = 5.0
"""Seconds for which Telegram shows that somebody types, at most ("sendChatAction")."""
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
KINDS = {Deed.TYPING: "typing", Deed.PREVIEW: "previews", Deed.FIND: "finding"}
"""What counts for itself; see `bots.telegram.pacing.bucket_of`."""


class TelegramSurface:
    """messages: how many an answer may take before it becomes a file."""

    def __init__(self, bot: Bot, question: Incoming, messages: int) -> None:
        self._bot = bot
        self._question = question
        self._place = place_at(question.address)
        self._chat = self._place.chat
        self._messages = messages
        self._refused: set[str] = set()

    @property
    def limits(self) -> Limits:
        return Limits(LENGTH, utf16_units, self._messages, TYPING)

    def route(self, deed: Deed) -> Route:
        asked = deed is not Deed.FIND  # which asks Telegram nothing
        return Route(bucket_of(self._chat), bucket_of(self._chat, KINDS.get(deed, "")), overall=asked)

    async def find(self, nonce: str) -> Ref | None:  # noqa: ARG002  # Telegram knows none
        """Bots cannot read what was said, so what got lost stays unknown."""
        return None

    async def post(self, page: Page, slip: Slip) -> Posted:
        try:
            return Posted(ref_of(self._chat, await self._send(page, self._replying(slip))))
        except Moved as moved:
            self._chat = moved.chat
            raise

    async def edit(self, ref: Ref, page: Page) -> None:
        chat, message = ids_of(ref)
        try:
            await self._change(chat, message, page)
        except NotModified:
            pass  # an earlier attempt's response got lost
        except Moved as moved:
            self._chat = moved.chat
            raise MessageGone(str(moved)) from moved

    async def delete(self, ref: Ref) -> None:
        chat, message = ids_of(ref)
        await attempt(self._bot.delete_message(chat, message))

    async def typing(self) -> None:
        await attempt(self._bot.send_chat_action(self._chat, ChatAction.TYPING, self._place.topic))

    def _replying(self, slip: Slip) -> ReplyParameters | None:
        """In a group people see what is answered. What was asked before a group moved has no number there."""
        if slip.reply_to is None or self._place.private:
            return None
        chat, message = ids_of(slip.reply_to)
        return ReplyParameters(message, allow_sending_without_reply=True) if chat == self._chat else None

    async def _send(self, page: Page, replying: ReplyParameters | None) -> int:
        shown, buttons = self._formatted(page), self._keyboard(page)
        if page.file is not None:
            sent = self._bot.send_document(
                self._chat,
                _input(page.file),
                caption=shown.text,
                caption_entities=shown.entities,
                message_thread_id=self._place.topic,
                reply_parameters=replying,
                reply_markup=buttons,
            )
        else:
            sent = self._bot.send_message(
                self._chat,
                shown.text,
                entities=shown.entities,
                message_thread_id=self._place.topic,
                reply_parameters=replying,
                link_preview_options=NO_PREVIEW,
                reply_markup=buttons,
            )
        return (await self._tried(sent, page, shown)).message_id

    async def _change(self, chat: int, message: int, page: Page) -> None:
        shown, buttons = self._formatted(page), self._keyboard(page)
        if page.file is not None:
            media = InputMediaDocument(_input(page.file), caption=shown.text, caption_entities=shown.entities)
            changed = self._bot.edit_message_media(media, chat, message, reply_markup=buttons)
        else:
            changed = self._bot.edit_message_text(
                shown.text,
                chat,
                message,
                entities=shown.entities,
                link_preview_options=NO_PREVIEW,
                reply_markup=buttons,
            )
        await self._tried(changed, page, shown)

    def _formatted(self, page: Page) -> Formatted:
        if page.ours:
            return Formatted(page.text)
        shown = rendered(page.text, growing=is_growing(page))
        return replace(shown, entities=()) if page.text in self._refused else shown

    async def _tried(self, call: Awaitable[T], page: Page, shown: Formatted) -> T:
        """What is refused with its formatting is to be tried without: an answer is not lost for its looks."""
        try:
            return await attempt(call)
        except NotModified:
            raise
        except SurfaceRefused as problem:
            if not shown.entities:
                raise
            self._refused.add(page.text)
            raise SurfaceUnavailable(f"without formatting next: {problem}") from problem

    def _keyboard(self, page: Page) -> InlineKeyboardMarkup | None:
        sender = self._question.sender
        return keyboard(page.controls, user_of(sender.id), sender.language)


def is_growing(page: Page) -> bool:
    """A page is not at its end while there is something to stop."""
    return any(control.action is Action.STOP for control in page.controls)


def _input(file: File) -> InputFile:
    return InputFile(file.content, filename=file.name)
