"""The page in a real Chromium when things go wrong in the middle of an answer: it ends with the whole answer, once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from core.config import parse_config
from tests.support.bot_process import process
from tests.support.browser import Tab, open_tab, visitor
from tests.support.chat import Chat, held
from tests.support.completions import CompletionsServer
from tests.support.servers import RedisServer, free_port
from tests.support.web import listening, serving, settings

WORDS = "one two three four five six seven eight nine ten eleven twelve"
SLOW = 0.15
"""Seconds for a word: the answer is in its middle when something happens to it."""


@pytest.fixture
async def chat(slow: Chat) -> Chat:
    """Here every answer is one that the test writes."""
    return slow


async def test_a_reload_takes_up_the_answer_where_it_was(chat: Chat, model: CompletionsServer) -> None:
    release = asyncio.Event()
    model.plan(held("The first half", release, " and the second."))
    await chat.send("Tell me")
    await chat.begun("The first half")
    await chat.page.reload()
    await chat.begun("The first half")
    release.set()
    await chat.shows("The first half and the second.")
    await expect(chat.answers).to_have_count(1)


async def test_a_second_tab_sees_the_same_answer_grow(chat: Chat, model: CompletionsServer) -> None:
    release = asyncio.Event()
    model.plan(held("The first half", release, " and the second."))
    await chat.send("Tell me")
    await chat.begun("The first half")
    other = Chat(await open_tab(chat.page.context, chat.tab.home, await chat.path()))
    await other.begun("The first half")
    release.set()
    for each in (chat, other):
        await each.shows("The first half and the second.")
    await other.ask("More", "Hello there.")
    await chat.shows("Hello there.")


async def test_another_visitor_sees_nothing_of_it(browser: Browser, chat: Chat) -> None:
    await chat.ask("A secret", "Hello there.")
    async with visitor(browser) as context:
        stranger = Chat(await open_tab(context, chat.tab.home, await chat.path()))
        await expect(stranger.page.get_by_role("alert")).to_be_visible()
        await expect(stranger.side).to_have_text("Your conversations will be here.")
        await expect(stranger.answers).to_have_count(0)


async def test_offline_says_so_keeps_what_is_written_and_sends_it_later(chat: Chat) -> None:
    await chat.ask("Hello", "Hello there.")
    await chat.page.context.set_offline(offline=True)
    await expect(chat.page.get_by_text("No connection.")).to_be_visible()
    await chat.send("From the tunnel")
    await expect(chat.questions.last).to_contain_text("Waiting for the connection")
    await chat.page.context.set_offline(offline=False)
    await expect(chat.answers).to_have_count(2)
    await chat.shows("Hello there.")
    await expect(chat.page.get_by_text("No connection.")).to_be_hidden()


async def test_a_connection_lost_in_the_middle_of_an_answer(chat: Chat, model: CompletionsServer) -> None:
    release = asyncio.Event()
    model.plan(held("The first half", release, " and the second."))
    await chat.send("Tell me")
    await chat.begun("The first half")
    await chat.page.context.set_offline(offline=True)
    await expect(chat.page.get_by_text("No connection.")).to_be_visible()
    release.set()
    await chat.page.context.set_offline(offline=False)
    await chat.shows("The first half and the second.")


async def test_stop_that_was_not_heard_can_be_pressed_again(chat: Chat, model: CompletionsServer) -> None:
    model.plan(held("The first half", asyncio.Event()))
    await chat.send("Tell me")
    await chat.begun("The first half")
    await chat.page.context.set_offline(offline=True)
    await chat.button("Stop").click()
    await expect(chat.page.get_by_role("alert")).to_be_visible()
    await chat.page.context.set_offline(offline=False)
    await chat.button("Stop").click()
    await chat.shows("The first half")


async def test_a_conversation_opened_while_the_store_is_away_is_there_when_that_is_back(
    browser: Browser, tmp_path: Path
) -> None:
    with RedisServer(durable=True) as redis:
        config = parse_config(settings(tmp_path, free_port(), store=redis.url), {})
        async with serving(config) as url, visitor(browser) as context:
            path = await _talked(Chat(await open_tab(context, url)))
            redis.kill()
            chat = Chat(await open_tab(context, url, path))
            await expect(chat.page.get_by_text("No connection.")).to_be_visible()
            redis.start()
            await chat.shows("You said: Hello")
            assert await chat.path() == path


async def _talked(chat: Chat) -> str:
    """Where the conversation is of which it was said, by nobody any more who looks at it."""
    await chat.ask("Hello", "You said: Hello")
    path = await chat.path()
    await chat.page.close()
    return path


async def test_a_context_that_could_not_be_read_is_read_when_there_is_a_connection(chat: Chat) -> None:
    await chat.ask("Hello", "Hello there.")
    panel = chat.page.get_by_role("complementary", name="Context")
    await chat.page.context.set_offline(offline=True)
    await chat.page.keyboard.press("Control+Shift+X")
    await expect(panel).to_contain_text("cannot be reached")
    await chat.page.context.set_offline(offline=False)
    await expect(panel.locator(".parts")).to_contain_text("Hello")


async def test_a_file_that_cannot_be_had_is_missed_with_a_sentence(chat: Chat) -> None:
    await chat.ask("Hello", "Hello there.")
    await chat.page.context.set_offline(offline=True)
    await chat.menu("Hello", "Save as Markdown")
    await expect(chat.page.get_by_role("alert")).to_have_text(
        "The server cannot be reached right now. Please try again in a moment."
    )
    await chat.page.context.set_offline(offline=False)


async def test_a_draft_outlives_a_reload(chat: Chat) -> None:
    await chat.ask("Hello", "Hello there.")
    await chat.box.fill("Not sent yet")
    await chat.page.reload()
    await expect(chat.box).to_have_value("Not sent yet")


async def test_a_server_killed_in_the_middle_of_an_answer(browser: Browser, tmp_path: Path) -> None:
    config, port = tmp_path / "config.yaml", free_port()
    config.write_text(settings(tmp_path, port, delay=SLOW))
    async with visitor(browser) as context:
        async with process(config, "web") as running:
            await listening(port)
            chat = Chat(await open_tab(context, f"http://127.0.0.1:{port}"))
            await chat.send(WORDS)
            await chat.begun("You said: one two")
            running.kill()
            await running.wait()
        await expect(chat.page.get_by_text("No connection.")).to_be_visible()
        async with process(config, "web"):
            await listening(port)
            await chat.shows(f"You said: {WORDS}")
            await expect(chat.answers).to_have_count(1)
            assert not chat.tab.complaints


async def test_what_is_sent_while_the_server_is_away_is_answered_when_it_is_back(
    browser: Browser, tmp_path: Path
) -> None:
    config, port = tmp_path / "config.yaml", free_port()
    config.write_text(settings(tmp_path, port))
    async with visitor(browser) as context:
        async with process(config, "web"):
            await listening(port)
            chat = Chat(await open_tab(context, f"http://127.0.0.1:{port}"))
            await chat.ask("Hello", "You said: Hello")
        await chat.send("Are you there?")
        await expect(chat.questions).to_have_count(2)
        async with process(config, "web"):
            await listening(port)
            await chat.shows("You said: Are you there?")
            await expect(chat.questions).to_have_count(2)


async def test_a_conversation_deleted_in_one_tab_leaves_the_other(tab: Tab) -> None:
    chat = Chat(tab)
    await chat.ask("Hello", "You said: Hello")
    other = Chat(await open_tab(tab.page.context, tab.home, await chat.path()))
    await other.shows("You said: Hello")
    await chat.menu("Hello", "Delete")
    await chat.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(other.answers).to_have_count(0)
    await expect(other.side).to_have_text("Your conversations will be here.")
