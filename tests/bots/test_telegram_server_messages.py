"""The Telegram that other tests rely on, driven by the real library: what a bot writes is held to the reference."""

from __future__ import annotations

from typing import Any

import pytest
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllPrivateChats,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputMediaDocument,
    InputTextMessageContent,
    MessageEntity,
    ReplyParameters,
    Update,
)
from telegram.error import (
    ChatMigrated,
)

from tests.support.telegram_client import described, pair, refusal
from tests.support.telegram_rules import MOST_TEXT, NOT_MODIFIED, OLD_QUERY, ordered, settled
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import (
    ADA,
    BOT,
    CLOSED_TOPIC,
    DAVE,
    FORUM,
    GROUP,
    SUPERGROUP,
    TOPIC,
)


async def heard(bot: Bot) -> list[Update]:
    return list(await bot.get_updates(timeout=0))


async def test_a_message_is_sent_edited_and_deleted() -> None:
    async with pair() as (telegram, bot):
        keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Stop", callback_data="stop")]])
        sent = await bot.send_message(ADA, "  one \n", reply_markup=keyboard)
        assert sent.text == "one"
        assert telegram.buttons(telegram.by_bot(ADA)[0]) == {"Stop": "stop"}
        edited = await bot.edit_message_text("two", ADA, sent.message_id)
        assert isinstance(edited, type(sent))
        assert (edited.text, edited.reply_markup) == ("two", None)
        assert await refusal(bot.edit_message_text("two", ADA, sent.message_id)) == NOT_MODIFIED.capitalize()
        assert await bot.delete_message(ADA, sent.message_id)
        assert "Message to edit not found" in await refusal(bot.edit_message_text("three", ADA, sent.message_id))
        assert "Message to delete not found" in await refusal(bot.delete_message(ADA, sent.message_id))
        assert [kind for kind, *_ in telegram.writes] == ["create", "edit", "delete"]


async def test_a_text_has_its_limits() -> None:
    async with pair() as (_, bot):
        assert (await bot.send_message(ADA, "😀" * (MOST_TEXT // 2))).text == "😀" * (MOST_TEXT // 2)
        assert await refusal(bot.send_message(ADA, "😀" * (MOST_TEXT // 2) + "a")) == "Message is too long"
        assert await refusal(bot.send_message(ADA, "")) == "Message text is empty"
        assert await refusal(bot.send_message(ADA, " \n ")) == "Text must be non-empty"
        assert "parse entities" in await refusal(bot.send_message(ADA, "a", parse_mode="HTML"))


async def test_chats_that_cannot_be_written_to_say_why() -> None:
    async with pair() as (telegram, bot):
        assert await refusal(bot.send_message(999, "a")) == "Chat not found"
        assert "bot can't initiate conversation with a user" in await refusal(bot.send_message(DAVE, "a"))
        telegram.block(ADA)
        assert "bot was blocked by the user" in await refusal(bot.send_message(ADA, "a"))
        telegram.kick(SUPERGROUP)
        assert "bot was kicked from the supergroup chat" in await refusal(bot.send_message(SUPERGROUP, "a"))
        telegram.mute(FORUM)
        assert "Not enough rights to send text messages" in await refusal(bot.send_message(FORUM, "a"))
        new = telegram.migrate(GROUP)
        with pytest.raises(ChatMigrated) as moved:
            await bot.send_message(GROUP, "a")
        assert (await bot.send_message(moved.value.new_chat_id, "a")).chat_id == new


async def test_topics_are_there_open_and_not_the_general_one() -> None:
    async with pair() as (telegram, bot):
        sent = await bot.send_message(FORUM, "a", message_thread_id=TOPIC)
        assert sent.is_topic_message
        assert "Message thread not found" in await refusal(bot.send_message(FORUM, "a", message_thread_id=1))
        assert "Topic_closed" in await refusal(bot.send_message(FORUM, "a", message_thread_id=CLOSED_TOPIC))
        own = telegram.open_topic(ADA, "a question")
        telegram.say(ADA, "here", topic=own)
        assert (await bot.send_message(ADA, "a", message_thread_id=own)).message_thread_id == own


async def test_a_reply_names_a_message_or_does_without() -> None:
    async with pair() as (telegram, bot):
        question = telegram.say(ADA, "why", SUPERGROUP)
        answer = await bot.send_message(SUPERGROUP, "because", reply_parameters=ReplyParameters(question))
        assert answer.reply_to_message is not None
        assert (answer.reply_to_message.text, answer.message_thread_id) == ("why", question)
        gone = await refusal(bot.send_message(SUPERGROUP, "a", reply_parameters=ReplyParameters(7)))
        assert gone == "Message to be replied not found"
        without = ReplyParameters(7, allow_sending_without_reply=True)
        assert (await bot.send_message(SUPERGROUP, "a", reply_parameters=without)).reply_to_message is None


async def test_drafts_are_for_private_chats_and_make_way_for_the_message() -> None:
    now = 1_800_000_000.0
    async with pair(now=lambda: now) as (telegram, bot):
        assert await bot.send_message_draft(ADA, 7, "so f")
        assert await bot.send_message_draft(ADA, 7, "so far")
        assert telegram.preview(ADA) == "so far"
        await bot.send_message(ADA, "so far, so good")
        assert telegram.preview(ADA) is None
        assert await bot.send_message_draft(ADA, 8, "")
        assert telegram.preview(ADA) == ""
        now += 30
        assert telegram.preview(ADA) is None
        assert await refusal(bot.send_message_draft(ADA, 0, "a")) == "Random_id_invalid"
        assert await refusal(bot.send_message_draft(SUPERGROUP, 7, "a")) == "Textdraft_peer_invalid"
        assert [draft.text for draft in telegram.drafts] == ["so f", "so far", ""]


async def test_a_document_is_sent_and_can_be_fetched() -> None:
    async with pair() as (_, bot):
        sent = await bot.send_document(ADA, b"a long answer", filename="answer.md", caption="In short")
        assert sent.document is not None
        assert (sent.caption, sent.document.file_name) == ("In short", "answer.md")
        assert bytes(await (await sent.document.get_file()).download_as_bytearray()) == b"a long answer"
        changed = await bot.edit_message_media(InputMediaDocument(b"shorter", filename="b.md"), ADA, sent.message_id)
        assert isinstance(changed, type(sent))
        assert changed.document is not None
        assert (changed.caption, changed.document.file_size) == (None, 7)
        assert "no text in the message" in await refusal(bot.edit_message_text("a", ADA, sent.message_id))
        assert await refusal(bot.send_document(ADA, b"a", caption="a" * 1025)) == "Message caption is too long"
        assert await refusal(bot.get_file("nothing")) == "Invalid file_id"


@pytest.mark.parametrize("data", ["", "a" * 65, "ü" * 33])
async def test_data_of_a_button_has_1_to_64_bytes(data: str) -> None:
    async with TelegramServer() as telegram:
        markup = {"inline_keyboard": [[{"text": "Go", "callback_data": data}]]}
        told = await described(telegram, "sendMessage", chat_id=ADA, text="a", reply_markup=markup)
        assert told == telegram.refused[0]["description"] == "Bad Request: BUTTON_DATA_INVALID"


async def test_a_pressed_button_is_answered_once_and_in_time() -> None:
    now = 1_800_000_000.0
    async with pair(now=lambda: now) as (telegram, bot):
        sent = await bot.send_message(ADA, "a")
        query = telegram.press(ADA, ADA, sent.message_id, "stop")
        assert [update.callback_query.data for update in await heard(bot) if update.callback_query] == ["stop"]
        assert await bot.answer_callback_query(query, "Stopped")
        assert telegram.answered[query]["text"] == "Stopped"
        assert (await refusal(bot.answer_callback_query(query))).lower() == OLD_QUERY.lower()
        late = telegram.press(ADA, ADA, 999, "gone")
        now += 60
        assert "Query is too old" in await refusal(bot.answer_callback_query(late))
        pressed = (await heard(bot))[-1].callback_query
        assert pressed is not None
        assert pressed.message is not None
        assert not pressed.message.is_accessible


async def test_an_inline_message_is_edited_by_its_own_id() -> None:
    async with pair() as (telegram, bot):
        query = telegram.ask_inline(ADA, "what is it")
        keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("…", callback_data="wait")]])
        result = InlineQueryResultArticle("r1", "Ask", InputTextMessageContent("…"), reply_markup=keyboard)
        assert await bot.answer_inline_query(query, [result], cache_time=0, is_personal=True)
        chosen = telegram.choose(ADA, query, "r1")
        told = (await heard(bot))[-1].chosen_inline_result
        assert told is not None
        assert (told.inline_message_id, told.query) == (chosen, "what is it")
        assert await bot.edit_message_text("it is this", inline_message_id=chosen)
        assert telegram.inline[chosen]["text"] == "it is this"
        assert await refusal(bot.edit_message_text("a", inline_message_id="other")) == "Message_id_invalid"


async def test_what_the_bot_says_of_itself_is_kept_by_language() -> None:
    async with pair(privacy=True, topics=True) as (telegram, bot):
        assert not bot.bot.can_read_all_group_messages
        assert bot.bot.has_topics_enabled
        await bot.set_my_commands([BotCommand("new", "New")], BotCommandScopeAllPrivateChats(), "zh")
        assert len(await bot.get_my_commands(BotCommandScopeAllPrivateChats(), "zh")) == 1
        assert not await bot.get_my_commands()
        await bot.delete_my_commands(BotCommandScopeAllPrivateChats(), "zh")
        assert not telegram.commands
        assert await refusal(bot.set_my_commands([("New", "New")])) == "Bot_command_invalid"
        await bot.set_my_description("Hello")
        assert (await bot.get_my_description("zh")).description == "Hello"
        assert await refusal(bot.set_my_short_description("a" * 121)) == "Bot short_description is too long"
        assert (await bot.get_chat(FORUM)).is_forum
        assert (await bot.get_chat_member(FORUM, BOT)).status == "member"


def entity(kind: str, offset: int, length: int, **more: Any) -> dict[str, Any]:
    return {"type": kind, "offset": offset, "length": length, **more}


def test_texts_are_cleaned_and_trimmed_and_entities_follow() -> None:
    text, entities = settled("\n a\r\nb\tc \u202e", [entity("bold", 2, 3), entity("italic", 7, 2)])
    assert text == "a\nb c"
    assert entities == [entity("bold", 0, 2), entity("italic", 4, 1)]


def test_entities_are_put_in_order_as_telegram_does() -> None:
    crossing = [entity("bold", 0, 6), entity("text_link", 4, 6, url="https://example.org")]
    assert ordered(crossing) == [
        entity("bold", 0, 4),
        entity("text_link", 4, 6, url="https://example.org"),
        entity("bold", 4, 2),
    ]
    assert ordered([entity("pre", 2, 4), entity("bold", 0, 8)]) == [
        entity("bold", 0, 2),
        entity("pre", 2, 4),
        entity("bold", 6, 2),
    ]
    assert ordered([entity("code", 0, 4), entity("pre", 2, 4)]) == [entity("code", 0, 4)]


@pytest.mark.parametrize(
    ("entities", "words"),
    [
        ([entity("bold", 0, 9)], "ends after the end of the text"),
        ([entity("bold", 9, 1)], "begins after the end of the text"),
        ([entity("bold", -1, 1)], "incorrect offset -1"),
        ([entity("bold", 0, 2)], "ends in a middle of a UTF-16 symbol"),
        ([entity("text_link", 0, 1, url="nowhere")], "Wrong HTTP URL"),
        ([entity("heading", 0, 1)], "not in the reference"),
        ([{"type": "bold"}], "Can't find field"),
    ],
)
async def test_entities_that_cannot_be_are_refused(entities: list[dict[str, Any]], words: str) -> None:
    async with TelegramServer() as telegram:
        assert words in await described(telegram, "sendMessage", chat_id=ADA, text="a😀b", entities=entities)


async def test_entities_above_a_hundred_are_dropped_and_that_can_be_seen() -> None:
    async with pair() as (telegram, bot):
        many = [MessageEntity("bold", 2 * number, 1) for number in range(101)]
        sent = await bot.send_message(ADA, "a " * 100 + "a", entities=many)
        assert len(sent.entities) == 100
        assert len(telegram.mended) == 1


async def test_telegram_finds_mentions_commands_and_links_in_what_a_bot_writes() -> None:
    async with pair() as (_, bot):
        sent = await bot.send_message(ADA, "@bob /new example.com", entities=[MessageEntity("code", 5, 4)])
        assert [(found.type, found.offset) for found in sent.entities] == [("mention", 0), ("code", 5), ("url", 10)]
