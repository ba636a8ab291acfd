"""A visitor's conversations: listed, found, renamed, exported, deleted, and nobody else's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.clock import until
from tests.support.page import ROOM, fresh, page
from tests.support.web import web

HERE = f"/conversations/{ROOM}"
OTHER = "room-0002"


async def test_conversations_are_listed_by_their_first_question_the_newest_activity_first(tmp_path: Path) -> None:
    async with web(tmp_path) as url, page(url) as ada:
        await ada.answer("How tall is\nEverest?")
        await ada.answer("Hello", OTHER)
        await ada.answer("And K2?")
        listed = (await ada.call("GET", "/conversations")).json()["conversations"]
        assert [(entry["id"], entry["title"]) for entry in listed] == [(ROOM, "How tall is Everest?"), (OTHER, "Hello")]


async def test_a_search_finds_titles_and_what_was_said(tmp_path: Path) -> None:
    async with web(tmp_path) as url, page(url) as ada:
        await ada.answer("How tall is Everest?")
        await ada.answer("你好，世界", OTHER)
        found = [
            await ada.call("GET", f"/conversations?search={words}") for words in ("everest tall", "世界", "nobody")
        ]
        assert [[entry["id"] for entry in each.json()["conversations"]] for each in found] == [[ROOM], [OTHER], []]


async def test_a_renamed_conversation_keeps_its_name(tmp_path: Path) -> None:
    async with web(tmp_path) as url, page(url) as ada:
        await ada.answer("Hello")
        changed = await ada.call("PATCH", HERE, title=" My  mountains\n")
        assert changed.json()["title"] == "My mountains"
        await ada.answer("And now?")
        assert (await ada.show())["title"] == "My mountains"


async def test_a_model_is_chosen_for_one_conversation(tmp_path: Path) -> None:
    async with web(tmp_path) as url, page(url) as ada:
        await ada.answer("Hello")
        await ada.answer("Hello", OTHER)
        await ada.call("PATCH", HERE, model="other", persona="pirate")
        chosen = [await ada.show(room) for room in (ROOM, OTHER)]
        assert [(room["model"], room["persona"]) for room in chosen] == [("other", "pirate"), ("echo", "assistant")]


async def test_a_session_offers_models_personas_and_commands(tmp_path: Path) -> None:
    async with web(tmp_path) as url, page(url) as ada:
        session = (await ada.call("GET", "/session")).json()
        assert session["models"] == [{"id": "echo", "current": True}, {"id": "other", "current": False}]
        assert [persona["id"] for persona in session["personas"]] == ["assistant", "pirate"]
        assert {"name": "undo", "aliases": [], "usage": "/undo", "argument": None}.items() <= next(
            command for command in session["commands"] if command["name"] == "undo"
        ).items()


async def test_the_context_is_told_with_its_tokens_what_was_cut_and_the_cost(tmp_path: Path) -> None:
    async with web(tmp_path, more="context: {max_tokens: 256}") as url, page(url) as ada:
        for number in range(4):
            await ada.answer(f"{number} " + "word " * 50)
        context = (await ada.call("GET", f"{HERE}/context")).json()
        assert context["persona"] == "assistant"
        assert context["cut"]["messages"] + len(context["parts"]) == 8
        assert context["cut"]["tokens"] > 0
        assert context["used"] == context["persona_tokens"] + sum(part["tokens"] for part in context["parts"])
        assert context["used"] <= context["budget"]
        assert context["usage"]["total"]["calls"] == 4


async def test_a_conversation_is_saved_as_markdown_under_its_title_and_as_a_tree(tmp_path: Path) -> None:
    async with web(tmp_path) as url, page(url) as ada:
        await ada.answer("你好: world/?")
        markdown = await ada.call("GET", f"{HERE}/export")
        tree = await ada.call("GET", f"{HERE}/export?format=json")
        assert markdown.headers["content-disposition"].endswith("%E4%BD%A0%E5%A5%BD%20world.md")
        assert markdown.text.startswith("# 你好: world/?")
        assert [message["role"] for message in json.loads(tree.content)["messages"]] == ["user", "assistant"]


async def test_a_deleted_conversation_is_gone_also_while_an_answer_is_being_written(tmp_path: Path) -> None:
    async with web(tmp_path, delay=0.05) as url, page(url) as ada:
        turn = await ada.ask("one two three four five six seven eight nine ten")
        await until(lambda: turn in ada.words)
        assert (await ada.call("DELETE", HERE)).status_code == 204
        await until(lambda: any(event["kind"] == "removed" for event in ada.heard))
        await ada.answer("Hello", OTHER)
        listed = (await ada.call("GET", "/conversations")).json()["conversations"]
        assert [entry["id"] for entry in listed] == [OTHER]
        assert (await ada.call("GET", HERE)).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", {}),
        ("PATCH", "", {"title": "Mine"}),
        ("DELETE", "", {}),
        ("GET", "/export", {}),
        ("GET", "/context", {}),
        ("POST", "/retry", {"id": "turn-1234", "answer": "THEIRS/a"}),
        ("POST", "/messages", {"id": "turn-1234", "text": "Hi", "edits": "THEIRS/q"}),
        ("POST", "/continue", {"id": "turn-1234", "answer": "THEIRS/a"}),
    ],
)
async def test_another_visitors_conversation_is_as_one_that_does_not_exist(
    tmp_path: Path, method: str, path: str, body: dict[str, str]
) -> None:
    async with web(tmp_path) as url, page(url) as ada, page(url) as eve:
        theirs = await ada.ask("Our secret")
        await ada.answered(theirs)
        named = {key: value.replace("THEIRS", theirs) for key, value in body.items()}
        refused = await eve.call(method, f"{HERE}{path}", **named)
        assert refused.status_code == 404
        assert await ada.texts() == ["Our secret", "You said: Our secret"]
        assert not eve.heard


async def test_what_another_visitor_stops_is_not_stopped(tmp_path: Path) -> None:
    async with web(tmp_path, delay=0.05) as url, page(url) as ada, page(url) as eve:
        turn = await ada.ask("one two three four")
        await until(lambda: turn in ada.words)
        assert await eve.tell(f"{HERE}/stop", turn=turn) == {"stopped": False}
        assert await ada.answered(turn) == "You said: one two three four"


@pytest.mark.parametrize("name", ["short", "a" * 41, "room_0001", "%2e%2e%2f%2e%2e%2f"])
async def test_what_no_page_calls_a_conversation_does_not_exist(tmp_path: Path, name: str) -> None:
    async with web(tmp_path) as url, page(url) as ada:
        refused = await ada.call("POST", f"/conversations/{name}/messages", id=fresh(), text="Hello")
        assert refused.status_code == 404
