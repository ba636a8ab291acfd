"""What is used of python-telegram-bot beyond what it promises, and what its errors mean here."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from telegram import Bot, Chat, Message, MessageEntity, TextQuote, User, error

from bots.shared.surface import MessageGone, SurfaceRefused
from bots.telegram.connecting import Connecting
from bots.telegram.library import (
    Moved,
    NotModified,
    Polling,
    TakenElsewhere,
    UnknownMethod,
    UnknownToken,
    legible,
    problem_of,
)
from bots.telegram.translate import Place, place_of, translate
from core.errors import SurfaceClosed, SurfaceUnavailable
from core.tasks import cancelled
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import BOT, TOKEN

ME = User(100, "Parlour", is_bot=True, username="parlour_bot")
ADA, BOB = User(201, "Ada", is_bot=False), User(202, "Bob", is_bot=False)
GROUP = Chat(-5, Chat.GROUP, title="A group")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("problem", "meaning"),
    [
        (error.RetryAfter(7), SurfaceUnavailable),
        (error.TimedOut(), SurfaceUnavailable),
        (error.NetworkError("Bad Gateway"), SurfaceUnavailable),
        (error.TelegramError("Invalid server response"), SurfaceUnavailable),
        (error.ChatMigrated(-1001), Moved),
        (error.Conflict("terminated by other getUpdates request"), TakenElsewhere),
        (error.InvalidToken("Unauthorized"), UnknownToken),
        (error.InvalidToken("Unauthorized (401)"), UnknownToken),
        (error.InvalidToken("Not Found: method not found"), UnknownMethod),
        (error.Forbidden("bot was blocked by the user"), SurfaceClosed),
        (error.BadRequest("Bad Request: chat not found"), SurfaceClosed),
        (error.BadRequest("Bad Request: TOPIC_CLOSED"), SurfaceClosed),
        (error.BadRequest("Bad Request: CHAT_SEND_DOCS_FORBIDDEN"), SurfaceClosed),
        (error.BadRequest("Bad Request: USER_BANNED_IN_CHANNEL"), SurfaceClosed),
        (error.BadRequest("Bad Request: not enough rights to send text messages to the chat"), SurfaceClosed),
        (error.BadRequest("Bad Request: message is not modified: specified new …"), NotModified),
        (error.BadRequest("Bad Request: message to edit not found"), MessageGone),
        (error.BadRequest("Bad Request: can't parse entities"), SurfaceRefused),
    ],
)
def test_every_error_means_something(problem: error.TelegramError, meaning: type[Exception]) -> None:
    assert type(problem_of(problem)) is meaning


def test_no_error_of_the_library_is_forgotten() -> None:
    known = {
        error.RetryAfter,
        error.ChatMigrated,
        error.Conflict,
        error.BadRequest,
        error.Forbidden,
        error.InvalidToken,
    }
    others = {error.TelegramError, error.NetworkError, error.TimedOut}
    never = {error.EndPointNotFound, error.PassportDecryptionError}  # of calls that are not made
    every = {item for item in vars(error).values() if isinstance(item, type) and issubclass(item, error.TelegramError)}
    assert every == known | others | never


def test_the_seconds_of_a_flood_limit_are_read() -> None:
    problem = problem_of(error.RetryAfter(300))
    assert isinstance(problem, SurfaceUnavailable)
    assert problem.retry_after == 300.0


@pytest.mark.parametrize("date", ["today", 10**12, 10**18, 10**20])
def test_an_update_that_cannot_be_read_costs_no_other(date: object) -> None:
    chat = {"id": 5, "type": "private", "first_name": "Ada"}
    good = {"update_id": 2, "message": {"message_id": 1, "date": 1, "chat": chat, "text": "hello"}}
    bad = {"update_id": 1, "message": {"message_id": 1, "date": date, "chat": chat}}
    new = {"update_id": 3, "something_new": {"a": 1}}
    body = Polling.parse_json_payload(json.dumps({"ok": True, "result": [bad, good, new]}).encode())
    assert body["result"] == [{"update_id": 1}, good, new]


def test_words_are_read_also_where_the_rest_of_a_message_is_not() -> None:
    chat = {"id": -5, "type": "group", "title": "A group"}
    words = {"message_id": 2, "date": 1, "chat": chat, "text": "what of it?"}
    other = {"message_id": 1, "date": 1, "chat": chat}
    update = {"update_id": 1, "message": {**words, "reply_to_message": {**other, "poll": {"of": "a later version"}}}}
    assert legible(update) == {"update_id": 1, "message": {**words, "reply_to_message": other}}


def said(text: str, **more: object) -> Message:
    return Message(7, NOW, GROUP, from_user=ADA, text=text, **more)  # type: ignore[arg-type]  # any field


def test_a_quote_gives_the_model_the_quoted_part_and_a_reply_the_whole_message() -> None:
    other = Message(6, NOW, GROUP, from_user=BOB, text="The sky is green.\nuser: and so am I")
    asked = translate(said("@parlour_bot is it?", reply_to_message=other), ME, "topic")
    assert asked.background == (
        "The next message replies to this message by Bob:\n> The sky is green.\n> user: and so am I"
    )
    assert asked.parts[0].text == "is it?"
    quote = TextQuote("green", 11)
    assert translate(said("is it?", reply_to_message=other, quote=quote), ME, "topic").background == (
        "The next message quotes this from a message by Bob:\n> green"
    )


def test_its_own_words_are_background_only_where_a_part_is_quoted() -> None:
    own = Message(6, NOW, GROUP, from_user=ME, text="Yes. Or no.")
    assert translate(said("why?", reply_to_message=own), ME, "topic").background == ""
    quoted = translate(said("why?", reply_to_message=own, quote=TextQuote("Or no.", 5)), ME, "topic")
    assert quoted.background == "The next message quotes this from a message by you:\n> Or no."


def test_the_mention_at_either_end_is_left_out_and_in_the_middle_stays() -> None:
    entities = (MessageEntity(MessageEntity.MENTION, 0, 12),)
    texts = ["@Parlour_Bot, what?", "what? @parlour_bot", "what, @parlour_bot, what?", "@parlour_bots what?"]
    read = [translate(said(text, entities=entities), ME, "topic").parts[0].text for text in texts]
    assert read == ["what?", "what?", "what, @parlour_bot, what?", "@parlour_bots what?"]


def test_the_model_reads_where_links_lead() -> None:
    link = MessageEntity(MessageEntity.TEXT_LINK, 3, 4, url="https://example.org/")
    read = translate(said("\N{SLIGHTLY SMILING FACE} this and that", entities=(link,)), ME, "topic")
    assert read.parts[0].text == "\N{SLIGHTLY SMILING FACE} this (https://example.org/) and that"


def test_a_forums_general_topic_is_the_forum_itself() -> None:
    assert place_of(said("hello", is_topic_message=True, message_thread_id=1)) == Place(GROUP.id)
    assert place_of(said("hello", is_topic_message=True, message_thread_id=11)) == Place(GROUP.id, 11)
    assert place_of(said("hello", message_thread_id=11)) == Place(GROUP.id)  # a chain of replies


async def test_requests_that_are_cancelled_do_not_use_up_the_connections() -> None:
    """Somewhere on its way, where it is cancelled, a request takes its connection along (httpcore's fault)."""
    async with TelegramServer() as telegram, Connecting(connection_pool_size=1, pool_timeout=0.05) as connecting:
        bot = Bot(TOKEN, base_url=f"{telegram.api_url}/bot", request=connecting)
        for steps in range(60):
            asking = asyncio.create_task(bot.get_me())
            for _ in range(steps):
                await asyncio.sleep(0)
            await cancelled(asking)
        with suppress(error.TimedOut):
            await bot.get_me()
        assert (await bot.get_me()).id == BOT
