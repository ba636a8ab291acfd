"""The wire to Telegram: python-telegram-bot's `Bot`, which makes one attempt at each call, and what its errors mean here.

The library's own framework is not used: it confirms updates before anybody could store them. This is the only place that
depends on its insides; `tests/bots/test_telegram_library.py` fails when a new version changes what is used here.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import structlog
from telegram import Bot, File, Update, User
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, RetryAfter, TelegramError

from bots.shared.surface import MessageGone, SurfaceRefused
from bots.telegram.arriving import Window, Writing
from bots.telegram.connecting import Connecting
from core.errors import ParlourError, SurfaceClosed, SurfaceUnavailable
from core.ports import Clock

log = structlog.get_logger(__name__)
T = TypeVar("T")

REQUEST_TIME = 15.0
"""Seconds for each part of a request (connecting, sending, reading). Telegram answers within one; what takes longer got
lost."""
CONNECTIONS = 64
"""At once, for writing: with 30 writes a second each would have to take two seconds before one waits."""
GONE = (
    "message to edit not found",
    "message can't be edited",
    "message to delete not found",
    "message can't be deleted",
    "message_id_invalid",
)
"""What Telegram says of a message that is not there any more, or as good as not there."""
CLOSED = (
    "chat not found",
    "topic_closed",
    "topic_deleted",
    "message thread not found",
    "not enough rights",
    "have no rights",
    "need administrator rights",
    "_forbidden",
    "chat_restricted",
    "chat_admin_required",
    "channel_private",
    "user_banned_in_channel",
    "group chat was deactivated",
    "user is deactivated",
    "peer_id_invalid",
)
"""What Telegram says where the bot may write no more, beside 403."""
UNAUTHORIZED = "unauthorized"
"""How the library's error for 401 and for 404 begins at a 401, in Telegram's words or in those of HTTP."""
UNREADABLE = (AttributeError, LookupError, TypeError, ValueError)
"""What the library raises for an update that is not as it expects."""
NESTED = (Update.MESSAGE, Update.EDITED_MESSAGE, "reply_to_message")
WORDED = (
    *NESTED,
    "update_id",
    "message_id",
    "date",
    "edit_date",
    "chat",
    "from",
    "sender_chat",
    "message_thread_id",
    "is_topic_message",
    "media_group_id",
    "is_automatic_forward",
    "forum_topic_created",
    "via_bot",
    "text",
    "entities",
    "caption",
    "caption_entities",
)
"""What there is to a message as far as its words go; the rest grows with every version of the Bot API."""
WRONG_TOKEN = "Telegram does not know this token: copy it again from @BotFather"  # noqa: S105  # a sentence, not a token
NO_SUCH_METHOD = "this Bot API server does not know the method: it is older, or telegram.api_url leads elsewhere"


class NotModified(SurfaceRefused):
    """The message looks as it should already."""


class Moved(SurfaceUnavailable):
    """The group has become a supergroup, whose id is *chat*: it is to be tried there."""

    def __init__(self, chat: int) -> None:
        super().__init__(f"the group is now the supergroup {chat}")
        self.chat = chat


class TakenElsewhere(SurfaceUnavailable):
    """Somebody else receives this bot's updates."""


class UnknownHere(SurfaceRefused):
    """The token or the method."""


class UnknownToken(UnknownHere):
    """401, which is said of tokens alone ("Authorizing your bot" in the Bot API)."""


class UnknownMethod(UnknownHere):
    """404. Also what is not even written as a token gets it, so that asking for `identity` comes first."""


def problem_of(error: TelegramError) -> ParlourError:
    """What an error of the library means for us."""
    match error:
        case RetryAfter():
            # The public property warns of its own future type.
            seconds = error._retry_after.total_seconds()  # noqa: SLF001  # there is no other way to it
            return SurfaceUnavailable("429", retry_after=seconds)
        case ChatMigrated():
            return Moved(error.new_chat_id)
        case Conflict():
            return TakenElsewhere(str(error))
        case BadRequest() | Forbidden() | InvalidToken():
            return _refusal(error)
        case _:
            return SurfaceUnavailable(f"Telegram cannot be reached: {error}")


def _refusal(error: TelegramError) -> ParlourError:
    words = str(error).lower()
    if isinstance(error, InvalidToken):
        return UnknownToken(WRONG_TOKEN) if UNAUTHORIZED in words else UnknownMethod(NO_SUCH_METHOD)
    if "message is not modified" in words:
        return NotModified(str(error))
    if any(text in words for text in GONE):
        return MessageGone(str(error))
    if isinstance(error, Forbidden) or any(text in words for text in CLOSED):
        return SurfaceClosed(f"Telegram refused: {error}")
    return SurfaceRefused(f"Telegram refused: {error}")


async def attempt(call: Awaitable[T]) -> T:
    """One call of the library's; its errors as ours."""
    try:
        return await call
    except TelegramError as error:
        raise problem_of(error) from error


async def identity(bot: Bot) -> User:
    """Whose token it is. Raises UnknownToken for one that Telegram does not know, SurfaceUnavailable."""
    try:
        return await attempt(bot.get_me())
    except UnknownMethod as problem:  # every server knows this one
        raise UnknownToken(WRONG_TOKEN) from problem


async def download(file: File) -> bytes:
    """All of *file*, which Telegram lets bots fetch up to 20 MB ("getFile" in the Bot API)."""
    return bytes(await attempt(file.download_as_bytearray()))


class Polling(Connecting):
    """Of each update only what the library can read: one that it cannot would cost all that came with it."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        body = Connecting.parse_json_payload(payload)
        if isinstance(body.get("result"), list):
            body["result"] = [legible(update) for update in body["result"]]
        return body


def legible(update: Any) -> dict[str, Any]:
    """As much of *update* as the library can read: all of it, else its message without what came along with the words,
    else only its number."""
    forms = (update, _worded(update), {"update_id": update.get("update_id", 0) if isinstance(update, dict) else 0})
    return next(form for form in forms if _is_readable(form))


def _worded(update: Any) -> Any:
    """A message that is replied to is in the message, as this one is in the update."""
    if not isinstance(update, dict):
        return update
    kept = {name: update[name] for name in WORDED if name in update}
    return kept | {name: _worded(kept[name]) for name in NESTED if name in kept}


def _is_readable(update: Any) -> bool:
    try:
        return Update.de_json(update, None) is not None
    except (*UNREADABLE, OverflowError, OSError) as problem:  # the last two: a date that no calendar has
        log.warning("telegram.update_unreadable", detail=repr(problem))
        return False


@asynccontextmanager
async def open_bot(token: str, api_url: str, clock: Clock) -> AsyncIterator[Bot]:
    """Speaks to the Bot API server whose root is *api_url*."""
    quiet()
    root = api_url.rstrip("/")
    times: dict[str, Any] = dict.fromkeys(("read_timeout", "write_timeout", "connect_timeout"), REQUEST_TIME)
    async with (
        Writing(Window(clock), connection_pool_size=CONNECTIONS, pool_timeout=REQUEST_TIME, **times) as writing,
        Polling(connection_pool_size=1, **times) as polling,
    ):
        yield Bot(
            token,
            base_url=f"{root}/bot",
            base_file_url=f"{root}/file/bot",
            request=writing,
            get_updates_request=polling,
        )


def quiet() -> None:
    """Their own lines are for their developers, and the token stands in the URLs that one of them logs."""
    for name in ("telegram", "httpx"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
