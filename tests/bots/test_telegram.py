"""What people on Telegram see, against a Bot API server on loopback, with the real library."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.wording import Sentence, say
from tests.support.clock import until
from tests.support.telegram_bot import bot_on
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import ADA, BOB, BOT_NAME, FORUM, GROUP, SUPERGROUP, TOPIC, Fault, drafts

ME = f"@{BOT_NAME}"
WORD_JOINER = "\u2060"
SLOW = "extra_body: {delay: 0.05}"


def seen(telegram: TelegramServer, chat: int) -> list[str]:
    """What people see there: a mention is broken by a character that has no width."""
    return [text.replace(WORD_JOINER, "") for text in telegram.shown(chat)]


async def test_a_private_message_is_answered(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        telegram.say(ADA, "hello")
        await until(lambda: telegram.shown(ADA) == ["You said: hello"])
        assert telegram.refused == []


async def test_start_is_greeted_in_the_language_of_whoever_says_it(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        telegram.languages[BOB] = "zh-hans"
        telegram.say(ADA, "/start")
        telegram.say(BOB, "/start")
        await until(lambda: bool(telegram.shown(ADA) and telegram.shown(BOB)))
        assert telegram.shown(ADA) == [say(Sentence.TELEGRAM_GREETING, "en", name="Ada")]
        assert telegram.shown(BOB) == [say(Sentence.TELEGRAM_GREETING, "zh", name="Bob")]


async def test_a_deep_link_chooses_a_persona_or_a_model(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        telegram.say(ADA, "/start persona_assistant")
        await until(lambda: telegram.shown(ADA) == [say(Sentence.PERSONA_CHANGED, "en", name="assistant")])


async def test_in_a_group_it_speaks_when_it_is_spoken_to(tmp_path: Path) -> None:
    async with TelegramServer(privacy=False) as telegram, bot_on(telegram, tmp_path):
        telegram.say(ADA, "nothing for the bot", SUPERGROUP)
        asked = telegram.say(ADA, f"what do you think, {ME}, of this?", SUPERGROUP)
        await until(lambda: seen(telegram, SUPERGROUP) == [f"You said: Ada: what do you think, {ME}, of this?"])
        answer = telegram.by_bot(SUPERGROUP)[0]
        assert answer["reply_to_message"]["message_id"] == asked
        telegram.say(BOB, "and this?", SUPERGROUP, reply_to=answer["message_id"])
        await until(lambda: telegram.shown(SUPERGROUP)[1:] == ["You said: Bob: and this?"])
        telegram.say(BOB, f"/new{ME}", SUPERGROUP)
        telegram.say(BOB, "/new@another_bot", SUPERGROUP)
        await until(lambda: telegram.shown(SUPERGROUP)[2:] == [say(Sentence.NEW_DONE, "en")])
        assert telegram.refused == []


async def test_a_group_set_so_is_answered_always(tmp_path: Path) -> None:
    chats = f"chats: {{{GROUP}: {{always: true}}}}"
    async with TelegramServer(privacy=False) as telegram, bot_on(telegram, tmp_path, chats):
        telegram.say(ADA, "hello", SUPERGROUP)
        telegram.say(ADA, "hello", GROUP)
        await until(lambda: telegram.shown(GROUP) == ["You said: Ada: hello"])
        assert telegram.shown(SUPERGROUP) == []


async def test_a_topic_is_a_conversation_of_its_own(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        telegram.say(ADA, f"{ME} in the topic", FORUM, topic=TOPIC)
        await until(lambda: telegram.shown(FORUM) == ["You said: Ada: in the topic"])
        assert telegram.by_bot(FORUM)[0]["message_thread_id"] == TOPIC
        telegram.say(ADA, f"/retry{ME}", FORUM)
        await until(lambda: telegram.shown(FORUM)[1:] == [say(Sentence.RETRY_NOTHING, "en")])


async def test_in_a_private_chat_the_answer_grows_as_a_preview(tmp_path: Path) -> None:
    words = " ".join(f"word{number}" for number in range(40))
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, model=SLOW):
        telegram.say(ADA, words)
        await until(lambda: telegram.shown(ADA) == [f"You said: {words}"])
        drafts = [draft.text for draft in telegram.drafts]
        assert len(drafts) >= 2
        assert all(f"You said: {words}".startswith(draft) for draft in drafts)
        assert telegram.refused == []


@pytest.mark.parametrize("setting", ["off", "auto"])
async def test_without_previews_the_message_itself_grows(setting: str, tmp_path: Path) -> None:
    words = " ".join(f"word{number}" for number in range(40))
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, f"drafts: {setting}", SLOW):
        telegram.faults.append(Fault(drafts, 404, times=100))
        telegram.say(ADA, words)
        await until(lambda: bool(telegram.shown(ADA)))
        assert telegram.shown(ADA) != [f"You said: {words}"]
        await until(lambda: telegram.shown(ADA) == [f"You said: {words}"])
        assert len([done for done, *_ in telegram.writes if done == "edit"]) >= 2
        assert telegram.requests["sendmessagedraft"] == (setting == "auto")


async def test_one_preview_that_is_refused_is_not_the_end_of_previews(tmp_path: Path) -> None:
    words = " ".join(f"word{number}" for number in range(20))
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, model=SLOW):
        telegram.say(BOB, words)
        await until(lambda: telegram.preview(BOB) is not None)
        telegram.faults.append(
            Fault(lambda method, fields: drafts(method, fields) and fields["chat_id"] == str(ADA), 400)
        )
        telegram.say(ADA, words)
        await until(lambda: telegram.shown(ADA) == telegram.shown(BOB) == [f"You said: {words}"])
        telegram.say(ADA, words)
        await until(lambda: telegram.preview(ADA) is not None)


async def test_a_preview_is_stopped_with_telegrams_own_button(tmp_path: Path) -> None:
    words = " ".join(f"word{number}" for number in range(400))
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, model=SLOW):
        telegram.say(ADA, words)
        await until(lambda: telegram.preview(ADA) is not None)
        telegram.stop_preview(ADA)
        await until(lambda: len(telegram.shown(ADA)) == 1)
        assert f"You said: {words}".startswith(telegram.shown(ADA)[0])
        telegram.say(ADA, "and on")
        await until(lambda: telegram.shown(ADA)[1:] == ["You said: and on"])


async def test_a_server_that_knows_no_such_button_shows_previews_without(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, model=SLOW):
        telegram.faults.append(Fault(lambda _, fields: "can_stop" in fields, 400, times=100))
        telegram.say(ADA, "one two three")
        await until(lambda: telegram.shown(ADA) == ["You said: one two three"])
        assert [draft.stoppable for draft in telegram.drafts] == [False] * len(telegram.drafts) != []


async def test_a_server_that_takes_no_unknown_kind_of_update_is_asked_for_the_others(tmp_path: Path) -> None:
    async with TelegramServer() as telegram:
        telegram.faults.append(Fault(lambda _, fields: "stopped" in fields.get("allowed_updates", ""), 400, times=100))
        async with bot_on(telegram, tmp_path):
            telegram.say(ADA, "hello")
            await until(lambda: telegram.shown(ADA) == ["You said: hello"])


async def test_markdown_is_shown_as_entities(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        telegram.say(ADA, "**bold** snake_case 2*3*4 <b>")
        await until(lambda: telegram.shown(ADA) == ["You said: bold snake_case 2*3*4 <b>"])
        assert [entity["type"] for entity in telegram.by_bot(ADA)[0]["entities"]] == ["bold"]


async def test_a_very_long_answer_comes_as_a_file_with_a_readable_head(tmp_path: Path) -> None:
    question = "\n\n".join(f"Paragraph {number}. " + "word " * 150 for number in range(6))
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, "max_messages: 1, drafts: off"):
        telegram.say(ADA, question[:4090])
        telegram.say(ADA, "and the rest")
        await until(lambda: len(telegram.by_bot(ADA)) == 2 and "document" in telegram.by_bot(ADA)[1])
        assert telegram.shown(ADA)[0].startswith("You said: Paragraph 0.")
        assert telegram.shown(ADA)[1] == say(Sentence.ANSWER_IN_FILE, "en")


async def test_an_answer_that_somebody_deletes_while_it_grows_is_there_in_the_end(tmp_path: Path) -> None:
    words = " ".join(f"word{number}" for number in range(30))
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, "drafts: off", SLOW):
        telegram.say(ADA, words)
        await until(lambda: bool(telegram.shown(ADA)))
        telegram.delete(ADA, telegram.by_bot(ADA)[0]["message_id"])
        await until(lambda: telegram.shown(ADA) == [f"You said: {words}"])
