"""The terminal, as somebody who sits at it and as a script sees it: real core, real SQLite, a scripted model."""

from __future__ import annotations

import asyncio
import io
import os
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console

from bots.terminal.app import Desk, Terminal
from bots.terminal.commands import CommandCompleter
from bots.terminal.pipe import LONGEST_LINE, PipeScreen
from bots.terminal.prompt import Device, PromptScreen
from bots.terminal.screen import Screen
from bots.terminal.translate import Seat
from core.chance import SystemChance
from core.clock import SystemClock
from core.domain import ConversationId, Incoming
from core.errors import ModelKeyRefused, StoreUnavailable
from core.inbox.worker import Worker, WorkerSettings, Workplace
from core.llm.scripted import Script, spoken
from core.wording import Sentence, say
from tests.support.bot import LEASE, Bot, open_bot
from tests.support.clock import until

SEAT = Seat("ada")


@dataclass
class Hall:
    """A bot whose worker serves the terminal's lane while a terminal is open."""

    bot: Bot
    folder: Path
    loading: Callable[[], str | None] = field(default=lambda: None)

    @asynccontextmanager
    async def open(self, screen: Screen, *, working: bool = True) -> AsyncIterator[asyncio.Task[int]]:
        """A terminal with *screen*; the running loop of it."""
        desk = Desk(self.bot.store, self.bot.store, self.bot.commands, self.bot.clock, SystemChance())
        terminal = Terminal(desk, SEAT, screen, self.loading, self.folder)
        place = Workplace(self.bot.store, self.bot.conversations, terminal, self.bot.clock, SystemChance())
        worker = Worker(place, WorkerSettings(frozenset({SEAT.lane})))
        talking = asyncio.create_task(terminal.run())
        serving = asyncio.create_task(worker.run() if working else asyncio.Event().wait())
        try:
            yield talking
        finally:
            talking.cancel()
            serving.cancel()
            await asyncio.gather(talking, serving, return_exceptions=True)

    async def script(self, *lines: str, raw: bytes = b"") -> tuple[list[str], int]:
        """Pipes *lines* in; what comes out, and the exit code."""
        descriptor, end = os.pipe()
        output = io.StringIO()
        writing = asyncio.to_thread(_write, end, raw + "".join(f"{line}\n" for line in lines).encode())
        async with self.open(PipeScreen(descriptor, output, None, "en")) as running:
            await writing
            code = await running
        os.close(descriptor)
        return output.getvalue().splitlines(), code


def _write(descriptor: int, content: bytes) -> None:
    with os.fdopen(descriptor, "wb") as pipe:
        pipe.write(content)


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_bot(tmp_path, SystemClock()) as bot:
        yield Hall(bot, tmp_path)


@dataclass
class Person:
    """Somebody at a keyboard who reads the screen."""

    keyboard: PipeInput
    screen: PromptScreen
    paper: io.StringIO

    def type(self, keys: str) -> None:
        self.keyboard.send_text(keys)

    @property
    def sees(self) -> str:
        """What was printed so far, without what a live region painted over."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.paper.getvalue())

    async def reads(self, text: str) -> None:
        await until(lambda: text in self.sees)


@contextmanager
def person(bot: Bot) -> Iterator[Person]:
    with create_pipe_input() as keyboard:
        paper = io.StringIO()
        console = Console(file=paper, force_terminal=True, width=80, height=24, color_system=None)
        completer = CommandCompleter(bot.commands, SEAT.incoming("completion", "", 0.0))
        device = Device(console, keyboard, DummyOutput())
        yield Person(keyboard, PromptScreen(device, bot.clock, completer, "en"), paper)


# a script


async def test_each_line_is_answered_in_its_turn(hall: Hall) -> None:
    assert await hall.script("My name is Ada.", "", "Who am I?") == (
        ["You said: My name is Ada.", "You said: Who am I?"],
        0,
    )
    assert len(hall.bot.models.get("").prompts[-1].messages) == 4


async def test_the_conversation_is_there_in_the_next_process(hall: Hall) -> None:
    await hall.script("My name is Ada.")
    await hall.script("Who am I?")
    assert [message.content for message in hall.bot.models.get("").prompts[-1].messages][1] == "My name is Ada."


async def test_a_last_line_without_its_end_counts(hall: Hall) -> None:
    assert await hall.script(raw=b"Hello") == (["You said: Hello"], 0)


async def test_nothing_in_nothing_out(hall: Hall) -> None:
    assert await hall.script() == ([], 0)


async def test_exit_ends_a_script(hall: Hall) -> None:
    assert await hall.script("One", "exit", "Two") == (["You said: One"], 0)


async def test_commands_work_in_scripts(hall: Hall) -> None:
    lines, _ = await hall.script("Hello", "/model beta", "/retry", "/undo", "/dance", "/usr/bin is a path")
    assert lines == [
        "You said: Hello",
        "The model is now beta. The context stays.",
        "You said: Hello",
        "Taken back: “Hello”",
        "I don't know the command /dance. /help lists those I know.",
        "You said: /usr/bin is a path",
    ]


async def test_bad_input_gets_its_sentence_and_the_conversation_goes_on(hall: Hall) -> None:
    lines, code = await hall.script(
        "", "after", raw=b"\x00\n\xff\xfeok\n\x1b[31mred\n\xe2\x80\x8f\n" + b"x" * 1_000_000
    )
    assert lines[0] == say(Sentence.EMPTY_MESSAGE, "en")
    assert lines[1] == "You said: \N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}ok"
    assert lines[2] == "You said: [31mred"
    assert lines[3] == say(Sentence.EMPTY_MESSAGE, "en")
    assert lines[4].startswith("That message is too long for me: ")
    assert lines[5] == "You said: after"
    assert code == 0


async def test_a_line_without_an_end_in_sight_is_refused_and_the_next_one_read(hall: Hall) -> None:
    lines, _ = await hall.script("", "after", raw=b"x" * (LONGEST_LINE + 70_000))
    assert lines == [say(Sentence.TERMINAL_LINE_TOO_LONG, "en", limit=8), "You said: after"]


async def test_when_nothing_at_all_was_answered_the_exit_code_says_so(hall: Hall) -> None:
    hall.bot.models.get("").scripts.append(Script(refusal=ModelKeyRefused("401")))
    assert await hall.script("Hello") == ([say(Sentence.MODEL_KEY_REFUSED, "en")], 1)


async def test_what_failed_can_be_asked_again_in_the_next_line(hall: Hall) -> None:
    hall.bot.models.get("").scripts.append(Script(refusal=ModelKeyRefused("401")))
    lines, code = await hall.script("Hello", "/retry")
    assert lines == [say(Sentence.MODEL_KEY_REFUSED, "en"), "You said: Hello"]
    assert code == 0


async def test_a_models_control_characters_never_come_out(hall: Hall) -> None:
    hall.bot.models.get("").scripts.append(Script(("a\x1b]0;title\x07b",)))
    assert await hall.script("Hello") == (["a]0;titleb"], 0)


async def test_a_reader_that_went_away_ends_it_quietly(hall: Hall) -> None:
    descriptor, end = os.pipe()
    reader, output = os.pipe()
    os.close(reader)
    with os.fdopen(output, "w", encoding="utf-8") as gone:
        async with hall.open(PipeScreen(descriptor, gone, None, "en")) as running:
            os.write(end, b"Hello\nAgain\n")
            assert await running == 0
    os.close(end)
    os.close(descriptor)
    assert len(hall.bot.models.get("").prompts) == 1


# a person


async def test_a_person_types_reads_and_leaves(hall: Hall) -> None:
    with person(hall.bot) as ada:
        async with hall.open(ada.screen) as running:
            await ada.reads("alpha · assistant")
            ada.type("Hello\r")
            await ada.reads("You said: Hello")
            ada.type("exit\r")
            assert await running == 0


async def test_ctrl_d_leaves(hall: Hall) -> None:
    with person(hall.bot) as ada:
        async with hall.open(ada.screen) as running:
            ada.type("\x04")
            assert await running == 0


async def test_ctrl_c_at_an_empty_line_says_how_to_leave_and_leaves_the_second_time(hall: Hall) -> None:
    with person(hall.bot) as ada:
        async with hall.open(ada.screen) as running:
            ada.type("\x03")
            await ada.reads(say(Sentence.TERMINAL_HINT, "en"))
            ada.type("\x03")
            assert await running == 0


async def test_ctrl_c_stops_the_answer_and_keeps_what_is_there(hall: Hall) -> None:
    hall.bot.models.get("").scripts.append(Script(("The beginning",), stall=1e6))
    with person(hall.bot) as ada:
        async with hall.open(ada.screen):
            ada.type("Tell me everything.\r")
            await ada.reads("The beginning")
            ada.type("\x03")
            ada.type("And then?\r")
            await ada.reads("You said: And then?")
    prompt = hall.bot.models.get("").prompts[-1]
    assert [message.content for message in prompt.messages][1:3] == ["Tell me everything.", "The beginning"]


async def test_what_is_typed_while_an_answer_is_written_is_the_next_line(hall: Hall) -> None:
    hall.bot.models.get("").scripts.append(spoken("A slow answer with many words.", delay=0.01))
    with person(hall.bot) as ada:
        async with hall.open(ada.screen):
            ada.type("One\r")
            await ada.reads("A slow")
            ada.type("Two\r")
            await ada.reads("You said: Two")


async def test_a_pasted_text_of_several_lines_is_one_message(hall: Hall) -> None:
    with person(hall.bot) as ada:
        async with hall.open(ada.screen):
            ada.type("\x1b[200~one\ntwo\x1b[201~\r")
            await ada.reads("two")
            await until(lambda: bool(hall.bot.models.get("").prompts))
    assert hall.bot.models.get("").prompts[0].messages[-1].content == "one\ntwo"


async def test_after_a_restart_one_sees_where_the_conversation_stood(hall: Hall) -> None:
    await hall.script("My name is Ada.")
    with person(hall.bot) as ada:
        async with hall.open(ada.screen):
            await ada.reads(say(Sentence.TERMINAL_HISTORY, "en", question="My name is Ada."))
            await ada.reads("You said: My name is Ada.")
            ada.type("\x1b[A\r")  # the arrow upwards recalls what was typed then
            await until(lambda: ada.sees.count("You said: My name is Ada.") > 1)


async def test_an_answer_that_a_killed_process_owed_is_shown(hall: Hall) -> None:
    """The asker put its question and died; whoever opens the conversation next reads the answer."""
    await hall.bot.store.put(SEAT.incoming("left", "Are you there?", hall.bot.clock.now()))
    turn = await hall.bot.store.claim([SEAT.lane], LEASE)
    assert turn is not None
    await hall.bot.store.postpone(turn, 0.0, spent=False)
    with person(hall.bot) as ada:
        async with hall.open(ada.screen):
            ada.type("half a li")
            await ada.reads("You said: Are you there?")
            ada.type("ne\r")
            await ada.reads("You said: half a line")


async def test_an_answer_that_was_read_before_the_crash_is_not_shown_twice(hall: Hall) -> None:
    await hall.script("Hello")
    with person(hall.bot) as ada:
        async with hall.open(ada.screen):
            ada.type("Again\r")
            await ada.reads("You said: Again")
        assert ada.sees.count("You said: Hello") == 1


async def test_two_windows_on_one_conversation_both_see_the_answer(hall: Hall) -> None:
    """The worker of the other window answers what was asked here."""
    descriptor, end = os.pipe()
    other = io.StringIO()
    with person(hall.bot) as ada:
        async with hall.open(ada.screen, working=False), hall.open(PipeScreen(descriptor, other, None, "en")):
            ada.type("From here\r")
            await ada.reads("You said: From here")
            ada.type("And again\r")
            await ada.reads("You said: And again")
            assert other.getvalue().splitlines()[:2] == ["To “From here”:", "You said: From here"]
            os.close(end)
    os.close(descriptor)


async def test_a_question_that_was_interrupted_and_then_fails_is_named(hall: Hall) -> None:
    """An error does not say what it is the answer to."""
    await hall.bot.store.put(SEAT.incoming("1", "Hello", hall.bot.clock.now()))
    turn = await hall.bot.store.claim([SEAT.lane], LEASE)
    assert turn is not None
    await hall.bot.store.postpone(turn, 0.0, spent=True)
    hall.bot.models.get("").scripts.append(Script((), error=ModelKeyRefused("no")))
    lines, _ = await hall.script("And now?")
    assert lines == ["To “Hello”:", say(Sentence.MODEL_KEY_REFUSED, "en"), "You said: And now?"]


async def test_a_model_that_loads_is_named_once(hall: Hall) -> None:
    hall.loading = lambda: "smollm2"
    hall.bot.models.get("").scripts.append(spoken("Here I am.", delay=0.05))
    with person(hall.bot) as ada:
        async with hall.open(ada.screen):
            ada.type("Hello\r")
            await ada.reads("Here I am.")
            assert ada.sees.count(say(Sentence.TERMINAL_LOADING, "en", model="smollm2")) == 1


async def test_exported_files_lie_in_the_folder_and_replace_nothing(hall: Hall) -> None:
    lines, _ = await hall.script("Hello", "/export markdown", "/export markdown")
    names = [line.removeprefix("Saved ") for line in lines if line.startswith("Saved ")]
    assert len(set(names)) == 2
    assert all("You said: Hello" in (hall.folder / name).read_text(encoding="utf-8") for name in names)


# the store is away


class Away:
    """An inbox that is away until told otherwise."""

    def __init__(self, bot: Bot) -> None:
        self._put = bot.store.put
        self.away = True

    async def put(self, incoming: Incoming) -> bool:
        if self.away:
            raise StoreUnavailable("gone")
        return await self._put(incoming)


async def test_a_line_that_could_not_be_stored_stands_at_the_prompt_again(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = Away(hall.bot)
    monkeypatch.setattr(hall.bot.store, "put", inbox.put)
    with person(hall.bot) as ada:
        async with hall.open(ada.screen):
            ada.type("Do not lose me\r")
            await ada.reads(say(Sentence.STORE_AWAY, "en")[:40])
            inbox.away = False
            ada.type("\r")
            await ada.reads("You said: Do not lose me")


async def test_a_command_that_finds_no_store_is_said_not_to_be_done(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: ConversationId) -> None:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(hall.bot.store, "usage", away)
    with person(hall.bot) as ada:
        async with hall.open(ada.screen):
            ada.type("/usage\r")
            await ada.reads(say(Sentence.STORE_AWAY_UNDONE, "en")[:40])


# completion


async def test_commands_and_their_arguments_complete(hall: Hall) -> None:
    completer = CommandCompleter(hall.bot.commands, SEAT.incoming("completion", "", 0.0))

    async def complete(text: str) -> list[str]:
        return [found.text async for found in completer.get_completions_async(Document(text), CompleteEvent())]

    assert await complete("/mo") == ["/model"]
    assert await complete("/model b") == ["beta"]
    assert await complete("/export ") == ["markdown", "json", "me"]
    assert await complete("Tell me") == []
