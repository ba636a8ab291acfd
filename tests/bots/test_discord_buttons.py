"""The buttons under an answer, pressed on a Discord on loopback, with a model behind the wire as well."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from core.config import Config, parse_config
from core.wording import Sentence, say
from tests.support.clock import until
from tests.support.completions import KEY, CompletionsServer, answer, refuse, stall, words
from tests.support.discord_bot import running
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA, BOB, BOT, CAROL, GENERAL, QUIET, TOKEN

ME = f"<@{BOT}>"
BROKEN = refuse(401, "Incorrect API key provided.", "invalid_request_error", code="invalid_api_key")
ERROR = say(Sentence.MODEL_KEY_REFUSED, "en")
STALE = say(Sentence.BUTTON_STALE, "en")
PRESSED = say(Sentence.BUTTON_PRESSED, "en")
NOT_YOURS = say(Sentence.BUTTON_NOT_YOURS, "en")
MEMBER = f"channels: {{{QUIET}: {{scope: member}}}}"


def config_for(discord: DiscordServer, model: CompletionsServer, folder: Path, more: str = "") -> Config:
    urls = f'api_url: "{discord.api_url}", gateway_url: "{discord.gateway_url}"'
    text = f"""
store: sqlite:///{folder}/parlour.db
providers: {{openai: {{base_url: "{model.url}", api_key: "{KEY}"}}}}
models: [{{id: gpt-5-mini, provider: openai}}, {{id: gpt-5-nano, provider: openai}}]
answer: {{attempts: 1, max_tokens: 10}}
discord: {{token: "{TOKEN}", {urls}{", " + more if more else ""}}}
"""
    return parse_config(text, {})


class Scene:
    """One channel, and what people do in it. *channel*: where they write; the bot is mentioned in servers."""

    def __init__(self, discord: DiscordServer, model: CompletionsServer, channel: str = GENERAL) -> None:
        self.discord = discord
        self.model = model
        self.channel = channel

    @property
    def last(self) -> dict[str, Any]:
        return self.discord.by_bot(self.channel)[-1]

    @property
    def labels(self) -> list[str]:
        return list(self.discord.buttons(self.last))

    @property
    def disabled(self) -> list[str]:
        parts = [part for row in self.last["components"] for part in row["components"]]
        return [part["label"] for part in parts if part.get("disabled")]

    def shows(self, *texts: str) -> bool:
        """Whether the bot's messages read so and are whole."""
        return self.discord.shown(self.channel) == [*texts] and "Retry" in self.labels

    async def ask(self, text: str, *plays: Any, person: str = ADA) -> dict[str, Any]:
        """The message that shows the whole answer."""
        before = len(self.discord.by_bot(self.channel))
        self.model.plan(*plays)
        self.say(text, person)
        await until(lambda: len(self.discord.by_bot(self.channel)) > before and "Retry" in self.labels)
        return self.last

    def say(self, text: str, person: str = ADA) -> str:
        mention = f"{ME} " if "guild_id" in self.discord.channels[self.channel] else ""
        return self.discord.say(person, f"{mention}{text}", self.channel)

    def press(self, label: str, person: str = ADA, under: dict[str, Any] | None = None) -> str:
        shown = under or self.last
        return self.discord.press(person, shown["id"], self.discord.buttons(shown)[label])

    async def told(self, interaction: str) -> str:
        """What only the one who pressed sees; empty for a press that is obeyed."""
        await until(lambda: interaction in self.discord.callbacks)
        response = self.discord.callbacks[interaction]
        if response == {"type": 6}:
            return ""
        assert response["data"]["flags"] == 1 << 6
        return str(response["data"]["content"])

    def asked(self, number: int = -1) -> list[str]:
        """The prompt of a request to the model, without the persona."""
        return [message["content"] for message in self.model.bodies[number]["messages"][1:]]


@asynccontextmanager
async def arrived(discord: DiscordServer, config: Config) -> AsyncIterator[None]:
    """The bot, once it hears what people do: what they pressed before is lost, as on Discord."""
    async with running(discord, config) as lines:
        await until(lambda: bool(lines))
        yield


@asynccontextmanager
async def scene(folder: Path, more: str = "") -> AsyncIterator[Scene]:
    async with DiscordServer(route_limit=1000, global_limit=1000) as discord, CompletionsServer() as model:
        async with running(discord, config_for(discord, model, folder, more)):
            yield Scene(discord, model)
        assert not discord.refused


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
        assert await here.told(second) in {"", PRESSED}
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
            assert await here.told(refused) == say(Sentence.NOT_ALLOWED, "en")
            denied = here.press("Retry", BOB)
            assert await here.told(denied) == say(Sentence.NOT_ALLOWED, "en")
