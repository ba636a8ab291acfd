"""What people on Discord see, against a Discord on loopback, with the real library."""

from __future__ import annotations

from pathlib import Path

import pytest

from bots import wiring
from bots.checking import check
from bots.discord import api
from bots.discord.library import WRONG_TOKEN
from core.wording import Sentence, say
from tests.support.clock import until
from tests.support.discord_bot import bot_on, config_for
from tests.support.discord_gateway import INVALID, RECONNECT
from tests.support.discord_rules import MOST_CONTENT
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA, BOB, BOT, CAROL, CLOSED, GENERAL, GUILD, QUIET, Fault, creates, edits

ME = f"<@{BOT}>"


async def test_a_direct_message_is_answered(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        channel = discord.direct(ADA)
        discord.say(ADA, "Good morning", channel)
        await until(lambda: discord.shown(channel) == ["You said: Good morning"])
        assert not discord.refused


async def test_a_mention_is_answered_as_a_reply_and_other_talk_is_not(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        discord.say(BOB, "Is anybody here?")
        question = discord.say(ADA, f"{ME} good morning")
        await until(lambda: discord.shown() == ["You said: Ada: good morning"])
        assert discord.by_bot()[0]["message_reference"]["message_id"] == question


async def test_a_reply_to_the_bot_needs_no_mention(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        discord.say(ADA, f"{ME} one")
        await until(lambda: discord.shown() == ["You said: Ada: one"])
        discord.say(BOB, "two", message_reference={"message_id": discord.by_bot()[0]["id"], "channel_id": GENERAL})
        await until(lambda: discord.shown()[1:] == ["You said: Bob: two"])


async def test_bots_and_webhooks_are_not_answered(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        discord.say(CAROL, f"{ME} I am a webhook", webhook_id="777")
        discord.say(
            BOB,
            f"{ME} I am a bot",
            author={"id": "666", "username": "robot", "discriminator": "0", "avatar": None, "bot": True},
        )
        discord.say(ADA, f"{ME} I am a person")
        await until(lambda: discord.shown() == ["You said: Ada: I am a person"])


async def test_an_event_that_arrives_twice_is_one_turn(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        question = discord.say(ADA, f"{ME} once")
        discord.repeat(question)
        discord.say(ADA, f"{ME} the end")
        await until(lambda: discord.shown()[-1:] == ["You said: Ada: the end"])
        assert discord.shown() == ["You said: Ada: once", "You said: Ada: the end"]


async def test_ids_become_names(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        discord.say(ADA, f"{ME} ask <@{BOB}> in <#{GENERAL}> about <:parrot:123> and <a:wave:124>, </help:125>")
        await until(lambda: discord.shown() == ["You said: Ada: ask @Bob in #general about :parrot: and :wave:, /help"])


async def test_nobody_is_notified_by_what_the_model_writes(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        channel = discord.direct(ADA)
        text = f"@everyone @here <@&{GUILD}> wake up"
        discord.say(ADA, text, channel)
        await until(lambda: discord.shown(channel)[-1:] == ["You said: @everyone @here @unknown wake up"])
        assert not discord.pinged


async def test_a_long_answer_rolls_over_and_nothing_is_cut(tmp_path: Path) -> None:
    async with DiscordServer(route_limit=1000, global_limit=1000) as discord, bot_on(discord, tmp_path):
        channel = discord.direct(ADA)
        words = " ".join(f"word{number}" for number in range(500))
        discord.say(ADA, words, channel)
        await until(lambda: " ".join(discord.shown(channel)).split() == f"You said: {words}".split())
        assert len(discord.shown(channel)) == len(words) // MOST_CONTENT + 1
        assert not discord.refused


async def test_an_answer_that_was_cut_off_goes_on_in_the_message_that_is_there(tmp_path: Path) -> None:
    async with DiscordServer(route_limit=1000, global_limit=1000) as discord:
        async with bot_on(discord, tmp_path, model="extra_body: {delay: 0.05}"):
            channel = discord.direct(ADA)
            discord.say(ADA, "one two three four five six seven eight", channel)
            await until(lambda: any("three" in text for text in discord.shown(channel)))
        async with bot_on(discord, tmp_path):
            await until(lambda: discord.shown(channel) == ["You said: one two three four five six seven eight"])


@pytest.mark.parametrize("deed", [creates, edits])
@pytest.mark.parametrize("kind", [429, 502, "reset", "lost"])
async def test_a_write_that_fails_costs_nothing(deed: object, kind: int | str, tmp_path: Path) -> None:
    async with DiscordServer(route_limit=1000, global_limit=1000) as discord, bot_on(discord, tmp_path):
        discord.faults.append(Fault(deed, kind, times=2))  # type: ignore[arg-type]  # parametrised
        channel = discord.direct(ADA)
        discord.say(ADA, "all is well", channel)
        await until(lambda: discord.shown(channel) == ["You said: all is well"])
        await until(lambda: "Retry" in discord.buttons(discord.by_bot(channel)[0]))


async def test_a_lost_gateway_session_costs_no_question(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        channel = discord.direct(ADA)
        discord.say(ADA, "hello", channel)
        await until(lambda: discord.shown(channel) == ["You said: hello"])
        await discord.gateway.drop()
        discord.say(ADA, "still there?", channel)
        await until(lambda: discord.shown(channel)[1:] == ["You said: still there?"])
        assert discord.gateway.resumed == 1


async def test_a_question_that_is_edited_is_asked_again_and_its_answer_edited(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        channel = discord.direct(ADA)
        question = discord.say(ADA, "the first", channel)
        await until(lambda: discord.shown(channel) == ["You said: the first"])
        discord.edit(question, "the second")
        await until(lambda: discord.shown(channel) == ["You said: the second"])


async def test_a_question_deleted_before_its_answer_is_withdrawn(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path, model="extra_body: {delay: 0.02}"):
        channel = discord.direct(ADA)
        discord.say(ADA, "one two three four five six seven eight nine ten", channel)
        second = discord.say(ADA, "never mind", channel)
        discord.delete(second)
        discord.say(ADA, "and then", channel)
        await until(lambda: discord.shown(channel)[-1:] == ["You said: and then"])
        assert len(discord.shown(channel)) == 2


async def test_without_the_message_content_intent_mentions_and_direct_messages_are_answered(tmp_path: Path) -> None:
    async with DiscordServer(privileged=0) as discord, bot_on(discord, tmp_path) as lines:
        channel = discord.direct(ADA)
        discord.say(ADA, "hello", channel)
        discord.say(ADA, f"{ME} hello")
        await until(lambda: discord.shown(channel) + discord.shown() == ["You said: hello", "You said: Ada: hello"])
        await until(lambda: any("message-content intent is off" in line for line in lines))


async def test_the_gateway_says_whether_the_bot_may_read_and_not_the_portal(tmp_path: Path) -> None:
    always = f"channels: {{{QUIET}: {{always: true}}}}"
    async with DiscordServer() as discord:
        discord.application["flags"] = 0
        async with bot_on(discord, tmp_path, always):
            discord.say(ADA, "hello", QUIET)
            await until(lambda: discord.shown(QUIET) == ["You said: Ada: hello"])


async def test_a_proxy_that_knows_only_what_the_library_asks_is_enough(tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        discord.faults.append(Fault(lambda _method, path: path == "/applications/@me", 404, times=99))
        async with bot_on(discord, tmp_path):
            discord.say(ADA, f"{ME} hello")
            await until(lambda: discord.shown() == ["You said: Ada: hello"])


async def test_the_operator_hears_who_the_bot_is_and_people_see_its_presence(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path, "presence: asleep") as lines:
        await until(lambda: lines == ["discord: parlour is here; servers: 1"])
        assert discord.gateway.presence["game"]["state"] == "asleep"


async def test_a_wrong_token_is_one_sentence(tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        lines: list[str] = []
        assert await wiring.serve(config_for(discord, tmp_path, token="wrong"), ["discord"], lines.append) == 1
        assert lines == [f"discord is off: {WRONG_TOKEN}"]


async def test_an_empty_mention_gets_a_sentence(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        discord.say(ADA, ME)
        await until(lambda: discord.shown() == [say(Sentence.EMPTY_MESSAGE, "en")])


async def test_check_prints_the_invitation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with DiscordServer(privileged=0) as discord:
        assert await check(config_for(discord, tmp_path), None, offline=True) == 0
        assert "ok     discord                not asked" in capsys.readouterr().out
        assert await check(config_for(discord, tmp_path), None, offline=False) == 0
        said = capsys.readouterr().out
        assert f"https://discord.com/oauth2/authorize?client_id={BOT}&permissions=" in said
        assert "warn   discord                the message-content intent is off" in said
        assert await check(config_for(discord, tmp_path, token="wrong"), None, offline=False) == 1
        assert "error  discord                Discord does not know this token" in capsys.readouterr().out
        config = config_for(discord, tmp_path)
    assert await check(config, None, offline=False) == 1
    assert "error  discord                Discord cannot be reached" in capsys.readouterr().out


async def test_what_was_asked_while_nobody_listened_is_answered(tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        async with bot_on(discord, tmp_path):
            discord.say(ADA, f"{ME} zero")
            await until(lambda: discord.shown() == ["You said: Ada: zero"])
        for number in ("one", "two", "three"):
            discord.say(ADA, f"{ME} {number}")
        discord.say(BOB, "this was for nobody")
        async with bot_on(discord, tmp_path):
            wanted = ["You said: Ada: one", "You said: Ada: two", "You said: Ada: three"]
            await until(lambda: discord.shown()[1:] == wanted)


async def test_each_member_has_a_conversation_of_their_own_where_that_is_set(tmp_path: Path) -> None:
    channels = f"channels: {{{QUIET}: {{scope: member, always: true}}}}"
    async with DiscordServer() as discord, bot_on(discord, tmp_path, channels):
        discord.say(ADA, "nobody is named", QUIET)
        await until(lambda: discord.shown(QUIET) == ["You said: nobody is named"])
        asked = discord.slash(BOB, "context", QUIET)
        await until(lambda: asked in discord.callbacks)
        assert "nobody is named" not in discord.callbacks[asked]["data"]["content"]


async def test_a_text_file_is_read_and_another_one_named(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        discord.files["notes.txt"] = "the café is open".encode("cp1252")
        files = [attachment(discord, "notes.txt", "text/plain"), attachment(discord, "cat.png", "image/png")]
        channel = discord.direct(ADA)
        discord.say(ADA, "read this", channel, attachments=files)
        await until(lambda: len(discord.shown(channel)) == 1 and discord.shown(channel)[0].endswith("read here.]"))
        assert "The file notes.txt:\nthe café is open" in discord.shown(channel)[0]
        assert "The file cat.png cannot be read here" in discord.shown(channel)[0]


def attachment(discord: DiscordServer, name: str, kind: str) -> dict[str, object]:
    url = f"{discord.api_url.removesuffix('/api/v10')}/files/{name}"
    size = len(discord.files.get(name, b""))
    return {"id": "1", "filename": name, "content_type": kind, "size": size, "url": url, "proxy_url": url}


async def test_a_very_long_answer_comes_as_a_file_with_a_readable_head(tmp_path: Path) -> None:
    async with DiscordServer(route_limit=1000, global_limit=1000) as discord:
        async with bot_on(discord, tmp_path, "max_messages: 2"):
            channel = discord.direct(ADA)
            words = " ".join(f"word{number}" for number in range(1500))
            discord.say(ADA, words, channel)
            await until(lambda: "answer.md" in discord.files)
            await until(lambda: not any("Stop" in discord.buttons(shown) for shown in discord.by_bot(channel)))
        assert discord.files["answer.md"].decode() == f"You said: {words}"
        assert len(discord.shown(channel)) == 2
        assert discord.shown(channel)[0].startswith("You said: word0 word1")


async def test_a_reply_to_somebody_else_shows_the_model_what_it_is_about(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        said = discord.say(BOB, "The moon is made of cheese.")
        discord.say(ADA, f"{ME} is that so?", message_reference={"message_id": said, "channel_id": GENERAL})
        await until(lambda: bool(discord.shown()) and discord.shown()[0].endswith("Ada: is that so?"))
        assert "by Bob:\n> The moon is made of cheese." in discord.shown()[0]


async def test_only_the_one_who_asked_may_press_a_button(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        discord.say(ADA, f"{ME} hello")
        await until(lambda: bool(discord.by_bot()) and "Retry" in discord.buttons(discord.by_bot()[0]))
        shown = discord.by_bot()[0]
        retry = discord.buttons(shown)["Retry"]
        forged, by_bob = discord.press(ADA, shown["id"], "parlour:retry:201:x"), discord.press(BOB, shown["id"], retry)
        await until(lambda: {forged, by_bob} <= set(discord.callbacks))
        assert discord.callbacks[by_bob]["data"]["content"] == say(Sentence.BUTTON_NOT_YOURS, "en")
        assert discord.callbacks[forged]["data"]["content"] == say(Sentence.BUTTON_STALE, "en")
        by_ada = discord.press(ADA, shown["id"], retry)
        await until(lambda: by_ada in discord.callbacks and "2/2" in discord.buttons(shown))
        assert discord.shown() == ["You said: Ada: hello"]
        assert discord.callbacks[by_ada] == {"type": 6}


async def test_the_stop_button_keeps_what_is_there_also_after_a_restart(tmp_path: Path) -> None:
    async with DiscordServer(route_limit=1000, global_limit=1000) as discord:
        async with bot_on(discord, tmp_path, model="extra_body: {delay: 0.05}"):
            channel = discord.direct(ADA)
            discord.say(ADA, " ".join(["on"] * 200), channel)
            await until(lambda: any("on on" in text for text in discord.shown(channel)))
            shown = discord.by_bot(channel)[0]
        async with bot_on(discord, tmp_path, model="extra_body: {delay: 0.05}"):
            await until(lambda: discord.writes[-1][2].count("on") == 5)
            discord.press(ADA, shown["id"], discord.buttons(shown)["Stop"])
            await until(lambda: "Retry" in discord.buttons(shown))
        assert discord.shown(channel)[0].count("on") < 200


async def test_commands_are_registered_once_and_answered(tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        async with bot_on(discord, tmp_path):
            helped, completed = discord.slash(ADA, "help"), discord.complete(ADA, "model", "ec")
            await until(lambda: {helped, completed} <= set(discord.callbacks))
            assert discord.callbacks[helped]["data"]["content"].startswith(say(Sentence.HELP_TITLE, "en"))
            assert discord.callbacks[helped]["data"]["flags"] == 64
            assert discord.callbacks[completed]["data"]["choices"] == [{"name": "echo", "value": "echo"}]
            discord.slash(ADA, "ask", question="what now?")
            await until(lambda: discord.shown() == ["> Ada asks: what now?\nYou said: Ada: what now?"])
        names = {command["name"]: command["name_localizations"]["zh-CN"] for command in discord.commands}
        assert names["ask"] == say(Sentence.COMMAND_ASK, "zh")
        async with bot_on(discord, tmp_path):
            await until(lambda: discord.gateway.identified == 2)
        assert discord.requests[f"PUT /applications/{BOT}/commands"] == 1


async def test_a_write_that_hangs_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "REQUEST_TIME", 0.3)
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        discord.faults += [Fault(creates, "hang"), Fault(edits, "hang")]
        channel = discord.direct(ADA)
        discord.say(ADA, "all is well", channel)
        await until(lambda: discord.shown(channel) == ["You said: all is well"])


async def test_a_global_penalty_delays_and_does_not_lose(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        discord.faults += [Fault(creates, 429, retry_after=1.5, scope="global")]
        people = [str(501 + number) for number in range(10)]
        for person in people:
            discord.say(person, f"I am {person}", discord.direct(person))
        expected = [[f"You said: I am {person}"] for person in people]
        await until(lambda: [discord.shown(discord.direct(person)) for person in people] == expected)
        assert sum(discord.requests.values()) < 60


async def test_an_invalid_session_costs_no_question(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        channel = discord.direct(ADA)
        discord.say(ADA, "hello", channel)
        await until(lambda: discord.shown(channel) == ["You said: hello"])
        discord.gateway.order(INVALID, data=False)
        discord.say(ADA, "in between", channel)
        discord.say(BOB, f"{ME} in the channel")
        await until(lambda: discord.gateway.identified == 2)
        await until(
            lambda: (
                discord.shown(channel)[1:] + discord.shown()
                == ["You said: in between", "You said: Bob: in the channel"]
            )
        )


async def test_the_order_to_reconnect_costs_no_question(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        channel = discord.direct(ADA)
        discord.say(ADA, "hello", channel)
        await until(lambda: discord.shown(channel) == ["You said: hello"])
        discord.gateway.order(RECONNECT)
        discord.say(ADA, "in between", channel)
        await until(lambda: discord.shown(channel)[1:] == ["You said: in between"])


async def test_twenty_people_in_one_channel_each_get_their_answer(tmp_path: Path) -> None:
    channels = f"channels: {{{GENERAL}: {{scope: member}}}}"
    async with DiscordServer(route_limit=20, route_window=1.0) as discord, bot_on(discord, tmp_path, channels):
        asked = {discord.say(str(501 + number), f"<@{BOT}> I am {number}"): number for number in range(20)}
        await until(lambda: len(discord.shown()) == 20 and all(text[-1:].isdigit() for text in discord.shown()))
        answers = {shown["message_reference"]["message_id"]: shown["content"] for shown in discord.by_bot()}
        assert answers == {question: f"You said: I am {number}" for question, number in asked.items()}
        assert discord.statuses[429] == 0


async def test_where_the_bot_may_not_write_the_one_who_asked_hears_why_once(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        discord.say(ADA, f"{ME} hello", CLOSED)
        discord.say(ADA, f"{ME} hello?", CLOSED)
        discord.say(ADA, f"{ME} hello")
        await until(lambda: discord.shown() == ["You said: Ada: hello"])
        channel = discord.direct(ADA)
        await until(
            lambda: discord.shown(channel) == [say(Sentence.DISCORD_CANNOT_WRITE, "en", channel=f"<#{CLOSED}>")]
        )
        assert discord.shown(CLOSED) == []
