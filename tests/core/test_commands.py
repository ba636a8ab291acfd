"""What people can do besides talking, on every platform alike."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.conversations.access import Access
from core.conversations.commands import COMMANDS, find, parse
from core.conversations.reports import cost, excerpt
from core.domain import ConversationId, PersonId, Sender
from core.errors import BadArgument, ModelKeyRefused, NotAllowed, UnknownCommand
from core.llm.scripted import Script, spoken
from core.wording import Sentence, say
from tests.contracts.making import asked
from tests.support.bot import LANE, LEASE, Bot, Notes, open_bot
from tests.support.clock import ManualClock


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Bot]:
    async with open_bot(tmp_path, ManualClock()) as bot:
        yield bot


FAILS = Script(refusal=ModelKeyRefused("401"))


@pytest.mark.parametrize(
    ("text", "invocation"),
    [
        ("/new", ("new", "")),
        ("  /MODEL  gpt-5 mini ", ("model", "gpt-5 mini")),
        ("/persona\tpirate", ("persona", "pirate")),
        ("/usr/bin/env is where?", None),
        ("/ new", None),
        ("//", None),
        ("1/2", None),
        ("Tell me about /new", None),
    ],
)
def test_what_is_a_command(text: str, invocation: tuple[str, str] | None) -> None:
    assert parse(text) == invocation


def test_no_two_commands_share_a_name() -> None:
    names = [name for command in COMMANDS for name in (command.name, *command.aliases)]
    assert len(names) == len(set(names))


def test_every_name_of_a_command_has_its_words_for_the_menu_of_discord() -> None:
    names = {f"command_{name}" for command in COMMANDS for name in (command.name, *command.aliases)}
    assert names <= set(Sentence)


def test_an_alias_is_the_command_itself() -> None:
    assert find("reset") is find("NEW")


async def test_an_unknown_command_says_so_and_changes_nothing(bot: Bot) -> None:
    await bot.tell("Hello")
    with pytest.raises(UnknownCommand) as problem:
        await bot.run("/dance now")
    assert problem.value.values == {"command": "dance"}
    assert await bot.context() == ["Hello", "You said: Hello"]


async def test_an_argument_that_is_not_taken_is_named(bot: Bot) -> None:
    with pytest.raises(BadArgument) as problem:
        await bot.run("/undo 3")
    assert (
        say(problem.value.sentence, "en", **problem.value.values) == "/undo does not take “3”. Possible: /undo alone."
    )


# /new


async def test_after_new_the_model_sees_nothing_of_before(bot: Bot) -> None:
    await bot.tell("My name is Ada.")
    await bot.run("/new")
    assert (await bot.tell("Who am I?")).final == "You said: Who am I?"
    assert await bot.context() == ["Who am I?", "You said: Who am I?"]


async def test_new_beside_a_running_turn_wins(bot: Bot) -> None:
    await bot.store.put(bot.incoming("Slow"))
    turn = await bot.store.claim([LANE], LEASE)
    assert turn is not None
    await bot.run("/new")
    notes = Notes()
    await bot.store.finish(turn, await bot.conversations.answer(turn, notes))
    assert notes.final == "You said: Slow"
    assert await bot.context() == []


# /model and /persona


async def test_models_are_choices_with_the_current_one_marked(bot: Bot) -> None:
    reaction = await bot.run("/model")
    assert [(choice.value, choice.current) for choice in reaction.choices] == [("alpha", True), ("beta", False)]


async def test_a_switched_model_answers_with_the_same_context(bot: Bot) -> None:
    await bot.tell("My name is Ada.")
    await bot.run("/model beta")
    await bot.tell("Who am I?")
    asked = bot.models.get("beta").prompts[-1].messages
    assert [message.content for message in asked] == [
        "Be helpful.",
        "My name is Ada.",
        "You said: My name is Ada.",
        "Who am I?",
    ]


@pytest.mark.parametrize("spelling", ["beta", "BETA", "be", "B"])
async def test_a_name_is_known_in_any_case_and_by_its_beginning(bot: Bot, spelling: str) -> None:
    assert (await bot.run(f"/model {spelling}")).text == "The model is now beta. The context stays."


async def test_a_wrong_name_lists_what_is_possible(bot: Bot) -> None:
    with pytest.raises(BadArgument) as problem:
        await bot.run("/model gamma")
    assert problem.value.values["expected"] == "alpha, beta"


async def test_an_ambiguous_beginning_lists_what_it_could_be(tmp_path: Path) -> None:
    async with open_bot(tmp_path, ManualClock(), models=("gpt-5", "gpt-5-mini", "smol")) as bot:
        with pytest.raises(BadArgument) as problem:
            await bot.run("/model gpt")
        assert problem.value.values["expected"] == "gpt-5, gpt-5-mini"
        assert "gpt-5." in (await bot.run("/model GPT-5")).text


async def test_a_persona_speaks_from_now_on(bot: Bot) -> None:
    await bot.tell("Hello")
    await bot.run("/persona pi")
    await bot.tell("Again")
    assert bot.models.get("").prompts[-1].messages[0].content == "Speak like a pirate."
    assert await bot.context() == ["Hello", "You said: Hello", "Again", "You said: Again"]


async def test_arguments_complete_from_their_beginning_then_from_their_middle(bot: Bot) -> None:
    found = await bot.commands.complete("persona", "a", bot.incoming())
    assert [choice.value for choice in found] == ["assistant", "pirate"]
    assert await bot.commands.complete("undo", "", bot.incoming()) == ()


# /retry


async def test_retry_is_a_sibling_that_takes_the_answers_place(bot: Bot) -> None:
    await bot.tell("Roll a die.", spoken("One."))
    assert (await bot.tell("/retry", spoken("Six."))).final == "Six."
    assert await bot.context() == ["Roll a die.", "Six."]


async def test_retry_asks_again_what_failed(bot: Bot) -> None:
    await bot.tell("Hello")
    assert (await bot.tell("And now?", FAILS)).problem
    assert (await bot.tell("/retry")).final == "You said: And now?"
    assert await bot.context() == ["Hello", "You said: Hello", "And now?", "You said: And now?"]


async def test_there_may_be_nothing_to_retry(bot: Bot) -> None:
    reaction = await bot.run("/retry")
    assert (reaction.text, reaction.turn) == (say(Sentence.RETRY_NOTHING, "en"), None)


# /undo


async def test_undo_takes_back_one_question_after_the_other(bot: Bot) -> None:
    await bot.tell("One")
    await bot.tell("Two")
    assert (await bot.run("/undo")).text == "Taken back: “Two”"
    assert await bot.context() == ["One", "You said: One"]
    assert (await bot.run("/undo")).text == "Taken back: “One”"
    assert (await bot.run("/undo")).text == say(Sentence.UNDO_NOTHING, "en")


async def test_undo_after_an_error_takes_back_the_question_that_failed(bot: Bot) -> None:
    await bot.tell("One")
    await bot.tell("Two", FAILS)
    assert (await bot.run("/undo")).text == "Taken back: “Two”"
    assert await bot.context() == ["One", "You said: One"]
    assert (await bot.run("/undo")).text == "Taken back: “One”"


async def test_undo_while_an_answer_is_written_takes_that_one_back(bot: Bot) -> None:
    await bot.tell("One")
    await bot.store.put(bot.incoming("Two"))
    turn = await bot.store.claim([LANE], LEASE)
    assert turn is not None
    assert (await bot.run("/undo")).text == say(Sentence.UNDO_RUNNING, "en")
    await bot.store.finish(turn, await bot.conversations.answer(turn, Notes()))
    assert await bot.context() == ["One", "You said: One"]


async def test_undo_while_an_answer_is_kept_already_and_only_being_shown_takes_that_one_back(bot: Bot) -> None:
    await bot.tell("One")
    await bot.store.put(bot.incoming("Two"))
    turn = await bot.store.claim([LANE], LEASE)
    assert turn is not None
    outcome = await bot.conversations.answer(turn, Notes())
    assert (await bot.run("/undo")).text == "Taken back: “Two”"
    await bot.store.finish(turn, outcome)
    assert await bot.context() == ["One", "You said: One"]


async def test_undo_takes_back_the_last_question_also_when_its_turn_ends_that_very_moment(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bot.tell("One")
    await bot.store.put(bot.incoming("Two"))
    turn = await bot.store.claim([LANE], LEASE)
    assert turn is not None
    outcome, stop = await bot.conversations.answer(turn, Notes()), bot.store.stop

    async def stop_too_late(conversation: ConversationId) -> bool:
        stopped = await stop(conversation)
        await bot.store.finish(turn, outcome)
        return stopped

    monkeypatch.setattr(bot.store, "stop", stop_too_late)
    assert (await bot.run("/undo")).text == "Taken back: “Two”"
    assert await bot.context() == ["One", "You said: One"]


# /stop, /context, /usage, /help


async def test_stop_without_anything_running_says_so(bot: Bot) -> None:
    assert (await bot.run("/stop")).text == say(Sentence.STOP_NOTHING, "en")


async def test_context_shows_every_part_and_their_sum(bot: Bot) -> None:
    await bot.tell("Hello")
    lines = (await bot.run("/context")).text.splitlines()
    assert lines[0] == "What alpha would see (exact counts):"
    assert lines[1].endswith("persona assistant")
    assert [line.split("· ")[1] for line in lines[2:4]] == ["you: Hello", "alpha: You said: Hello"]
    tokens = [int(line.split()[0]) for line in lines[1:4]]
    assert lines[-1].startswith(f"{sum(tokens)} of ")


async def test_usage_adds_up_what_was_read_and_written(bot: Bot) -> None:
    await bot.tell("Hello")
    total, today = (await bot.run("/usage")).text.splitlines()
    assert total.startswith("This conversation: ")
    assert "$0.0" in total
    assert today.startswith("Today: ")


async def test_what_nothing_was_used_of_cost_nothing(bot: Bot) -> None:
    assert all(line.endswith("0 written, $0.00.") for line in (await bot.run("/usage")).text.splitlines())


async def test_help_names_every_command_in_the_users_language(bot: Bot) -> None:
    text = (await bot.run("/help", language="zh-CN")).text
    assert all((f"/{command.name}" in text) is not command.admin_only for command in COMMANDS)
    assert say(Sentence.HELP_NEW, "zh") in text


# /export


async def test_export_gives_the_branch_as_markdown_and_the_tree_as_json(bot: Bot) -> None:
    await bot.tell("Roll a die.", spoken("One."))
    await bot.tell("/retry", spoken("Six."))
    markdown, tree = (await bot.run("/export")).documents
    assert markdown.name.endswith(".md")
    assert "Roll a die." in markdown.content.decode()
    assert "Six." in markdown.content.decode()
    assert "One." not in markdown.content.decode()
    exported = json.loads(tree.content)
    assert [message["parts"][0]["text"] for message in exported["messages"]] == ["Roll a die.", "One.", "Six."]
    assert exported["head"] == exported["messages"][-1]["id"]
    assert exported["messages"][0]["at"].endswith("+00:00")
    assert exported["messages"][1]["usage"]["completion"] > 0


async def test_export_gives_one_format_when_asked(bot: Bot) -> None:
    await bot.tell("Hello")
    assert [document.media_type for document in (await bot.run("/export json")).documents] == ["application/json"]


async def test_there_may_be_nothing_to_export(bot: Bot) -> None:
    assert (await bot.run("/export")).documents == ()


# permissions


async def test_who_is_not_on_the_list_may_do_nothing(tmp_path: Path) -> None:
    async with open_bot(tmp_path, ManualClock(), Access(users=frozenset({"test:ada"}))) as bot:
        await bot.run("/help")
        with pytest.raises(NotAllowed):
            await bot.run("/help", person="test:eve")


async def test_a_restricted_command_is_for_admins_and_not_in_others_menus(tmp_path: Path) -> None:
    access = Access(admins=frozenset({"test:root"}), restricted=frozenset({"model"}))
    async with open_bot(tmp_path, ManualClock(), access) as bot:
        with pytest.raises(NotAllowed):
            await bot.run("/model beta")
        assert "/model" not in (await bot.run("/help")).text
        assert "beta" in (await bot.run("/model beta", person="test:root")).text


@pytest.mark.parametrize(
    ("access", "sender", "chat", "allowed"),
    [
        (Access(), "x:1", "x:chat", True),
        (Access(users=frozenset({"x:1"})), "x:1", "x:chat", True),
        (Access(users=frozenset({"x:1"})), "x:2", "x:chat", False),
        (Access(chats=frozenset({"x:chat"})), "x:2", "x:chat", True),
        (Access(chats=frozenset({"x:chat"})), "x:2", "x:other", False),
        (Access(users=frozenset({"x:1"}), admins=frozenset({"x:9"})), "x:9", "x:chat", True),
    ],
)
def test_a_list_grants_and_no_list_grants_to_everybody(access: Access, sender: str, chat: str, allowed: bool) -> None:
    assert access.allows(asked("1", conversation=f"{chat}/7", sender=Sender(PersonId(sender)))) is allowed


@pytest.mark.parametrize("place", ["x:channel", "x:server"])
def test_a_listed_place_grants_to_all_that_lies_in_it(place: str) -> None:
    access = Access(chats=frozenset({place}))
    assert access.allows(asked("1", conversation="x:thread", places=("x:channel", "x:server")))
    assert not access.allows(asked("1", conversation="x:thread", places=("x:other",)))


# small things


@pytest.mark.parametrize(
    ("nano", "read"),
    [
        (None, "no price known"),
        (0, "$0.00"),
        (1, "< $0.0001"),
        (1_200_000, "$0.0012"),
        (12_345_678, "$0.0123"),
        (1_234_567_890, "$1.23"),
    ],
)
def test_money_is_readable(nano: int | None, read: str) -> None:
    assert cost(nano, "en") == read


def test_an_excerpt_is_one_short_line() -> None:
    assert excerpt("one\n\n two") == "one two"
    assert len(excerpt("word " * 1000)) <= 60
    assert excerpt("x" * 61).endswith("…")
    assert excerpt("x" * 60) == "x" * 60
