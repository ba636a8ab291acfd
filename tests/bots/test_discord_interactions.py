"""What people invoke on Discord: answers by the interaction's webhook, as the one who asks and the others see them."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config_access import AccessConfig
from core.wording import Sentence, say
from tests.support.clock import until
from tests.support.discord_bot import bot_on, config_for, running
from tests.support.discord_server import DiscordServer
from tests.support.discord_webhooks import EPHEMERAL
from tests.support.discord_world import (
    ADA,
    BOB,
    CLOSED,
    EVERY_PERMISSION,
    FAR,
    GENERAL,
    GROUP,
    GUILD,
    SEND_MESSAGES,
    Fault,
)
from tests.support.servers import RedisServer

SLOW = "extra_body: {delay: 0.05}"
LONG = " ".join(f"word{number}" for number in range(700))


def asked(words: str, name: str = "Ada") -> str:
    """The answer to *words* in a direct message or elsewhere."""
    return f"> {name} asks: {words}\nYou said: {words}"


def is_hook(_method: str, path: str) -> bool:
    return path.startswith("/webhooks/")


def is_follow_up(method: str, path: str) -> bool:
    return method == "POST" and path.startswith("/webhooks/")


async def test_a_question_by_command_is_acknowledged_at_once_and_its_answer_grows_in_the_response(
    tmp_path: Path,
) -> None:
    async with DiscordServer(route_limit=1000) as discord, bot_on(discord, tmp_path, model=SLOW):
        asking = discord.slash(ADA, "ask", discord.direct(ADA), question="one two three four five")
        await until(lambda: discord.callbacks.get(asking) == {"type": 5, "data": {"flags": 0}})
        await until(lambda: discord.shown(discord.direct(ADA)) == [asked("one two three four five")])
        assert len({text for _, _, text in discord.writes}) > 2
        assert not discord.refused


async def test_the_webhooks_writes_are_not_counted_as_the_bots(tmp_path: Path) -> None:
    people = [str(501 + number) for number in range(20)]
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        for person in people:
            discord.slash(person, "ask", discord.direct(person), question=f"I am {person}")
        expected = [[asked(f"I am {person}", f"User{person}")] for person in people]
        await until(lambda: [discord.shown(discord.direct(person)) for person in people] == expected)
        assert not [
            request for request in discord.requests if request.startswith(("POST /channels", "PATCH /channels"))
        ]


async def test_two_people_ask_at_once_in_one_channel(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path, model=SLOW):
        discord.slash(ADA, "ask", question="what is love?")
        discord.slash(BOB, "ask", question="what is hate?")
        await until(
            lambda: (
                discord.shown()
                == [
                    "> Ada asks: what is love?\nYou said: Ada: what is love?",
                    "> Bob asks: what is hate?\nYou said: Bob: what is hate?",
                ]
            )
        )


async def test_the_question_above_the_answer_formats_nothing_and_calls_nobody(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        discord.slash(ADA, "ask", question=f"**why**\n```\n@everyone <@{BOB}> in <#{GENERAL}>")
        await until(lambda: bool(discord.shown()) and "You said: Ada: **why**" in discord.shown()[0])
        head, _, answer = discord.shown()[0].partition("\n")
        assert head == "> Ada asks: \\*\\*why\\*\\* \\`\\`\\` @\u200beveryone @unknown in #general"
        assert answer.startswith("You said: Ada: **why**")
        assert not discord.pinged


@pytest.mark.parametrize("question", ["", "   \n"])
async def test_an_empty_question_gets_a_sentence_that_only_the_asker_sees(question: str, tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        discord.slash(ADA, "ask", question=question)
        await until(lambda: discord.private(ADA) == [say(Sentence.EMPTY_MESSAGE, "en")])
        assert discord.shown() == []


async def test_a_question_that_is_too_long_gets_a_sentence_below_its_beginning(tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        config = config_for(discord, tmp_path)
        narrow = config.context.model_copy(update={"max_tokens": 500})
        async with running(discord, config.model_copy(update={"context": narrow})):
            discord.slash(ADA, "ask", question=LONG)
            await until(lambda: bool(discord.shown()) and "too long" in discord.shown()[0])
        head, _, sentence = discord.shown()[0].partition("\n")
        assert head.startswith("> Ada asks: word0 word1")
        assert len(head) < 400
        assert sentence.startswith("That message is too long for me")


async def test_a_long_answer_goes_on_in_follow_ups(tmp_path: Path) -> None:
    async with DiscordServer(route_limit=1000) as discord, bot_on(discord, tmp_path):
        discord.slash(ADA, "ask", discord.direct(ADA), question=LONG)
        await until(lambda: " ".join(discord.shown(discord.direct(ADA))).endswith("word699"))
        pages = discord.shown(discord.direct(ADA))
        assert " ".join(pages).split("\n", 1)[1].split() == f"You said: {LONG}".split()
        assert len(pages) > 2
        assert not discord.refused


@pytest.mark.parametrize("writes", [1, 2, 4])
async def test_an_answer_that_was_cut_off_goes_on_in_the_response_without_a_stray_part(
    writes: int, tmp_path: Path
) -> None:
    async with DiscordServer(route_limit=1000) as discord:
        channel = discord.direct(ADA)
        async with bot_on(discord, tmp_path, model="extra_body: {delay: 0.001}"):
            discord.slash(ADA, "ask", channel, question=LONG)
            await until(lambda: len(discord.writes) >= writes)
        async with bot_on(discord, tmp_path):
            await until(lambda: whole(discord, channel))
        assert " ".join(discord.shown(channel)).split("\n", 1)[1].split() == f"You said: {LONG}".split()
        assert not discord.refused


def whole(discord: DiscordServer, channel: str) -> bool:
    """Whether the last message alone has buttons, those of an answer that is finished."""
    buttons = [list(discord.buttons(shown)) for shown in discord.by_bot(channel)]
    return bool(buttons) and "Retry" in buttons[-1] and not any(buttons[:-1])


@pytest.mark.parametrize("kind", [429, 502, "reset", "lost"])
async def test_a_webhook_that_fails_costs_nothing(kind: int | str, tmp_path: Path) -> None:
    async with DiscordServer(route_limit=1000) as discord, bot_on(discord, tmp_path):
        channel = discord.direct(ADA)
        discord.faults.append(Fault(is_hook, kind, times=3))
        discord.slash(ADA, "ask", channel, question=LONG)
        await until(lambda: whole(discord, channel))
        assert " ".join(discord.shown(channel)).split("\n", 1)[1].split() == f"You said: {LONG}".split()


async def test_a_follow_up_that_was_not_heard_of_is_found_and_one_that_was_not_made_is_made(tmp_path: Path) -> None:
    async with DiscordServer(route_limit=1000) as discord, bot_on(discord, tmp_path):
        channel = discord.direct(ADA)
        discord.faults += [Fault(is_follow_up, kind) for kind in (502, "lost", 502, "lost")]
        discord.slash(ADA, "ask", channel, question=LONG)
        await until(lambda: whole(discord, channel))
        assert " ".join(discord.shown(channel)).split("\n", 1)[1].split() == f"You said: {LONG}".split()
        assert not discord.faults[-1].times


async def test_after_fifteen_minutes_the_answer_goes_on_as_the_bots_own_message(tmp_path: Path) -> None:
    async with DiscordServer(route_limit=1000) as discord:
        channel = discord.direct(ADA)
        async with bot_on(discord, tmp_path, model=SLOW):
            discord.slash(ADA, "ask", channel, question="one two three four five six seven eight nine ten")
            await until(lambda: any("three" in text for text in discord.shown(channel)))
            discord.passed = 16 * 60.0
            await until(lambda: whole(discord, channel))
        assert discord.shown(channel) == [asked("one two three four five six seven eight nine ten")]


async def test_an_answer_that_begins_after_fifteen_minutes_is_the_bots_own_message(tmp_path: Path) -> None:
    async with DiscordServer(route_limit=1000) as discord:
        channel = discord.direct(ADA)
        async with bot_on(discord, tmp_path, model=SLOW):
            discord.say(ADA, " ".join(["on"] * 30), channel)
            asking = discord.slash(ADA, "ask", channel, question="and then?")
            await until(lambda: asking in discord.callbacks)
        discord.passed = 16 * 60.0
        async with bot_on(discord, tmp_path):
            await until(lambda: discord.shown(channel)[-1:] == [asked("and then?")])


async def test_an_interaction_that_was_stored_and_not_acknowledged_is_answered_all_the_same(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        discord.faults.append(Fault(lambda _method, path: path.endswith("/callback"), 502, times=2))
        discord.slash(ADA, "ask", discord.direct(ADA), question="hello?")
        discord.passed = 4.0
        await until(lambda: discord.shown(discord.direct(ADA)) == [asked("hello?")], 10_000)


async def test_where_the_bot_is_not_itself_people_have_their_own_conversation(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        for channel in (FAR, GROUP):
            discord.slash(ADA, "ask", channel, question="my secret")
            await until(lambda: discord.shown(channel) == [asked("my secret")])  # noqa: B023  # waited for right here
            discord.slash(BOB, "context", channel)
            mine = discord.slash(ADA, "context", channel)
            await until(lambda: mine in discord.callbacks)  # noqa: B023  # likewise
            assert "my secret" in discord.private(ADA)[-1]
            assert all("my secret" not in text for text in discord.private(BOB))
        assert not discord.refused


async def test_where_the_bot_is_not_itself_a_very_long_answer_ends_in_a_file(tmp_path: Path) -> None:
    async with DiscordServer(route_limit=1000) as discord, bot_on(discord, tmp_path, "max_messages: 20"):
        words = " ".join(f"word{number}" for number in range(2000))
        discord.slash(ADA, "ask", FAR, question=words)
        await until(lambda: "answer.md" in discord.files)
        await until(lambda: len(discord.shown(FAR)) == 2)
        await until(lambda: not any(discord.buttons(shown) for shown in discord.by_bot(FAR)))
        assert discord.files["answer.md"].decode() == f"You said: {words}"
        assert not discord.refused


async def test_where_the_bot_is_not_itself_a_late_answer_comes_as_a_direct_message(tmp_path: Path) -> None:
    async with DiscordServer(route_limit=1000) as discord, bot_on(discord, tmp_path, model=SLOW):
        discord.slash(ADA, "ask", FAR, question="one two three four five six seven eight nine ten")
        await until(lambda: any("three" in text for text in discord.shown(FAR)))
        discord.passed = 16 * 60.0
        expected = [asked("one two three four five six seven eight nine ten")]
        await until(lambda: discord.shown(discord.direct(ADA)) == expected)


async def test_people_read_their_own_language(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        discord.locale = "zh-CN"
        discord.slash(ADA, "new")
        await until(lambda: discord.private(ADA) == [say(Sentence.NEW_DONE, "zh")])
        discord.slash(ADA, "ask", question="你好")
        head = say(Sentence.DISCORD_ASKS, "zh", name="Ada", question="你好")
        await until(lambda: discord.shown() == [f"> {head}\nYou said: Ada: 你好"])


async def test_where_the_bot_may_not_write_commands_are_answered_and_late_ones_by_direct_message(
    tmp_path: Path,
) -> None:
    async with DiscordServer(route_limit=1000) as discord, bot_on(discord, tmp_path, model=SLOW):
        discord.app_permissions = str(int(EVERY_PERMISSION) & ~SEND_MESSAGES)
        discord.slash(ADA, "ask", CLOSED, question="one")
        await until(lambda: discord.shown(CLOSED) == ["> Ada asks: one\nYou said: Ada: one"])
        discord.slash(ADA, "ask", CLOSED, question="one two three four five six seven eight nine ten")
        await until(lambda: any("three" in text for text in discord.shown(CLOSED)[1:]))
        discord.passed = 16 * 60.0
        await until(lambda: whole(discord, discord.direct(ADA)))
        assert discord.shown(discord.direct(ADA))[0].endswith(
            "You said: Ada: one two three four five six seven eight nine ten"
        )


async def test_an_answer_to_a_command_can_be_replied_to(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        discord.slash(ADA, "ask", question="one")
        await until(lambda: whole(discord, GENERAL))
        about = {"message_id": discord.by_bot()[0]["id"], "channel_id": GENERAL}
        discord.say(BOB, "two", message_reference=about)
        await until(lambda: discord.shown()[1:] == ["You said: Bob: two"])
        discord.slash(ADA, "context")
        await until(lambda: len(discord.private(ADA)) == 1)
        assert {"one", "two"} <= {line.rpartition(": ")[2] for line in discord.private(ADA)[0].splitlines()}


async def test_retry_answers_in_its_own_response(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        channel = discord.direct(ADA)
        nothing = discord.slash(ADA, "retry", channel)
        await until(lambda: nothing in discord.callbacks)
        assert discord.private(ADA) == [say(Sentence.RETRY_NOTHING, "en")]
        discord.slash(ADA, "ask", channel, question="once more")
        await until(lambda: discord.shown(channel) == [asked("once more")])
        discord.slash(ADA, "retry", channel)
        await until(lambda: discord.shown(channel) == [asked("once more")] * 2)


@pytest.mark.parametrize("name", ["new", "undo", "stop", "model", "persona", "context", "usage", "export", "help"])
async def test_what_administers_a_conversation_is_said_to_the_caller_alone(name: str, tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        invoked = discord.slash(ADA, name)
        await until(lambda: invoked in discord.callbacks)
        assert discord.callbacks[invoked]["data"]["flags"] == EPHEMERAL
        assert len(discord.private(ADA)) == 1
        assert discord.shown() == []


async def test_an_answer_by_command_can_be_stopped_and_asked_again_by_its_buttons(tmp_path: Path) -> None:
    async with DiscordServer(route_limit=1000) as discord, bot_on(discord, tmp_path, model=SLOW):
        channel = discord.direct(ADA)
        discord.slash(ADA, "ask", channel, question=" ".join(["on"] * 200))
        await until(lambda: any(text.count("on on") > 1 for text in discord.shown(channel)))
        shown = discord.by_bot(channel)[0]
        discord.press(ADA, shown["id"], discord.buttons(shown)["Stop"])
        await until(lambda: "Retry" in discord.buttons(shown))


async def test_who_may_not_talk_to_the_bot_is_told_so_alone(tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        access = AccessConfig(users=("discord:202",))
        async with running(discord, config_for(discord, tmp_path).model_copy(update={"access": access})):
            discord.slash(ADA, "ask", question="may I?")
            discord.slash(ADA, "new", FAR)
            await until(lambda: discord.private(ADA) == [say(Sentence.NOT_LET_IN, "en", id=f"discord:{ADA}")] * 2)
            completing = discord.complete(ADA, "model", "e")
            await until(lambda: discord.callbacks.get(completing) == {"type": 8, "data": {"choices": []}})
            discord.slash(BOB, "ask", FAR, question="may I?")
            await until(lambda: discord.shown(FAR) == [asked("may I?", "Bob")])
        assert discord.shown() == []


async def test_a_listed_server_is_open_for_commands_too(tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        access = AccessConfig(chats=(f"discord:{GUILD}",))
        async with running(discord, config_for(discord, tmp_path).model_copy(update={"access": access})):
            discord.slash(ADA, "ask", question="may I?")
            await until(lambda: discord.shown() == ["> Ada asks: may I?\nYou said: Ada: may I?"])


async def test_while_the_store_is_slow_a_command_is_announced_and_answered_afterwards(tmp_path: Path) -> None:
    with RedisServer() as server:
        async with DiscordServer() as discord:
            config = config_for(discord, tmp_path).model_copy(update={"store": server.url})
            async with running(discord, config):
                server.pause()
                asking, telling = discord.slash(ADA, "ask", question="hello?"), discord.slash(BOB, "context")
                completing = discord.complete(ADA, "model", "e")
                await until(lambda: {asking, telling, completing} <= set(discord.callbacks))
                assert discord.callbacks[asking] == {"type": 5, "data": {"flags": 0}}
                assert discord.callbacks[telling] == {"type": 5, "data": {"flags": EPHEMERAL}}
                assert discord.callbacks[completing] == {"type": 8, "data": {"choices": []}}
                server.resume()
                await until(lambda: discord.shown() == ["> Ada asks: hello?\nYou said: Ada: hello?"])
                await until(lambda: len(discord.private(BOB)) == 1)
                assert not discord.refused


async def test_while_the_store_is_away_the_asker_alone_is_told(tmp_path: Path) -> None:
    with RedisServer() as server:
        async with DiscordServer() as discord:
            config = config_for(discord, tmp_path).model_copy(update={"store": server.url})
            async with running(discord, config):
                server.kill()
                discord.slash(ADA, "ask", question="hello?")
                discord.slash(ADA, "usage")
                completing = discord.complete(ADA, "model", "e")
                await until(lambda: discord.private(ADA) == [say(Sentence.STORE_AWAY_UNDONE, "en")] * 2)
                await until(lambda: discord.callbacks.get(completing) == {"type": 8, "data": {"choices": []}})
                assert discord.shown() == []


async def test_where_the_bot_is_not_itself_a_button_writes_by_its_own_webhook(tmp_path: Path) -> None:
    async with DiscordServer(route_limit=1000) as discord, bot_on(discord, tmp_path):
        discord.slash(ADA, "ask", FAR, question="once more")
        await until(lambda: whole(discord, FAR))
        shown, edits = discord.by_bot(FAR)[0], len(discord.writes)
        for interaction in discord.interactions.values():
            interaction.made_at -= 16 * 60.0
        discord.press(ADA, shown["id"], discord.buttons(shown)["Retry"])
        await until(lambda: len(discord.writes) > edits and whole(discord, FAR))
        assert discord.shown(FAR) == [asked("once more")]
        assert not discord.refused


async def test_an_answer_of_several_messages_is_asked_again_in_its_place(tmp_path: Path) -> None:
    async with DiscordServer(route_limit=1000) as discord, bot_on(discord, tmp_path):
        discord.slash(ADA, "ask", question=LONG)
        await until(lambda: whole(discord, GENERAL))
        last, before = discord.by_bot()[-1], discord.shown()
        writes = len(discord.writes)
        discord.press(ADA, last["id"], discord.buttons(last)["Retry"])
        await until(lambda: len(discord.writes) > writes and whole(discord, GENERAL) and discord.shown() == before)
        assert not discord.refused


async def test_where_the_bot_is_not_itself_no_button_offers_to_rewrite_what_it_could_not_reach(tmp_path: Path) -> None:
    async with DiscordServer(route_limit=1000) as discord, bot_on(discord, tmp_path):
        discord.slash(ADA, "ask", FAR, question=LONG)
        await until(lambda: " ".join(discord.shown(FAR)).endswith("word699"))
        await until(lambda: not any(discord.buttons(shown) for shown in discord.by_bot(FAR)))
        assert len(discord.shown(FAR)) > 2


async def test_the_token_of_an_interaction_is_in_no_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async with DiscordServer(route_limit=1000) as discord, bot_on(discord, tmp_path):
        discord.faults += [Fault(is_hook, "reset", times=2), Fault(is_hook, 502, times=2)]
        asking = discord.slash(ADA, "ask", discord.direct(ADA), question="hello?")
        await until(lambda: discord.shown(discord.direct(ADA)) == [asked("hello?")])
        assert f"token{asking}" not in "".join(capfd.readouterr())
