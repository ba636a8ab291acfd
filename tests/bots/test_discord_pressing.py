"""Who may press the buttons under an answer and choose from a menu, and what those hear who may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.wording import Sentence, say
from tests.support.clock import until
from tests.support.completions import CompletionsServer, answer, stall, words
from tests.support.discord_bot import running
from tests.support.discord_scene import Scene, arrived, config_for, scene
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA, BOB, CAROL, QUIET
from tests.support.servers import RedisServer

STALE = say(Sentence.BUTTON_STALE, "en")
NOT_YOURS = say(Sentence.BUTTON_NOT_YOURS, "en")
MEMBER = f"channels: {{{QUIET}: {{scope: member}}}}"


@pytest.mark.parametrize("label", ["Retry", "Continue", "‹"])
async def test_only_the_one_who_asked_and_moderators_may_press(label: str, tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.ask("count", answer("One, two,", finish="length"))
        here.model.plan(answer("One, two, three,", finish="length"))
        here.press("Retry")
        await until(lambda: "2/2" in here.labels)
        here.model.plan(answer("Done."))
        assert await here.told(here.press(label, BOB)) == NOT_YOURS
        own = here.discord.buttons(here.last)[label].replace(ADA, BOB)
        assert await here.told(here.discord.press(BOB, here.last["id"], own)) == NOT_YOURS
        assert await here.told(here.press(label, CAROL)) == ""
        await until(lambda: here.last["content"] in {"Done.", "One, two,"} and "Retry" in here.labels)
        assert await here.told(here.press("Retry", ADA)) == ""


async def test_a_running_answer_is_stopped_by_who_asked_and_no_other_answer_is(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        for person in (ADA, BOB):
            here.model.plan(stall(*words("On and on")))
            here.say("go", person)
        await until(lambda: here.discord.shown() == ["On and on"])
        stop, shown = here.discord.buttons(here.last)["Stop"], here.last
        assert await here.told(here.press("Stop", BOB)) == NOT_YOURS
        assert await here.told(here.discord.press(BOB, shown["id"], stop.replace(ADA, BOB))) == NOT_YOURS
        assert await here.told(here.press("Stop", ADA)) == ""
        await until(lambda: len(here.discord.by_bot()) > 1 and here.labels == ["Stop"])
        assert await here.told(here.discord.press(ADA, shown["id"], stop)) == say(Sentence.STOP_NOTHING, "en")
        assert here.labels == ["Stop"]
        assert await here.told(here.press("Stop", CAROL)) == ""
        await until(lambda: here.shows("On and on", "On and on"))


@pytest.mark.parametrize(
    "custom_id",
    [
        "",
        "parlour",
        "parlour:retry",
        "parlour:retry:201",
        f"parlour:retry:{ADA}:",
        f"parlour:retry:{ADA}:discord:1/a",
        f"parlour:show:{ADA}:discord:1/a",
        f"parlour:continue:{ADA}:discord:1/a",
        f"parlour:delete:{ADA}:discord:1/a",
        f"parlour:retry:{'9' * 40}:discord:1/a",
        "parlour:retry:²:discord:1/a",
        "parlour:1/2",
        "x" * 100,
    ],
)
async def test_a_forged_button_does_nothing(custom_id: str, tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        shown = await here.ask("a number?", answer("One."))
        assert await here.told(here.discord.press(ADA, shown["id"], custom_id)) == STALE
        assert here.shows("One.")


async def test_a_forged_button_reaches_no_other_conversation(tmp_path: Path) -> None:
    async with scene(tmp_path, MEMBER) as here:
        theirs = Scene(here.discord, here.model, QUIET)
        secret = await theirs.ask("secret", answer("It is 42."), person=BOB)
        mine = await theirs.ask("hello", answer("Hello."), person=ADA)
        for label in ("retry", "continue", "show"):
            named = here.discord.buttons(secret)["Retry"].replace("retry", label)
            for custom_id in (named, named.replace(BOB, ADA)):
                for under in (secret, mine):
                    pressed = here.discord.press(ADA, under["id"], custom_id)
                    assert await here.told(pressed) in {STALE, NOT_YOURS}
        assert here.discord.shown(QUIET) == ["It is 42.", "Hello."]
        assert len(here.model.requests) == 2


async def test_buttons_of_a_message_that_was_deleted_say_so(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        shown = await here.ask("a number?", answer("One."))
        here.discord.delete(shown["id"])
        assert await here.told(here.press("Retry", under=shown)) == STALE
        assert here.discord.shown() == []


async def test_each_member_presses_in_their_own_conversation_and_moderators_in_anybodys(tmp_path: Path) -> None:
    async with scene(tmp_path, MEMBER) as outer:
        here = Scene(outer.discord, outer.model, QUIET)
        adas = await here.ask("a number?", answer("One."))
        await here.ask("a letter?", answer("A."), person=BOB)
        for person, text in ((ADA, "Two."), (CAROL, "Three.")):
            here.model.plan(answer(text))
            assert await here.told(here.press("Retry", person, adas)) == ""
            await until(lambda: adas["content"] == text and "Retry" in here.discord.buttons(adas))  # noqa: B023  # awaited at once
            assert here.asked() == ["a number?"]
        assert "3/3" in here.discord.buttons(adas)
        here.press("‹", under=adas)
        await until(lambda: adas["content"] == "Two.")


async def test_a_menu_changes_the_model_for_those_who_may_also_after_a_restart(tmp_path: Path) -> None:
    async with DiscordServer(route_limit=1000) as discord, CompletionsServer() as model:
        here, config = Scene(discord, model), config_for(discord, model, tmp_path)
        async with arrived(discord, config):
            menu = discord.slash(ADA, "model")
            await until(lambda: menu in discord.callbacks)
        async with arrived(discord, config):
            chosen = discord.choose(ADA, menu, "gpt-5-nano")
            assert await here.told(chosen) == say(Sentence.MODEL_CHANGED, "en", name="gpt-5-nano")
            await here.ask("hello", answer("Hello."))
            assert model.bodies[-1]["model"] == "gpt-5-nano"
            persona = discord.slash(ADA, "persona")
            await until(lambda: persona in discord.callbacks)
            forged = discord.choose(ADA, persona, "nobody")
            assert "nobody" in await here.told(forged)
        limited = config.model_copy(update={"access": config.access.model_copy(update={"users": [f"discord:{ADA}"]})})
        async with arrived(discord, limited):
            refused = discord.choose(BOB, menu, "gpt-5-mini")
            assert await here.told(refused) == say(Sentence.NOT_LET_IN, "en", id=f"discord:{BOB}")
            denied = here.press("Retry", BOB)
            assert await here.told(denied) == say(Sentence.NOT_LET_IN, "en", id=f"discord:{BOB}")


async def test_while_the_store_is_slow_a_press_is_acknowledged_and_obeyed_afterwards(tmp_path: Path) -> None:
    with RedisServer() as server:
        async with DiscordServer(route_limit=1000) as discord, CompletionsServer() as model:
            here = Scene(discord, model)
            config = config_for(discord, model, tmp_path).model_copy(update={"store": server.url})
            async with running(discord, config):
                await here.ask("a number?", answer("One."))
                server.pause()
                model.plan(answer("Two."))
                pressed = [here.press("Retry", person) for person in (ADA, BOB)]
                await until(lambda: all(discord.callbacks.get(id_) == {"type": 6} for id_ in pressed))
                server.resume()
                await until(lambda: here.shows("Two.") and discord.private(BOB) == [NOT_YOURS])
                server.kill()
                here.press("Retry")
                await until(lambda: discord.private(ADA) == [say(Sentence.STORE_AWAY_UNDONE, "en")])
            assert here.shows("Two.")
            assert not discord.refused
