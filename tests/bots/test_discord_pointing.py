"""Commands on a message: "Ask about this" and "Branch here"."""

from __future__ import annotations

from pathlib import Path

from core.wording import Sentence, say
from tests.support.clock import until
from tests.support.discord_bot import bot_on
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA, BOB, FAR, GENERAL, GUILD

ABOUT, BRANCH = "Ask about this", "Branch here"
CHEESE = "The moon is made of cheese."


async def form(discord: DiscordServer, author: str, message: str) -> str:
    """The interaction whose response is the form in which *author* is asked for a question about *message*."""
    pointed = discord.point(author, ABOUT, message)
    await until(lambda: pointed in discord.callbacks)
    assert discord.callbacks[pointed]["type"] == 9
    return pointed


async def test_a_question_about_a_message_is_answered_where_all_can_see_what_it_is_about(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        said = discord.say(BOB, CHEESE)
        discord.submit(ADA, await form(discord, ADA, said), "is that so?")
        await until(lambda: bool(discord.shown()) and discord.shown()[0].endswith("Ada: is that so?"))
        link = f"https://discord.com/channels/{GUILD}/{GENERAL}/{said}"
        head, _, answer = discord.shown()[0].partition("\n")
        assert head == f"> Ada asks about {link}: is that so?"
        assert f"by Bob:\n> {CHEESE}" in answer
        assert not discord.refused


async def test_without_a_question_the_message_is_to_be_explained(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        discord.submit(ADA, await form(discord, ADA, discord.say(BOB, CHEESE)), "")
        explain = say(Sentence.DISCORD_EXPLAIN, "en")
        await until(lambda: bool(discord.shown()) and discord.shown()[0].endswith(f"Ada: {explain}"))


async def test_the_messages_text_file_is_read(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        discord.files["notes.txt"] = b"the cafe is open"
        url = f"{discord.api_url.removesuffix('/api/v10')}/files/notes.txt"
        file = {"id": "1", "filename": "notes.txt", "content_type": "text/plain", "size": 16, "url": url}
        said = discord.say(BOB, "see here", attachments=[file | {"proxy_url": url}])
        discord.submit(ADA, await form(discord, ADA, said), "what does it say?")
        await until(lambda: bool(discord.shown()) and "the cafe is open" in discord.shown()[0])


async def test_the_message_is_still_known_after_a_restart(tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        async with bot_on(discord, tmp_path):
            said = discord.say(BOB, CHEESE)
            asking = await form(discord, ADA, said)
        async with bot_on(discord, tmp_path):
            await until(lambda: discord.gateway.identified == 2)
            discord.submit(ADA, asking, "is that so?")
            await until(lambda: bool(discord.shown()) and CHEESE in discord.shown()[0])


async def test_a_message_that_is_gone_after_a_restart_is_chosen_again(tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        async with bot_on(discord, tmp_path):
            said = discord.say(BOB, CHEESE)
            asking = await form(discord, ADA, said)
        discord.delete(said)
        async with bot_on(discord, tmp_path):
            await until(lambda: discord.gateway.identified == 2)
            discord.submit(ADA, asking, "is that so?")
            await until(lambda: discord.private(ADA) == [say(Sentence.DISCORD_MESSAGE_FORGOTTEN, "en")])


async def test_where_the_bot_is_not_itself_messages_can_be_asked_about_too(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        said = discord.say(BOB, CHEESE, FAR)
        discord.submit(ADA, await form(discord, ADA, said), "is that so?", FAR)
        await until(lambda: bool(discord.by_bot(FAR)) and CHEESE in discord.shown(FAR)[0])
        assert not discord.refused


async def test_the_conversation_goes_on_from_the_message_that_was_chosen(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        channel = discord.direct(ADA)
        for number, word in enumerate(("one", "two", "three"), 1):
            discord.say(ADA, word, channel)
            await until(lambda: len(discord.shown(channel)) == number)  # noqa: B023  # waited for right here
            await until(lambda: "Retry" in discord.buttons(discord.by_bot(channel)[-1]))
        discord.point(ADA, BRANCH, discord.by_bot(channel)[0]["id"])
        done = say(Sentence.BRANCH_DONE, "en", message="You said: one")
        await until(lambda: discord.private(ADA) == [done])
        discord.slash(ADA, "context", channel)
        await until(lambda: len(discord.private(ADA)) == 2)
        assert "one" in discord.private(ADA)[1]
        assert "two" not in discord.private(ADA)[1]


async def test_branching_from_what_is_not_the_bots_conversation_says_why_not(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        discord.point(ADA, BRANCH, discord.say(BOB, CHEESE))
        await until(lambda: discord.private(ADA) == [say(Sentence.BRANCH_NOTHING, "en")])


async def test_a_command_that_is_no_more_says_so(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        discord.point(ADA, "Summon", discord.say(BOB, CHEESE))
        await until(lambda: discord.private(ADA) == [say(Sentence.UNKNOWN_COMMAND, "en", command="Summon")])
