"""The Telegram that other tests rely on, driven by the real library: what a bot hears, and how often it may speak."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from telegram import (
    Bot,
    Update,
)
from telegram.error import (
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from tests.support.clock import until
from tests.support.telegram_client import described, library, pair, refusal
from tests.support.telegram_flood import Limits
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import (
    ADA,
    ADMINISTRATOR,
    BOB,
    BOT_NAME,
    CHANNEL,
    DAVE,
    FORUM,
    GROUP,
    SUPERGROUP,
    TOKEN,
    TOPIC,
    Fault,
    drafts,
    edits,
    sends,
)


async def heard(bot: Bot) -> list[Update]:
    return list(await bot.get_updates(timeout=0))


async def test_updates_stay_until_a_later_offset_confirms_them() -> None:
    async with pair() as (telegram, bot):
        telegram.say(ADA, "one")
        telegram.say(ADA, "two")
        first = await bot.get_updates()
        assert [update.effective_message.text for update in first if update.effective_message] == ["one", "two"]
        assert len(await bot.get_updates()) == 2
        left = await bot.get_updates(first[0].update_id + 1)
        assert [update.update_id for update in left] == [first[1].update_id]
        assert not await bot.get_updates(first[1].update_id + 1)
        assert not telegram.updates.pending


async def test_who_waits_for_updates_hears_of_one_at_once() -> None:
    async with pair() as (telegram, bot):
        waiting = asyncio.create_task(bot.get_updates(timeout=20))
        await until(lambda: telegram.connected)
        telegram.say(ADA, "hello")
        assert [update.message.text for update in await waiting if update.message] == ["hello"]


async def test_of_two_who_wait_the_first_is_sent_away() -> None:
    async with pair() as (telegram, bot):
        first = asyncio.create_task(bot.get_updates(timeout=20))
        await until(lambda: telegram.connected)
        second = asyncio.create_task(bot.get_updates(timeout=20))
        with pytest.raises(Conflict, match="terminated by other getUpdates request"):
            await first
        telegram.say(ADA, "hello")
        assert len(await second) == 1


async def test_updates_are_kept_for_a_day() -> None:
    now = 1_800_000_000.0
    async with pair(now=lambda: now) as (telegram, bot):
        telegram.say(ADA, "old")
        now += 86_400
        telegram.say(ADA, "new")
        assert [update.message.text for update in await heard(bot) if update.message] == ["new"]


async def test_only_the_kinds_that_were_asked_for_arrive() -> None:
    async with pair() as (telegram, bot):
        await bot.get_updates(allowed_updates=["message"])
        message = telegram.say(ADA, "helo")
        telegram.edit(ADA, message, "hello")
        telegram.say(ADA, "again")
        assert [update.message is not None for update in await heard(bot)] == [True, True]


async def test_a_webhook_gets_the_secret_and_again_what_it_refused() -> None:
    taken, statuses = [], [500, 200, 200]

    async def take(request: web.Request) -> web.Response:
        taken.append((request.headers.get("X-Telegram-Bot-Api-Secret-Token"), await request.json()))
        return web.Response(status=statuses[len(taken) - 1])

    app = web.Application()
    app.router.add_post("/here", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/here"
    async with pair() as (telegram, bot):
        telegram.say(ADA, "before")
        assert await bot.set_webhook(url, secret_token="s3cret")
        telegram.say(ADA, "after")
        await until(lambda: telegram.updates.delivered == [500, 200, 200])
        assert [secret for secret, _ in taken] == ["s3cret"] * 3
        assert [update["message"]["text"] for _, update in taken] == ["before", "before", "after"]
        assert (await bot.get_webhook_info()).url == url
        assert "webhook is active" in await refusal(bot.get_updates())
        assert await bot.delete_webhook()
        assert await heard(bot) == []
    await runner.cleanup()


async def test_the_updates_are_what_the_library_expects() -> None:
    """Every deed of people, read by the real library; and what it makes of each."""
    async with pair() as (telegram, bot):
        text = f"/ask@{BOT_NAME} what about https://example.org @bob"
        question = telegram.say(ADA, text, GROUP)
        telegram.say(BOB, "this", GROUP, reply_to=question)
        telegram.album(ADA, "three")
        telegram.send_file(ADA, "notes.txt", b"some text", caption="notes")
        telegram.say(ADA, "in a topic", FORUM, topic=TOPIC)
        telegram.say_as(SUPERGROUP, "I am the administrator")
        telegram.say_as(CHANNEL, "I am a channel")
        telegram.post("news")
        telegram.block(ADA)
        telegram.kick(GROUP)
        updates = await heard(bot)
        messages = [update.effective_message for update in updates if update.effective_message]
        kinds = [entity.type for entity in messages[0].entities]
        assert kinds == ["bot_command", "url", "mention"]
        assert messages[1].reply_to_message is not None
        assert messages[1].reply_to_message.text == text
        assert len({message.media_group_id for message in messages[2:5]}) == 1
        assert messages[5].document is not None
        content = await (await messages[5].document.get_file()).download_as_bytearray()
        assert bytes(content) == b"some text"
        assert messages[6].message_thread_id == TOPIC
        assert messages[7].sender_chat == messages[7].chat
        assert messages[8].sender_chat is not None
        assert messages[8].sender_chat.id == CHANNEL
        assert updates[9].channel_post is not None
        assert messages[10].is_automatic_forward
        assert [update.my_chat_member.new_chat_member.status for update in updates if update.my_chat_member] == [
            "kicked",
            "kicked",
        ]
        assert not telegram.refused


async def test_in_privacy_mode_a_bot_hears_commands_for_it_and_replies_to_it_only() -> None:
    async with pair(privacy=True) as (telegram, bot):
        telegram.say(ADA, f"hey @{BOT_NAME}", GROUP)
        telegram.say(ADA, "/help", GROUP)
        telegram.say(ADA, f"/help@{BOT_NAME}", GROUP)
        own = await bot.send_message(GROUP, "hello")
        telegram.say(ADA, "/help me", GROUP)
        telegram.say(ADA, "hello", GROUP, reply_to=own.message_id)
        telegram.say(ADA, "in private")
        told = [update.message.text for update in await heard(bot) if update.message]
        assert told == [f"/help@{BOT_NAME}", "/help me", "hello", "in private"]
        telegram.places[GROUP].status = ADMINISTRATOR
        telegram.say(ADA, "nobody in particular", GROUP)
        assert len(await heard(bot)) == 5


async def test_a_chat_takes_a_few_at_once_and_is_closed_to_who_goes_on() -> None:
    now = 1_800_000_000.0
    async with pair(limits=Limits(), now=lambda: now) as (telegram, bot):
        for number in range(3):
            await bot.send_message(ADA, str(number))
        with pytest.raises(RetryAfter):
            await bot.send_message(ADA, "too many")
        await bot.send_message(BOB, "others are not concerned")
        now += 2.9
        with pytest.raises(RetryAfter):
            await bot.send_message(ADA, "still closed")
        now += 0.2
        await bot.send_message(ADA, "open")
        assert telegram.statuses[429] == 2


async def test_a_group_takes_twenty_in_a_minute_edits_included() -> None:
    now = 1_800_000_000.0
    async with pair(limits=Limits(), now=lambda: now) as (_, bot):
        sent = await bot.send_message(GROUP, "0")
        for number in range(1, 20):
            now += 1
            await bot.edit_message_text(str(number), GROUP, sent.message_id)
        now += 1
        with pytest.raises(RetryAfter):
            await bot.edit_message_text("20", GROUP, sent.message_id)
        now += 41
        await bot.edit_message_text("20", GROUP, sent.message_id)


async def test_the_bot_may_write_thirty_times_in_a_second() -> None:
    now = 1_800_000_000.0
    async with pair(limits=Limits(), now=lambda: now) as (telegram, bot):
        for person in range(30):
            telegram.say(1000 + person, "hello")
            await bot.send_message(1000 + person, "hello")
        with pytest.raises(RetryAfter):
            await bot.send_chat_action(ADA, "typing")


@pytest.mark.parametrize(("kind", "error"), [(502, NetworkError), ("reset", NetworkError), ("lost", NetworkError)])
async def test_faults_happen_before_or_after_the_deed(kind: int | str, error: type[TelegramError]) -> None:
    async with pair() as (telegram, bot):
        telegram.faults.append(Fault(sends, kind))
        with pytest.raises(error):
            await bot.send_message(ADA, "a")
        assert telegram.shown(ADA) == (["a"] if kind == "lost" else [])
        await bot.send_message(ADA, "b")


async def test_a_penalty_closes_the_chat_or_the_whole_bot() -> None:
    now = 1_800_000_000.0
    async with pair(now=lambda: now) as (telegram, bot):
        telegram.faults += [Fault(sends, 429, retry_after=60), Fault(drafts, 429, retry_after=300, scope="bot")]
        with pytest.raises(RetryAfter):
            await bot.send_message(ADA, "a")
        await bot.send_message(BOB, "b")
        with pytest.raises(RetryAfter):
            await bot.send_message_draft(BOB, 1, "c")
        now += 61
        with pytest.raises(RetryAfter) as caught:
            await bot.send_message(ADA, "a")
        assert caught.value._retry_after.total_seconds() == 239
        now += 240
        await bot.send_message(ADA, "a")


async def test_who_hangs_gives_up_by_himself() -> None:
    async with TelegramServer() as telegram, library(telegram, read=0.05) as bot:
        sent = await bot.send_message(ADA, "a")
        telegram.faults.append(Fault(edits, "hang"))
        with pytest.raises(NetworkError):
            await bot.edit_message_text("b", ADA, sent.message_id)


@pytest.mark.parametrize("token", ["100:short", TOKEN[:-1] + "_"])
async def test_another_token_is_refused(token: str) -> None:
    async with TelegramServer() as telegram:
        with pytest.raises(InvalidToken):
            async with library(telegram, token):
                pass


async def test_what_is_not_in_the_reference_is_refused() -> None:
    async with TelegramServer() as telegram:
        assert not await described(telegram, "sendmessage", chat_id=ADA, text=7)
        assert telegram.shown(ADA) == ["7"]
        told = await described(telegram, "sendMessage", chat_id=ADA, text="a", disable_web_page_preview=True)
        assert "disable_web_page_preview" in told
        assert await described(telegram, "sendNothing") == "Not Found: method not found"


async def test_forbidden_is_no_bad_request() -> None:
    async with pair() as (_, bot):
        with pytest.raises(Forbidden):
            await bot.send_message(DAVE, "a")
