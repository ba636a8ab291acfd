"""What the model is asked and what people see, for each way of saying something on Telegram."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from core.wording import Sentence, say
from tests.support.clock import until
from tests.support.telegram_bot import bot_on, config_for, running
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import ADA, BOB, BOT_NAME, CHANNEL, SUPERGROUP, Fault

ME = f"@{BOT_NAME}"
ALWAYS = f"chats: {{{SUPERGROUP}: {{always: true}}}}"
SLOW = "extra_body: {delay: 0.05}"


async def test_two_quick_messages_are_two_turns_in_their_order(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        telegram.say(ADA, "one")
        telegram.say(ADA, "two")
        await until(lambda: telegram.shown(ADA) == ["You said: one", "You said: two"])


async def test_an_edited_question_is_asked_again_and_its_answer_edited(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        question = telegram.say(ADA, "the first")
        await until(lambda: telegram.shown(ADA) == ["You said: the first"])
        telegram.edit(ADA, question, "the second")
        await until(lambda: telegram.shown(ADA) == ["You said: the second"])
        telegram.edit(ADA, question, "the second")  # as where only a link's preview changed
        telegram.say(ADA, "and on")
        await until(lambda: telegram.shown(ADA) == ["You said: the second", "You said: and on"])


async def test_a_question_edited_while_it_is_answered_ends_as_it_was_meant(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, "drafts: off", SLOW):
        question = telegram.say(ADA, "one two three four five six seven eight nine ten")
        await until(lambda: bool(telegram.shown(ADA)))
        telegram.edit(ADA, question, "something else")
        await until(lambda: telegram.shown(ADA) == ["You said: something else"])


async def test_a_question_that_becomes_a_command_is_carried_out_once(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        telegram.say(ADA, "the first")
        question = telegram.say(ADA, "the second")
        await until(lambda: telegram.shown(ADA) == ["You said: the first", "You said: the second"])
        for _ in range(2):  # the second time as where only a link's preview changed
            telegram.edit(ADA, question, "/undo")
        telegram.edit(ADA, telegram.say(ADA, "/undo"), "/undo ")
        await until(lambda: len(telegram.shown(ADA)) == 4)
        telegram.say(ADA, "and on")
        await until(lambda: telegram.shown(ADA)[4:] == ["You said: and on"])


async def test_a_question_that_becomes_another_bots_command_is_left_alone(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, ALWAYS):
        question = telegram.say(ADA, "the first", SUPERGROUP)
        await until(lambda: telegram.shown(SUPERGROUP) == ["You said: Ada: the first"])
        telegram.edit(SUPERGROUP, question, "/undo@another_bot")
        telegram.say(ADA, "and on", SUPERGROUP)
        await until(lambda: telegram.shown(SUPERGROUP)[1:] == ["You said: Ada: and on"])


async def test_an_album_is_one_question(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        telegram.album(ADA, "what is this?")
        await until(lambda: len(telegram.shown(ADA)) == 1)
        await until(lambda: telegram.shown(ADA)[0].count("what is this?") == 1)
        telegram.say(ADA, "next")
        await until(lambda: telegram.shown(ADA)[1:] == ["You said: next"])


async def test_an_album_in_a_group_is_meant_by_its_caption(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        telegram.album(BOB, "not for it", SUPERGROUP)
        telegram.album(ADA, f"{ME} what is this?", SUPERGROUP)
        await until(lambda: len(telegram.shown(SUPERGROUP)) == 1)
        await until(lambda: telegram.shown(SUPERGROUP)[0].startswith("You said: Ada: what is this?"))


async def test_a_long_text_that_the_client_split_is_one_question(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        telegram.say(ADA, "a" * 4096)
        telegram.say(ADA, "the rest")
        await until(lambda: bool(telegram.shown(ADA)) and telegram.shown(ADA)[-1].endswith("the rest"))
        assert "".join(telegram.shown(ADA)).count("a" * 100) == 40
        assert "".join(telegram.shown(ADA)).count("You said") == 1


async def test_a_part_of_a_long_text_is_edited_and_the_others_stay(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, "drafts: off"):
        first = telegram.say(ADA, "a" * 4096)
        second = telegram.say(ADA, "the rest")
        await until(lambda: "".join(telegram.shown(ADA)) == f"You said: {'a' * 4096}the rest")
        telegram.edit(ADA, second, "the end")
        await until(lambda: "".join(telegram.shown(ADA)) == f"You said: {'a' * 4096}the end")
        telegram.edit(ADA, first, "b" * 4096)
        await until(lambda: "".join(telegram.shown(ADA)) == f"You said: {'b' * 4096}the end")


async def test_a_part_of_a_long_text_is_edited_before_anybody_answers_it(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, "drafts: off", SLOW):
        telegram.say(ADA, "one two three four five six seven eight nine ten")
        telegram.say(ADA, "a" * 4096)
        second = telegram.say(ADA, "the rest")
        await until(lambda: bool(telegram.shown(ADA)))
        telegram.edit(ADA, second, "the end")
        await until(lambda: "".join(telegram.shown(ADA)[1:]) == f"You said: {'a' * 4096}the end")


async def test_a_text_file_is_read_and_another_file_named(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        telegram.faults.append(Fault(lambda method, _: method == "getfile", 502))
        telegram.send_file(ADA, "notes.txt", "grüße".encode(), caption="what is in it?")
        await until(lambda: len(telegram.shown(ADA)) == 1 and telegram.shown(ADA)[0].endswith("grüße"))
        assert telegram.shown(ADA)[0].startswith("You said: what is in it?")
        program = telegram.file("program.exe", b"\x00\x01", "application/octet-stream")
        telegram.say(ADA, document=program, caption="and this?")
        await until(lambda: len(telegram.shown(ADA)) == 2 and "program.exe cannot be read" in telegram.shown(ADA)[1])


async def test_what_holds_no_words_gets_a_sentence_in_private_and_silence_in_groups(tmp_path: Path) -> None:
    sticker = {"file_id": "s1", "file_unique_id": "u1", "type": "regular", "width": 1, "height": 1}
    things: list[dict[str, Any]] = [
        {"sticker": {**sticker, "is_animated": False, "is_video": False}},
        {"location": {"latitude": 1.0, "longitude": 2.0}},
        {"dice": {"emoji": "🎲", "value": 3}},
    ]
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, ALWAYS):
        for thing in things:
            telegram.say(ADA, **thing)
            telegram.say(ADA, "", SUPERGROUP, **thing)
        await until(lambda: telegram.shown(ADA) == [say(Sentence.EMPTY_MESSAGE, "en")] * 3)
        telegram.say(ADA, "hello", SUPERGROUP)
        await until(lambda: telegram.shown(SUPERGROUP) == ["You said: Ada: hello"])


async def test_a_live_location_is_spoken_of_once(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        live = telegram.say(ADA, location={"latitude": 1.0, "longitude": 2.0, "live_period": 900})
        await until(lambda: telegram.shown(ADA) == [say(Sentence.EMPTY_MESSAGE, "en")])
        for latitude in (1.1, 1.2, 1.3):
            telegram.move(ADA, live, latitude)
        telegram.say(ADA, "hello")
        await until(lambda: telegram.shown(ADA)[1:] == ["You said: hello"])
        assert [done for done, *_ in telegram.writes if done == "edit"] == []


async def test_channels_and_bots_are_ignored_and_who_speaks_as_a_chat_is_told_apart(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, ALWAYS):
        telegram.post("news")
        telegram.say_as(SUPERGROUP, "from an admin")
        telegram.say_as(CHANNEL, "from a channel")
        expected = ["You said: A supergroup: from an admin", "You said: A channel: from a channel"]
        await until(lambda: telegram.shown(SUPERGROUP) == expected)
        assert telegram.shown(CHANNEL) == []


async def test_a_reply_to_an_older_answer_branches_from_there(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        telegram.say(ADA, "one")
        await until(lambda: telegram.shown(ADA) == ["You said: one"])
        first = telegram.by_bot(ADA)[0]["message_id"]
        telegram.say(ADA, "two")
        await until(lambda: len(telegram.shown(ADA)) == 2)
        telegram.say(ADA, "three", reply_to=first)
        await until(lambda: len(telegram.shown(ADA)) == 3)
        telegram.say(ADA, "/context")
        await until(lambda: len(telegram.shown(ADA)) == 4)
        assert "one" in telegram.shown(ADA)[3]
        assert "three" in telegram.shown(ADA)[3]
        assert "two" not in telegram.shown(ADA)[3]


async def test_each_member_can_have_a_conversation_of_their_own(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, "scope: member"):
        telegram.say(ADA, f"{ME} hello", SUPERGROUP)
        await until(lambda: telegram.shown(SUPERGROUP) == ["You said: hello"])
        telegram.say(BOB, f"/undo{ME}", SUPERGROUP)
        await until(lambda: telegram.shown(SUPERGROUP)[1:] == [say(Sentence.UNDO_NOTHING, "en")])


async def test_topics_of_a_private_chat_are_conversations_of_their_own(tmp_path: Path) -> None:
    async with TelegramServer(topics=True) as telegram, bot_on(telegram, tmp_path):
        topic = telegram.open_topic(ADA, "Travel")
        telegram.say(ADA, "hello", ADA, topic=topic)
        await until(lambda: telegram.shown(ADA) == ["You said: hello"])
        assert telegram.by_bot(ADA)[0]["message_thread_id"] == topic
        telegram.say(ADA, "/undo")
        await until(lambda: telegram.shown(ADA)[1:] == [say(Sentence.UNDO_NOTHING, "en")])


async def test_what_waited_too_long_is_apologised_for(tmp_path: Path) -> None:
    async with TelegramServer() as telegram:
        now, telegram.now = telegram.now, lambda: time.time() - 7200
        telegram.say(ADA, "two hours ago")
        telegram.now = now
        async with bot_on(telegram, tmp_path):
            await until(lambda: telegram.shown(ADA) == [say(Sentence.MESSAGE_TOO_OLD, "en")])


async def test_a_command_for_another_bot_is_not_asked_where_everything_is(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, ALWAYS):
        telegram.say(ADA, "/new@another_bot", SUPERGROUP)
        telegram.say(ADA, "hello", SUPERGROUP)
        await until(lambda: telegram.shown(SUPERGROUP) == ["You said: Ada: hello"])


async def test_who_may_not_ask_is_told_so_when_they_ask_and_not_at_every_word(tmp_path: Path) -> None:
    async with TelegramServer() as telegram:
        config = config_for(telegram, tmp_path, ALWAYS)
        access = config.access.model_copy(update={"users": (f"telegram:{ADA}",)})
        async with running(telegram, config.model_copy(update={"access": access})):
            telegram.say(BOB, "nothing for the bot", SUPERGROUP)
            telegram.say(ADA, "hello", SUPERGROUP)
            await until(lambda: telegram.shown(SUPERGROUP) == ["You said: Ada: hello"])
            telegram.say(BOB, f"{ME} hello", SUPERGROUP)
            await until(
                lambda: telegram.shown(SUPERGROUP)[1:] == [say(Sentence.NOT_LET_IN, "en", id=f"telegram:{BOB}")]
            )
            telegram.say(BOB, "/start")
            await until(lambda: telegram.shown(BOB) == [say(Sentence.NOT_LET_IN, "en", id=f"telegram:{BOB}")])


async def test_an_update_that_comes_again_runs_no_command_twice(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        telegram.say(ADA, "/persona")
        telegram.repeat()
        telegram.say(ADA, "/model")
        await until(lambda: len(telegram.shown(ADA)) == 2)
        assert [text.split(" is ")[0] for text in telegram.shown(ADA)] == ["The persona", "The model"]


async def test_what_commands_repeat_mentions_nobody(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        telegram.say(ADA, "what of @somebody_else?")
        await until(lambda: len(telegram.shown(ADA)) == 1)
        telegram.say(ADA, "/context")
        await until(lambda: len(telegram.shown(ADA)) == 2)
        assert "somebody_else" in telegram.shown(ADA)[1]
        assert all("mention" not in str(message.get("entities")) for message in telegram.by_bot(ADA))
