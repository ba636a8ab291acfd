"""Saying something on the page: asked once, answered whole, and all that can be done with an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.wording import Sentence, say
from tests.support.clock import until
from tests.support.completions import CompletionsServer, answer, cut, refuse, stall, words
from tests.support.page import ROOM, fresh, page
from tests.support.web import web

SLOW = 0.2
"""Seconds for a word: long enough to do something in the middle of an answer."""
HERE = f"/conversations/{ROOM}"


async def test_an_answer_grows_word_by_word_and_is_kept_whole(tmp_path: Path) -> None:
    async with web(tmp_path, delay=0.05) as url, page(url) as ada:
        assert await ada.answer("good morning to you") == "You said: good morning to you"
        grown = [event["text"] for event in ada.heard if event["kind"] == "words"]
        assert len(grown) > 1
        assert await ada.texts() == ["good morning to you", "You said: good morning to you"]


async def test_a_question_that_comes_again_is_asked_once(tmp_path: Path) -> None:
    async with web(tmp_path) as url, page(url) as ada:
        turn = await ada.ask("Hello")
        again = await ada.call("POST", f"{HERE}/messages", id=turn, text="Hello")
        await ada.answered(turn)
        late = await ada.call("POST", f"{HERE}/messages", id=turn, text="Hello")
        assert (again.status_code, late.status_code) == (202, 202)
        assert await ada.texts() == ["Hello", "You said: Hello"]


async def test_an_edited_question_branches_and_both_branches_stay(tmp_path: Path) -> None:
    async with web(tmp_path) as url, page(url) as ada:
        first = await ada.ask("Hello")
        await ada.answered(first)
        await ada.answer("And now?")
        second = await ada.ask("Good evening", edits=f"{first}/q")
        await ada.answered(second)
        question = (await ada.show())["messages"][0]
        assert (question["text"], question["siblings"]) == ("Good evening", [f"{first}/q", f"{second}/q"])
        await ada.call("PATCH", HERE, show=f"{first}/q")
        assert await ada.texts() == ["Hello", "You said: Hello", "And now?", "You said: And now?"]


async def test_another_answer_takes_the_place_of_an_earlier_one_wherever_that_is(tmp_path: Path) -> None:
    """Also of one that the conversation has gone on from: what came after it stays on its own branch, and a request that
    comes again takes nobody away from there."""
    async with web(tmp_path) as url, page(url) as ada:
        first = await ada.ask("Hello")
        await ada.answered(first)
        await ada.answer("And now?")
        again = fresh()
        await ada.tell(f"{HERE}/retry", id=again, answer=f"{first}/a")
        await ada.answered(again)
        _, shown = (await ada.show())["messages"]
        assert (shown["id"], shown["siblings"]) == (f"{again}/a", [f"{first}/a", f"{again}/a"])
        await ada.call("PATCH", HERE, show=f"{first}/a")
        await ada.tell(f"{HERE}/retry", id=again, answer=f"{first}/a")
        assert (await ada.texts())[2:] == ["And now?", "You said: And now?"]


async def test_an_answer_that_stopped_for_its_length_goes_on(tmp_path: Path) -> None:
    async with CompletionsServer() as model:
        model.plan(answer("One two", finish="length"), answer("three."))
        async with web(tmp_path, model=model, more="answer: {max_tokens: 1}") as url, page(url) as ada:
            assert await ada.answer("Count") == "One two"
            turn = fresh()
            await ada.tell(f"{HERE}/continue", id=turn)
            assert await ada.answered(turn) == "three."
            assert await ada.texts() == ["Count", "One two", say(Sentence.GO_ON, "en"), "three."]
            again, late = [await ada.call("POST", f"{HERE}/continue", id=name) for name in (turn, fresh())]
            assert (again.status_code, late.status_code) == (202, 409)


async def test_a_stopped_answer_keeps_its_words(tmp_path: Path) -> None:
    async with web(tmp_path, delay=SLOW) as url, page(url) as ada:
        turn = await ada.ask("one two three four five six seven eight nine ten")
        await until(lambda: turn in ada.words)
        assert await ada.tell(f"{HERE}/stop", turn=turn) == {"stopped": True}
        assert (await ada.answered(turn)).startswith("You")
        assert (await ada.show())["messages"][1]["finish"] == "stopped"


async def test_a_question_that_waits_can_be_taken_back(tmp_path: Path) -> None:
    async with web(tmp_path, delay=SLOW) as url, page(url) as ada:
        first = await ada.ask("one two three")
        await until(lambda: first in ada.words)
        second = await ada.ask("never mind")
        assert await ada.tell(f"{HERE}/stop", turn=second) == {"stopped": True}
        assert [asked["turn"] for asked in (await ada.show())["pending"]] == [first]


async def test_what_failed_says_why_keeps_its_text_and_can_be_asked_again(tmp_path: Path) -> None:
    async with CompletionsServer() as model:
        model.plan(refuse(400, "No.", "invalid_request_error"), answer("Well."))
        async with web(tmp_path, model=model) as url, page(url) as ada:
            turn = await ada.ask("Hello")
            assert await ada.answered(turn) == say(Sentence.REQUEST_REFUSED, "en")
            await until(lambda: ada.heard[-1]["kind"] == "changed")
            failed = (await ada.show())["failed"]
            assert (failed["turn"], failed["text"], failed["message"]) == (turn, "Hello", await ada.answered(turn))
            again = fresh()
            await ada.tell(f"{HERE}/retry", id=again)
            assert await ada.answered(again) == "Well."
            assert (await ada.show())["failed"] is None


async def test_a_command_is_run_and_not_asked(tmp_path: Path) -> None:
    async with web(tmp_path) as url, page(url) as ada:
        await ada.answer("Hello")
        said = await ada.tell(f"{HERE}/messages", id=fresh(), text="/persona pir")
        assert said["reaction"]["text"] == say(Sentence.PERSONA_CHANGED, "en", name="pirate")
        assert (await ada.show())["persona"] == "pirate"


async def test_a_conversation_that_is_forgotten_is_gone_from_every_page(tmp_path: Path) -> None:
    async with web(tmp_path) as url, page(url) as ada:
        await ada.answer("Hello")
        said = await ada.tell(f"{HERE}/messages", id=fresh(), text="/forget conversation")
        assert "entries are deleted" in said["reaction"]["text"]
        await until(lambda: ada.heard[-1]["kind"] == "removed")
        assert (await ada.call("GET", HERE)).status_code == 404
        assert (await ada.call("GET", "/conversations")).json() == {"conversations": []}


async def test_a_command_that_comes_again_is_run_once(tmp_path: Path) -> None:
    async with web(tmp_path) as url, page(url) as ada:
        await ada.answer("One")
        await ada.answer("Two")
        undo = {"id": fresh(), "text": "/undo"}
        said = [await ada.tell(f"{HERE}/messages", **undo) for _ in range(2)]
        assert said[0] == said[1]
        assert await ada.texts() == ["One", "You said: One"]


async def test_a_typed_retry_is_shown_like_any_answer(tmp_path: Path) -> None:
    async with web(tmp_path) as url, page(url) as ada:
        await ada.answer("Hello")
        turn = fresh()
        said = await ada.tell(f"{HERE}/messages", id=turn, text="/retry")
        assert said["reaction"]["turn"] == turn
        assert await ada.answered(turn) == "You said: Hello"


async def test_a_conversation_begins_with_the_model_and_persona_that_were_chosen(tmp_path: Path) -> None:
    async with web(tmp_path) as url, page(url) as ada:
        await ada.answer("Ahoy", model="other", persona="pirate")
        shown = await ada.show()
        assert (shown["model"], shown["persona"], shown["messages"][1]["model"]) == ("other", "pirate", "other")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("messages", {"id": "turn-1234", "text": " \n "}, 422, "empty_message"),
        ("messages", {"id": "turn-1234", "text": "/nothing"}, 422, "unknown_command"),
        ("messages", {"id": "turn-1234", "text": "/model gamma"}, 422, "bad_argument"),
        ("messages", {"id": "turn-1234", "text": "Hi", "model": "gamma"}, 422, "bad_argument"),
        ("messages", {"id": "../turn", "text": "Hi"}, 422, "web_request_unreadable"),
        ("messages", {"id": "turn-1234", "text": ["Hi"]}, 422, "web_request_unreadable"),
        ("messages", {"id": "turn-1234"}, 422, "web_request_unreadable"),
        ("messages", {"id": "turn-1234", "text": "Hi", "edits": "turn-9999/q"}, 404, "web_message_unknown"),
        ("retry", {"id": "turn-1234"}, 409, "retry_nothing"),
        ("retry", {"id": "turn-1234", "answer": "turn-9999/a"}, 404, "web_message_unknown"),
        ("continue", {"id": "turn-1234"}, 404, "web_message_unknown"),
    ],
)
async def test_what_cannot_be_done_is_refused_in_a_sentence(
    tmp_path: Path, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    async with web(tmp_path) as url, page(url) as ada:
        refused = await ada.call("POST", f"{HERE}/{path}", **body)
        error = refused.json()["error"]
        assert (refused.status_code, error["code"]) == (status, code)
        assert error["message"].endswith(".")


async def test_a_message_larger_than_the_window_fails_with_its_text_kept(tmp_path: Path) -> None:
    async with web(tmp_path, more="context: {max_tokens: 256}") as url, page(url) as ada:
        long = "word " * 300
        turn = await ada.ask(long)
        assert "too long" in await ada.answered(turn)
        await until(lambda: ada.heard[-1]["kind"] == "changed")
        assert (await ada.show())["failed"]["text"] == long.strip()


async def test_who_may_not_talk_to_the_bot_is_told_so(tmp_path: Path) -> None:
    async with web(tmp_path, more="access: {users: ['telegram:1']}") as url, page(url) as ada:
        refused = await ada.call("POST", f"{HERE}/messages", id=fresh(), text="Hello")
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not_let_in")


async def test_errors_are_in_the_visitors_language(tmp_path: Path) -> None:
    async with CompletionsServer() as model:
        model.plan(refuse(400, "No.", "invalid_request_error"))
        async with web(tmp_path, model=model) as url, page(url, language="zh-CN,zh;q=0.9") as wang:
            assert await wang.answer("你好") == say(Sentence.REQUEST_REFUSED, "zh")
            refused = await wang.call("POST", f"{HERE}/messages", id=fresh(), text=" ")
            assert refused.json()["error"]["message"] == say(Sentence.EMPTY_MESSAGE, "zh")


async def test_a_model_that_breaks_off_is_asked_again_and_shown_from_the_beginning(tmp_path: Path) -> None:
    async with CompletionsServer() as model:
        model.plan(cut(*words("This is what nobody will")), stall(*words("Something else")))
        more = "answer: {backoff: 0.01s}"
        async with web(tmp_path, model=model, more=more) as url, page(url) as ada:
            turn = await ada.ask("Hello")
            await until(lambda: ada.words.get(turn) == "Something else")
            await ada.tell(f"{HERE}/stop", turn=turn)
            assert await ada.answered(turn) == "Something else"
