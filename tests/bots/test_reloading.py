"""A configuration that changes while the process runs: what is taken up, what waits, and what a mistake does: nothing."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog

from bots import wiring
from bots.shared.reloading import LOOK, SETTLING, Reloading
from core.config import Config, load
from core.domain import ConversationId, Incoming, PersonId, Sender, TextPart, TurnId
from core.errors import ModelKeyRefused, NotAllowed, QuestionFlagged
from core.telemetry.logs import LogPolicy, set_up
from tests.support.bot import LANE, LEASE, Notes
from tests.support.clock import ManualClock, until
from tests.support.completions import KEY, CompletionsServer

BASE = "models: [{id: echo, provider: scripted}]\nstore: sqlite:///{folder}/parlour.db\nweb: {port: 0}\n"


class Operator:
    """Somebody who edits a file, and what they see of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "config.yaml"
        self.clock = ManualClock()
        self.taken: list[Config] = []
        self.lines: list[str] = []
        self.write("")

    def write(self, more: str) -> None:
        """Replaces the file, as editors do: so it is another one, however quickly that happened."""
        new = self.folder / "new.yaml"
        new.write_text(BASE.replace("{folder}", str(self.folder)) + more)
        new.replace(self.file)

    def watching(self) -> Reloading:
        return Reloading(load(self.file), self.file, self.clock, self.taken.append, self.lines.append)

    async def hears(self, times: int) -> None:
        """Time passes until there were so many lines."""
        while len(self.lines) < times:
            await self.clock.advance(LOOK)
            await asyncio.sleep(0.005)


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return Operator(tmp_path)


async def test_what_may_change_is_taken_up_and_named(operator: Operator) -> None:
    async with operator.watching():
        operator.write("limits: {tokens: {user: 5}}\naccess: {users: ['web:ada']}")
        await operator.hears(1)
    assert operator.taken[-1].limits.tokens.user == 5
    assert operator.taken[-1].access.users == ("web:ada",)
    assert operator.lines == [f"taken up from {operator.file}: access, limits"]


async def test_what_needs_a_restart_is_said_once_and_left_as_it_was(operator: Operator) -> None:
    async with operator.watching():
        operator.write("inbox: {lease: 60s}")
        await operator.hears(1)
        operator.write("inbox: {lease: 60s}\ncontext: {max_tokens: 500}")
        await operator.hears(2)
    assert operator.lines == [
        f"changed in {operator.file}, and taken up by a restart: inbox",
        f"taken up from {operator.file}: context",
    ]
    assert [(config.inbox.lease, config.context.max_tokens) for config in operator.taken] == [(30.0, 500)]


async def test_a_broken_file_changes_nothing_and_says_what_is_wrong(operator: Operator) -> None:
    async with operator.watching():
        operator.write("limits: {tokens: {user: many}}")
        await operator.hears(1)
        operator.write("limits: {tokens: {user: 7}}")
        await operator.hears(2)
    assert operator.lines[0].startswith(f"the configuration stays as it was: {operator.file}: limits.tokens.user: ")
    assert [config.limits.tokens.user for config in operator.taken] == [7]


async def test_a_file_that_is_gone_is_no_empty_one(operator: Operator) -> None:
    async with operator.watching():
        operator.file.unlink()
        await operator.hears(1)
    assert operator.taken == []
    assert "cannot be read" in operator.lines[0]


@pytest.mark.parametrize("written", ["", " \n\n", "# access:\n#   users: ['web:bob']\n", "\ufeff---\n  # Nothing.\n"])
async def test_a_file_that_says_nothing_opens_nothing(written: str, operator: Operator) -> None:
    operator.write("access: {users: ['web:bob']}")
    async with operator.watching():
        operator.file.write_text(written, encoding="utf-8")
        await operator.hears(1)
    assert operator.taken == []
    assert operator.lines == [f"the configuration stays as it was: {operator.file}: holds nothing"]


async def test_a_pipe_in_its_place_that_nobody_writes_into_is_not_waited_for(operator: Operator) -> None:
    async with operator.watching():
        pipe = operator.folder / "pipe"
        os.mkfifo(pipe)
        pipe.replace(operator.file)
        await operator.hears(1)
        operator.write("context: {max_tokens: 500}")
        await operator.hears(2)
    assert operator.lines == [
        f"the configuration stays as it was: {operator.file}: cannot be read again: it is no plain file",
        f"taken up from {operator.file}: context",
    ]


async def test_a_file_that_was_changed_and_is_as_old_and_as_long_as_before_is_another(operator: Operator) -> None:
    """As copying with times does, or a file that its reader may read at last."""
    operator.write("answer: {attempts: 2}")
    before = operator.file.stat()
    async with operator.watching():
        while operator.file.stat().st_ctime_ns == before.st_ctime_ns:  # it ticks more slowly than this writes
            operator.file.write_text(operator.file.read_text().replace("attempts: 2", "attempts: 3"))
        os.utime(operator.file, ns=(before.st_atime_ns, before.st_mtime_ns))
        await operator.hears(1)
    assert operator.lines == [f"taken up from {operator.file}: answer"]


async def test_a_file_is_read_when_it_is_written_to_its_end(operator: Operator) -> None:
    async with operator.watching():
        with operator.file.open("a") as saving:
            saving.write("limits: {tokens: {user: 5}}\n")
            saving.flush()
            await operator.clock.advance(LOOK)
            await until(lambda: operator.clock.next_alarm == SETTLING)
            saving.write("access: {users: ['web:bob']}\n")
        await operator.hears(1)
    assert operator.lines == [f"taken up from {operator.file}: access, limits"]


async def test_what_names_something_that_waits_for_a_restart_waits_with_it(operator: Operator) -> None:
    models = "models: [{id: echo, provider: scripted}, {id: new, provider: scripted}]"
    operator.file.write_text(BASE.replace("{folder}", str(operator.folder)))
    async with operator.watching():
        text = operator.file.read_text().splitlines()[1:]
        more = [
            "access: {groups: {everybody: {models: [new]}}}",
            "limits: {downgrade_to: new}",
            "answer: {attempts: 2}",
        ]
        operator.file.write_text("\n".join([models, *text, *more]))
        await operator.hears(2)
    assert operator.lines == [
        f"taken up from {operator.file}: answer",
        f"changed in {operator.file}, and taken up by a restart: models, access, limits",
    ]
    assert operator.taken[-1].access.groups == {}


async def test_a_mistake_that_is_undone_is_said_to_be(operator: Operator) -> None:
    async with operator.watching():
        operator.write("limits: [")
        await operator.hears(1)
        operator.write("")
        await operator.hears(2)
    assert operator.lines[1] == f"nothing to take up: what {operator.file} says holds already"


async def test_who_asks_hears_a_word_also_where_nothing_changed(operator: Operator) -> None:
    async with operator.watching() as reloading:
        reloading.ask()
        await until(lambda: bool(operator.lines))
    assert operator.lines == [f"nothing to take up: what {operator.file} says holds already"]


async def test_the_environment_file_is_watched_too(operator: Operator) -> None:
    operator.write("limits: {tokens: {user: '${TOKENS_OF_ADA:-3}'}}")
    async with operator.watching():
        (operator.folder / ".env").write_text("TOKENS_OF_ADA=9\n")
        await operator.hears(1)
    assert operator.taken[-1].limits.tokens.user == 9


async def test_a_key_and_the_calls_at_once_are_taken_up_and_everything_else_of_a_provider_waits(
    operator: Operator,
) -> None:
    mine = "providers: {mine: {base_url: 'http://127.0.0.1:1/v1', api_key: '${MY_KEY}'"
    named = operator.folder / ".env"
    named.write_text("MY_KEY=old-key\n")
    operator.write(f"{mine}}}}}")
    async with operator.watching():
        named.write_text("MY_KEY=new-key\n")
        await operator.hears(1)
        operator.write(f"{mine}, at_once: 3}}}}")
        await operator.hears(2)
        operator.write(f"{mine}, at_once: 3, stall: 3s}}}}")
        await operator.hears(3)
    taken = [config.providers["mine"] for config in operator.taken]
    assert [(each.api_key.get_secret_value(), each.at_once) for each in taken] == [("new-key", None), ("new-key", 3)]
    assert operator.lines[2] == f"changed in {operator.file}, and taken up by a restart: providers"


async def test_a_first_key_waits_for_a_restart(operator: Operator) -> None:
    operator.write("providers: {mine: {base_url: 'http://127.0.0.1:1/v1'}}")
    async with operator.watching():
        operator.write("providers: {mine: {base_url: 'http://127.0.0.1:1/v1', api_key: first-key}}")
        await operator.hears(1)
    assert operator.taken == []


async def test_who_asks_need_not_wait(operator: Operator) -> None:
    async with operator.watching() as reloading:
        operator.write("limits: {tokens: {user: 5}}")
        reloading.ask()
        await until(lambda: bool(operator.lines))


async def test_a_process_without_a_terminal_takes_it_up_on_sighup(operator: Operator) -> None:
    serving = asyncio.create_task(
        wiring.serve(load(operator.file), ["web"], operator.lines.append, operator.file), name="web page"
    )
    try:
        await until(lambda: serving.done() or bool(operator.lines))
        operator.write("answer: {attempts: 2}")
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: f"taken up from {operator.file}: answer" in operator.lines)
        assert not serving.done()
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


@asynccontextmanager
async def running(operator: Operator) -> AsyncIterator[wiring.House]:
    async with wiring.house(load(operator.file)) as here:
        yield here


async def test_what_was_taken_up_holds_from_the_next_turn_on(operator: Operator) -> None:
    async with running(operator) as here:
        assert (await answer(here, "1")).final == "You said: Hello"
        operator.write(
            "access: {users: ['web:bob'], admins: ['web:bob']}\nlimits: {messages: {user: 1/1d}}\n"
            "personas: [{name: pirate, prompt: Arr}]"
        )
        here.take_up(load(operator.file))
        assert isinstance((await answer(here, "2")).problem, NotAllowed)
        with pytest.raises(NotAllowed):
            await here.commands.admit(incoming(here, "3"))
        assert here.personas.names() == ("pirate",)
        operator.write("limits: {messages: {user: 1/1d}}")
        here.take_up(load(operator.file))
        shown = [await answer(here, name) for name in ("4", "5")]
        assert [bool(notes.final) for notes in shown] == [True, False]


async def test_a_changed_key_is_used_from_the_next_question_on_and_hidden_from_the_log(
    operator: Operator, stream: io.StringIO
) -> None:
    async with CompletionsServer(key="the-old-key") as server:
        own = f"providers: {{mine: {{base_url: '{server.url}', api_key: KEY}}}}\nmodels: [{{id: gpt, provider: mine}}]"
        file = operator.folder / "own.yaml"
        file.write_text(own.replace("KEY", "the-old-key") + f"\nstore: sqlite:///{operator.folder}/parlour.db")
        async with wiring.house(load(file)) as here:
            assert (await answer(here, "1")).final == "Hello there."
            server.key = "the-new-key"
            assert isinstance((await answer(here, "2")).problem, ModelKeyRefused)
            set_up(LogPolicy(format="json"), stream)
            file.write_text(file.read_text().replace("the-old-key", "the-new-key"))
            here.take_up(load(file))
            assert (await answer(here, "3")).final == "Hello there."
            structlog.get_logger("parlour").warning("said", detail="the-new-key")
    assert "said" in stream.getvalue()
    assert "the-new-key" not in stream.getvalue()


async def test_moderation_can_be_turned_on_and_off_while_it_runs(operator: Operator) -> None:
    async with CompletionsServer() as server:
        provider = f"providers: {{judge: {{base_url: '{server.url}', api_key: {KEY}}}}}\n"
        operator.write(provider)
        async with running(operator) as here:
            server.judge.words["Hello"] = {"hate": 0.9}
            assert (await answer(here, "1")).final == "You said: Hello"
            operator.write(f"{provider}moderation: {{provider: judge}}")
            here.take_up(load(operator.file))
            assert isinstance((await answer(here, "2")).problem, QuestionFlagged)
            assert here.conversations.checked_by == "judge"
            operator.write(provider)
            here.take_up(load(operator.file))
            assert (await answer(here, "3")).final == "You said: Hello"
            assert len(server.requests) == 1


def incoming(here: wiring.House, name: str) -> Incoming:
    person = Sender(PersonId("web:ada"))
    parts = (TextPart("Hello"),)
    return Incoming(TurnId(name), ConversationId("web:ada/1"), LANE, person, parts, here.clock.now())


async def answer(here: wiring.House, name: str) -> Notes:
    """To a question of Ada's."""
    await here.store.put(incoming(here, name))
    turn = await here.store.claim([LANE], LEASE)
    assert turn is not None
    notes = Notes()
    await here.store.finish(turn, await here.conversations.answer(turn, notes))
    return notes
