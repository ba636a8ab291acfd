"""What happens beside the conversation that is looked at: marks in the side bar, drafts, messages that wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.support.browser import Tab, open_tab, visitor
from tests.support.chat import Chat, held
from tests.support.completions import CompletionsServer, answer
from tests.support.web import web


@pytest.fixture
async def model() -> AsyncIterator[CompletionsServer]:
    async with CompletionsServer() as server:
        yield server


@pytest.fixture
async def chat(browser: Browser, model: CompletionsServer, tmp_path: Path) -> AsyncIterator[Chat]:
    async with web(tmp_path, model=model) as url, visitor(browser) as context:
        opened = Chat(await open_tab(context, url))
        yield opened
        assert opened.tab.is_clean(), opened.tab.complaints


async def test_an_answer_elsewhere_is_marked_until_it_is_looked_at(chat: Chat, model: CompletionsServer) -> None:
    release = asyncio.Event()
    model.plan(held("Once upon", release, " a time."))
    await chat.send("Tell me a story.")
    await chat.begun("Once upon")
    await chat.button("New conversation").click()
    await expect(chat.side).to_contain_text("an answer is being written")
    for side in ("width", "height"):
        await expect(chat.side.locator(".mark")).to_have_css(side, "8px")
    release.set()
    await expect(chat.side).to_contain_text("a new answer")
    await chat.side.get_by_role("link").click()
    await chat.shows("Once upon a time.")
    await expect(chat.side).not_to_contain_text("a new answer")


async def test_every_conversation_keeps_its_own_draft(chat: Chat, model: CompletionsServer) -> None:
    model.plan(answer("Hello."))
    await chat.ask("Hi", "Hello.")
    await chat.box.fill("to be said here")
    await chat.button("New conversation").click()
    await expect(chat.box).to_have_value("")
    await chat.box.fill("to be said elsewhere")
    await chat.page.go_back()
    await expect(chat.box).to_have_value("to be said here")
    await chat.page.go_forward()
    await expect(chat.box).to_have_value("to be said elsewhere")


async def test_what_waits_for_the_connection_can_be_taken_back(chat: Chat, model: CompletionsServer) -> None:
    model.plan(answer("Hello."))
    await chat.ask("Hi", "Hello.")
    await chat.page.context.set_offline(True)
    await chat.send("Never mind")
    await expect(chat.questions.last).to_contain_text("Waiting for the connection")
    await chat.button("Take back").click()
    await expect(chat.questions).to_have_count(1)
    await expect(chat.box).to_have_value("Never mind")


async def test_what_waits_outlives_a_reload_and_is_asked_once(chat: Chat, model: CompletionsServer) -> None:
    model.plan(answer("Hello."), answer("I am here."))
    await chat.ask("Hi", "Hello.")
    await chat.page.route("**/messages", lambda route: route.abort())
    await chat.send("Are you there?")
    await expect(chat.questions.last).to_contain_text("Waiting for the connection")
    await chat.page.unroute("**/messages")
    await chat.page.reload()
    await chat.shows("I am here.")
    await expect(chat.questions).to_have_count(2)
    assert len(model.requests) == 2


async def test_questions_asked_while_one_is_answered_wait_their_turn(chat: Chat, model: CompletionsServer) -> None:
    release = asyncio.Event()
    model.plan(held("First", release, "."), answer("Second."))
    await chat.send("One?")
    await chat.begun("First")
    await chat.send("Two?")
    await expect(chat.answers).to_have_count(2)
    release.set()
    await chat.shows("Second.")
    assert await chat.questions.all_inner_texts() == ["You\nOne?", "You\nTwo?"]


async def test_all_tabs_share_one_stream_of_events(chat: Chat, model: CompletionsServer) -> None:
    """Browsers allow six connections to a host: eight tabs with a stream each would leave none to ask with."""
    model.plan(answer("Hello."), answer("Eight of us."))
    await chat.ask("Hi", "Hello.")
    context, path = chat.page.context, await chat.path()
    tabs: list[Tab] = [await open_tab(context, chat.tab.home, path) for _ in range(8)]
    for tab in tabs:
        await Chat(tab).shows("Hello.")
    await Chat(tabs[-1]).ask("How many?", "Eight of us.")
    for tab in tabs:
        await Chat(tab).shows("Eight of us.")


async def test_whoever_deletes_by_keyboard_has_a_place_afterwards(chat: Chat, model: CompletionsServer) -> None:
    model.plan(answer("Hello."))
    await chat.ask("Hi", "Hello.")
    await chat.button("More for “Hi”").press("Enter")
    await chat.page.keyboard.press("End")
    await chat.page.keyboard.press("Enter")
    await chat.page.get_by_role("dialog").get_by_role("button", name="Delete").press("Enter")
    await expect(chat.side).to_have_text("Your conversations will be here.")
    await expect(chat.button("New conversation")).to_be_focused()
