"""The buttons under an answer, pressed on a Discord on loopback: one message shows one answer after the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.wording import Sentence, say
from tests.support.clock import until
from tests.support.completions import CompletionsServer, answer, refuse, stall, words
from tests.support.discord_bot import running
from tests.support.discord_scene import ME, Scene, arrived, config_for, scene
from tests.support.discord_server import DiscordServer
from tests.support.discord_threads import CREATE_PUBLIC_THREADS
from tests.support.discord_world import ADA, BOB, CAROL, GENERAL

BROKEN = refuse(401, "Incorrect API key provided.", "invalid_request_error", code="invalid_api_key")
ERROR = say(Sentence.MODEL_KEY_REFUSED, "en")
PRESSED = say(Sentence.BUTTON_PRESSED, "en")


async def test_another_answer_takes_the_place_of_the_first_and_one_can_go_back(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.ask("a number?", answer("One."))
        assert here.labels == ["Retry"]
        here.model.plan(answer("Two."))
        assert await here.told(here.press("Retry")) == ""
        await until(lambda: here.shows("Two.") and here.labels == ["Retry", "‹", "2/2", "›"])
        assert here.disabled == ["2/2", "›"]
        here.press("‹")
        await until(lambda: here.shows("One.") and here.labels == ["Retry", "‹", "1/2", "›"])
        assert here.disabled == ["‹", "1/2"]
        await here.ask("and now?", answer("Three."))
        assert here.asked() == ["Ada: a number?", "One.", "Ada: and now?"]


async def test_who_went_on_is_not_taken_back_by_another_answer_to_an_older_question(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        first = await here.ask("a number?", answer("One."))
        await here.ask("thanks", answer("Welcome."), person=BOB)
        here.model.plan(answer("Two."))
        here.press("Retry", under=first)
        await until(lambda: "2/2" in here.discord.buttons(first))
        assert here.discord.shown() == ["Two.", "Welcome."]
        await here.ask("and now?", answer("Three."), person=BOB)
        assert here.asked()[:2] == ["Ada: a number?", "One."]


async def test_answers_of_different_length_fill_and_empty_the_same_messages(tmp_path: Path) -> None:
    long = " ".join(f"word{number}" for number in range(500))
    async with scene(tmp_path) as here:
        await here.ask("much?", answer("Little."))
        here.model.plan(answer(long))
        here.press("Retry")
        await until(lambda: " ".join(here.discord.shown()).split() == long.split() and "2/2" in here.labels)
        here.press("‹")
        await until(lambda: here.shows("Little.") and "1/2" in here.labels)
        here.press("›")
        await until(lambda: " ".join(here.discord.shown()).split() == long.split() and "2/2" in here.labels)
        assert not any(here.discord.buttons(message) for message in here.discord.by_bot()[:-1])


async def test_an_answer_in_a_file_takes_its_file_with_it(tmp_path: Path) -> None:
    much, less = (" ".join(f"word{number}" for number in range(size)) for size in (1000, 400))
    async with scene(tmp_path, "max_messages: 2") as here:
        await here.ask("much?", answer(much))
        assert [file["filename"] for file in here.last["attachments"]] == ["answer.md"]
        here.model.plan(answer(less))
        here.press("Retry")
        await until(lambda: " ".join(here.discord.shown()).split() == less.split() and "2/2" in here.labels)
        assert not any(message["attachments"] for message in here.discord.by_bot())
        here.press("‹")
        await until(lambda: bool(here.last["attachments"]) and "1/2" in here.labels)


async def test_a_question_that_is_edited_is_answered_where_whichever_answer_is_shown(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        shown = await here.ask("a number?", answer("One."))
        here.model.plan(answer("Two."))
        here.press("Retry")
        await until(lambda: here.shows("Two.") and "2/2" in here.labels)
        here.press("‹")
        await until(lambda: here.shows("One.") and "1/2" in here.labels)
        here.model.plan(answer("A."))
        here.discord.edit(shown["message_reference"]["message_id"], f"{ME} a letter?")
        await until(lambda: here.shows("A.") and here.labels == ["Retry"])
        here.model.plan(answer("B."))
        here.press("Retry")
        await until(lambda: here.shows("B.") and "2/2" in here.labels)
        assert here.asked() == ["Ada: a letter?"]


async def test_buttons_work_after_a_restart(tmp_path: Path) -> None:
    async with DiscordServer(route_limit=1000) as discord, CompletionsServer() as model:
        here, config = Scene(discord, model), config_for(discord, model, tmp_path)
        async with arrived(discord, config):
            await here.ask("a number?", answer("One."))
        async with arrived(discord, config):
            model.plan(answer("Two."))
            here.press("Retry")
            await until(lambda: here.shows("Two.") and "2/2" in here.labels)
        async with arrived(discord, config):
            here.press("‹")
            await until(lambda: here.shows("One.") and "1/2" in here.labels)


async def test_an_answer_written_anew_when_its_process_died_is_written_once(tmp_path: Path) -> None:
    async with DiscordServer(route_limit=1000) as discord, CompletionsServer() as model:
        here, config = Scene(discord, model), config_for(discord, model, tmp_path)
        async with running(discord, config):
            await here.ask("a number?", answer("One."))
            model.plan(stall(*words("Two, or")))
            here.press("Retry")
            await until(lambda: discord.shown() == ["Two, or"])
        model.plan(answer("Three."))
        async with running(discord, config):
            await until(lambda: here.shows("Three.") and "2/2" in here.labels)


async def test_pressing_twice_at_once_is_pressing_once(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.ask("a number?", answer("One."))
        here.model.plan(answer("Two."), answer("Three."))
        first, second = here.press("Retry"), here.press("Retry")
        assert await here.told(first) == ""
        assert await here.told(second) in {"", PRESSED, say(Sentence.BUTTON_STALE, "en")}
        await until(lambda: here.shows("Two.") and "2/2" in here.labels)
        here.press("‹")
        await until(lambda: here.shows("One."))
        assert len(here.model.requests) == 2


async def test_what_is_pressed_while_another_answer_is_written_waits_for_it_or_says_so(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.ask("a number?", answer("One."))
        here.model.plan(answer("Two."))
        here.press("Retry")
        await until(lambda: here.shows("Two.") and "2/2" in here.labels)
        before = here.discord.buttons(here.last)
        here.model.plan(stall(*words("Three, or")))
        here.press("Retry")
        await until(lambda: here.discord.shown() == ["Three, or"])
        assert here.labels == ["Stop"]
        again = here.discord.press(ADA, here.last["id"], before["Retry"])
        assert await here.told(again) == PRESSED
        back = here.discord.press(ADA, here.last["id"], before["‹"])
        assert await here.told(back) == ""
        here.press("Stop")
        await until(lambda: here.shows("One.") and "1/3" in here.labels)


async def test_the_error_of_a_question_gives_way_to_its_answer(tmp_path: Path) -> None:
    """Also after others were answered, and from an error to the next."""
    async with scene(tmp_path) as here:
        failed = await here.ask("a number?", BROKEN)
        assert here.discord.shown() == [ERROR]
        await here.ask("hello", answer("Hello."), person=BOB)
        for play in (BROKEN, answer("One.")):
            here.model.plan(play)
            before = here.discord.buttons(failed)
            here.press("Retry", under=failed)
            await until(lambda: here.discord.buttons(failed) not in (before, {}) and "Stop" not in here.labels)  # noqa: B023  # awaited at once
        await until(lambda: here.discord.shown() == ["One.", "Hello."])
        assert here.asked() == ["Bob: hello", "Hello.", "Ada: a number?"]


async def test_an_error_in_an_answers_place_leaves_the_way_back(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.ask("a number?", answer("One."))
        here.model.plan(BROKEN)
        here.press("Retry")
        await until(lambda: here.shows(ERROR) and here.labels == ["Retry", "‹", "2/2", "›"])
        here.press("‹")
        await until(lambda: here.shows("One.") and here.labels == ["Retry"])


async def test_an_answer_that_was_cut_off_goes_on_below(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        first = await here.ask("count", answer("One, two,", finish="length"))
        assert here.labels == ["Retry", "Continue"]
        here.model.plan(answer("three."))
        assert await here.told(here.press("Continue")) == ""
        await until(lambda: here.shows("One, two,", "three."))
        assert here.asked() == ["Ada: count", "One, two,", f"Ada: {say(Sentence.GO_ON, 'en')}"]
        assert await here.told(here.press("Continue", under=first)) == PRESSED


@pytest.mark.parametrize("place", ["direct", "thread"])
async def test_buttons_work_in_direct_messages_and_in_threads(place: str, tmp_path: Path) -> None:
    async with scene(tmp_path) as outer:
        discord = outer.discord
        thread = discord.thread(ADA, discord.say(ADA, "let us talk"), "talk")
        here = Scene(discord, outer.model, thread if place == "thread" else discord.direct(ADA))
        await here.ask("a number?", answer("One."))
        here.model.plan(answer("Two."))
        here.press("Retry")
        await until(lambda: here.shows("Two.") and "2/2" in here.labels)
        here.press("‹")
        await until(lambda: here.shows("One.") and "1/2" in here.labels)


async def test_the_answer_to_a_command_keeps_its_question_above(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        here.model.plan(answer("One."), answer("Two."))
        here.discord.slash(ADA, "ask", question="a number?")
        await until(lambda: here.shows("> Ada asks: a number?\nOne."))
        here.press("Retry", CAROL)
        await until(lambda: here.shows("> Ada asks: a number?\nTwo.") and "2/2" in here.labels)
        here.press("‹")
        await until(lambda: here.shows("> Ada asks: a number?\nOne.") and "1/2" in here.labels)


async def test_buttons_work_beside_a_question_whose_thread_could_not_be_opened(tmp_path: Path) -> None:
    async with DiscordServer(route_limit=1000) as discord, CompletionsServer() as model:
        here, config = Scene(discord, model), config_for(discord, model, tmp_path, "scope: thread")
        async with arrived(discord, config):
            discord.forbid(GENERAL, CREATE_PUBLIC_THREADS)  # the bot has not heard of it
            await here.ask("a number?", answer("One."))
            model.plan(answer("Two."))
            here.press("Retry")
            await until(lambda: here.shows("Two.") and "2/2" in here.labels)
