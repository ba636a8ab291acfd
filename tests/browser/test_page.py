"""The page in a real Chromium: everything that can be done in a conversation."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from playwright.async_api import expect

from tests.support.browser import Tab, hold_clock
from tests.support.chat import Chat, held
from tests.support.completions import USAGE, CompletionsServer, answer


@pytest.fixture
async def chat(tab: Tab) -> Chat:
    return Chat(tab)


async def test_a_first_conversation(chat: Chat) -> None:
    await chat.ask("Good morning", "You said: Good morning")
    await expect(chat.questions).to_have_text(re.compile("Good morning"))
    await expect(chat.side.get_by_role("link", name="Good morning")).to_have_attribute("aria-current", "page")


async def test_an_answer_is_seen_while_it_is_written(slow: Chat, model: CompletionsServer) -> None:
    release = asyncio.Event()
    model.plan(held("The first **words", release, " and** the rest."))
    await slow.send("Tell me")
    await slow.begun("The first words")
    await expect(slow.answers.last.locator("strong")).to_have_text("words")
    release.set()
    await slow.shows("The first words and the rest.")


async def test_stop_keeps_what_is_there(slow: Chat, model: CompletionsServer) -> None:
    model.plan(held("Half of it", asyncio.Event()))
    await slow.send("Tell me")
    await slow.begun("Half of it")
    await slow.button("Stop").click()
    await slow.shows("Half of it")
    await expect(slow.answers.last).to_contain_text("stopped")
    await expect(slow.button("Stop")).to_be_hidden()


async def test_retry_gives_a_second_version_and_one_can_go_between_them(slow: Chat, model: CompletionsServer) -> None:
    model.plan(answer("One way."), answer("Another way."))
    await slow.ask("How?", "One way.")
    await slow.answers.last.get_by_role("button", name="Retry").click()
    await slow.shows("Another way.")
    await expect(slow.answers.get_by_role("group", name="Version 2 of 2")).to_be_visible()
    await slow.button("Version before").click()
    await slow.shows("One way.")


async def test_retry_that_is_pressed_twice_asks_once(slow: Chat, model: CompletionsServer) -> None:
    model.plan(answer("One way."), answer("Another way."), answer("Nobody asked."))
    await slow.ask("How?", "One way.")
    await slow.answers.last.get_by_role("button", name="Retry").dblclick()
    await slow.shows("Another way.")
    await expect(slow.answers.get_by_role("group", name="Version 2 of 2")).to_be_visible()


async def test_versions_are_gone_through_without_losing_the_place(slow: Chat, model: CompletionsServer) -> None:
    for text in ("One way.", "Another way.", "A third way."):
        model.plan(answer(text))
    await slow.ask("How?", "One way.")
    for text in ("Another way.", "A third way."):
        await slow.answers.last.get_by_role("button", name="Retry").click()
        await slow.shows(text)
    await slow.button("Version before").focus()
    for text in ("Another way.", "One way."):
        await slow.page.keyboard.press("Enter")
        await slow.shows(text)
    await expect(slow.button("Version after")).to_be_focused()


async def test_an_edited_question_begins_a_branch(chat: Chat) -> None:
    await chat.ask("Hello", "You said: Hello")
    await chat.ask("And now?", "You said: And now?")
    await chat.questions.first.hover()
    await chat.questions.first.get_by_role("button", name="Edit").click()
    editor = chat.page.get_by_role("textbox", name="Edit your question")
    await editor.fill("Good evening")
    await editor.press("Enter")
    await chat.shows("You said: Good evening")
    await expect(chat.questions).to_have_count(1)
    await chat.button("Version before").click()
    await chat.shows("You said: And now?")


async def test_an_answer_that_was_too_long_is_continued(slow: Chat, model: CompletionsServer) -> None:
    model.plan(answer("It begins", "length", {**USAGE, "completion_tokens": 100_000}), answer("and ends."))
    await slow.ask("Tell me", "It begins")
    await slow.button("Continue").click()
    await slow.shows("and ends.")


async def test_numbers_have_the_words_that_go_with_them(slow: Chat, model: CompletionsServer) -> None:
    for written in (1, 1200):
        model.plan(answer("Yes.", usage={**USAGE, "completion_tokens": written}))
        await slow.ask("Is it?", "Yes.")
    await expect(slow.answers.first).to_contain_text(re.compile(r"· 1 token( |$)"))
    await expect(slow.answers.last).to_contain_text("· 1,200 tokens")


async def test_an_error_is_a_sentence_and_can_be_tried_again(slow: Chat, model: CompletionsServer) -> None:
    model.models = ()
    model.key = "another"
    await slow.send("Tell me")
    problem = slow.page.locator("article[data-role=problem]")
    await expect(problem.get_by_role("alert")).to_have_text(re.compile(r"\w+.*[.]$"))
    model.key = None
    model.plan(answer("Now it works."))
    await problem.get_by_role("button", name="Retry").click()
    await slow.shows("Now it works.")
    await expect(problem).to_be_hidden()


async def test_what_the_server_refuses_comes_back_into_the_box(chat: Chat) -> None:
    await chat.send("/model nothing-of-the-kind")
    await expect(chat.page.get_by_role("alert")).to_contain_text("nothing-of-the-kind")
    await expect(chat.box).to_have_value("/model nothing-of-the-kind")


async def test_what_failed_stays_when_the_server_refuses_something_else(slow: Chat, model: CompletionsServer) -> None:
    model.key = "another"
    await slow.send("Tell me")
    problem = slow.page.locator("article[data-role=problem]")
    await expect(problem).to_be_visible()
    await slow.send("/model nothing-of-the-kind")
    await expect(slow.box).to_have_value("/model nothing-of-the-kind")
    await expect(problem).to_be_visible()
    await expect(slow.questions).to_have_text([re.compile("Tell me")])


async def test_commands_complete_themselves_and_answer(chat: Chat) -> None:
    await chat.box.press_sequentially("/hel")
    await expect(chat.page.get_by_role("option")).to_contain_text(["/help"])
    await chat.box.press("Tab")
    await chat.box.press("Enter")
    await expect(chat.page.get_by_role("article", name="Note")).to_contain_text("/persona")


async def test_model_and_persona_are_chosen_and_kept(chat: Chat) -> None:
    await chat.ask("Hello", "You said: Hello")
    await chat.page.get_by_role("combobox", name="Model").select_option("other")
    await chat.page.get_by_role("combobox", name="Persona").select_option("pirate")
    await chat.ask("Again", "You said: Again")
    await chat.page.reload()
    await expect(chat.page.get_by_role("combobox", name="Model")).to_have_value("other")
    await expect(chat.page.get_by_role("combobox", name="Persona")).to_have_value("pirate")


async def test_the_context_panel_tells_what_the_model_sees(chat: Chat) -> None:
    await chat.ask("How many tokens?", "You said: How many tokens?")
    await chat.button("Context").click()
    panel = chat.page.get_by_role("complementary", name="Context")
    await expect(panel.get_by_role("listitem")).to_have_count(3)
    await expect(panel.locator(".excerpt")).to_have_text(
        ["Persona assistant", "How many tokens?", "You said: How many tokens?"]
    )
    await expect(panel.get_by_role("table")).to_contain_text("Today")


async def test_a_conversation_is_renamed_found_and_deleted(chat: Chat) -> None:
    await chat.ask("Where do swallows sleep?", "You said: Where do swallows sleep?")
    await chat.button("New conversation").click()
    await chat.ask("Something else", "You said: Something else")
    await chat.menu("Where do swallows sleep?", "Rename")
    await chat.page.get_by_role("textbox", name="Title").fill("Birds")
    await chat.button("Save").click()
    await expect(chat.side.get_by_role("link")).to_have_text(["Something else", "Birds"])
    await chat.page.get_by_role("searchbox", name="Search").fill("swallows")
    await expect(chat.side.get_by_role("link")).to_have_text([re.compile("Birds.*swallows")])
    await chat.menu("Birds", "Delete")
    await chat.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(chat.side).to_contain_text("Nothing found.")


@pytest.mark.parametrize(("item", "name"), [("Save as Markdown", ".md"), ("Save as JSON", ".json")])
async def test_a_conversation_is_saved_as_a_file(chat: Chat, item: str, name: str) -> None:
    await chat.ask("Hello", "You said: Hello")
    async with chat.page.expect_download() as waiting:
        await chat.menu("Hello", item)
    download = await waiting.value
    assert download.suggested_filename.endswith(name)
    text = (await download.path()).read_text()
    assert "You said: Hello" in (json.dumps(json.loads(text)) if name == ".json" else text)


async def test_an_answer_is_copied_as_it_was_written(slow: Chat, model: CompletionsServer) -> None:
    await slow.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    model.plan(answer("Some **bold** words."))
    await slow.ask("Tell me", "Some bold words.")
    await hold_clock(slow.page)
    await slow.answers.last.get_by_role("button", name="Copy").click()
    await expect(slow.answers.last.get_by_role("button", name="Copied")).to_be_visible()
    assert await slow.page.evaluate("navigator.clipboard.readText()") == "Some **bold** words."
    await slow.page.clock.run_for(1_500)
    await expect(slow.answers.last.get_by_role("button", name="Copied")).to_be_hidden()


async def test_everything_goes_by_keyboard(chat: Chat) -> None:
    page = chat.page
    await page.keyboard.type("Hello")
    await page.keyboard.press("Enter")
    await chat.shows("You said: Hello")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type("Good evening")
    await page.keyboard.press("Enter")
    await chat.shows("You said: Good evening")
    await page.keyboard.press("ControlOrMeta+Shift+o")
    await expect(chat.box).to_be_focused()
    await expect(chat.answers).to_have_count(0)
    await page.keyboard.press("ControlOrMeta+Slash")
    await expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("Alt+ArrowDown")
    await chat.shows("You said: Good evening")


async def test_enter_that_ends_a_composition_sends_nothing(chat: Chat) -> None:
    """As with input methods for Chinese: Enter takes what was composed."""
    session = await chat.page.context.new_cdp_session(chat.page)
    await chat.box.focus()
    await session.send("Input.imeSetComposition", {"text": "nihao", "selectionStart": 5, "selectionEnd": 5})
    await session.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", "key": "Enter", "windowsVirtualKeyCode": 229})
    await session.send("Input.insertText", {"text": "你好"})
    await expect(chat.box).to_have_value("你好")
    await expect(chat.questions).to_have_count(0)
    await chat.box.press("Enter")
    await chat.shows("You said: 你好")


async def test_a_reader_who_scrolled_up_is_left_alone(slow: Chat, model: CompletionsServer) -> None:
    release = asyncio.Event()
    model.plan(held("Line.\n\n" * 80, release, " The end."))
    await slow.send("Tell me")
    await slow.begun("Line.")
    area = slow.page.get_by_role("region", name="Messages")
    await expect(slow.answers.last.locator("p")).not_to_have_count(0)
    await area.hover()
    await slow.page.mouse.wheel(0, -600)
    await expect(slow.button("Jump to the end")).to_be_visible()
    top = await area.evaluate("area => area.scrollTop")
    release.set()
    await expect(slow.answers.last).to_have_attribute("data-state", "done")
    assert await area.evaluate("area => area.scrollTop") <= top
    await slow.button("Jump to the end").click()
    await expect(slow.page.get_by_text("The end.", exact=True)).to_be_in_viewport()


async def test_a_screen_reader_hears_that_an_answer_is_written_and_then_the_answer(
    slow: Chat, model: CompletionsServer
) -> None:
    release = asyncio.Event()
    model.plan(held("The first half", release, " and the second."))
    spoken = slow.page.locator("[aria-live=polite]")
    await slow.send("Tell me")
    await slow.begun("The first half")
    await expect(spoken).to_have_text("The answer is being written.")
    release.set()
    await expect(spoken).to_have_text("Answer: The first half and the second.")


async def test_nothing_is_shown_as_unfinished_after_the_end(tab: Tab) -> None:
    """What is still being written may end in signs that are not drawn yet: a number could become that of a list."""
    shown = await tab.page.evaluate("""async () => {
        const main = document.querySelector('script[src$="main.js"]').src;
        const { Growth } = await import(main.replace("main.js", "growth.js"));
        const shown = [];
        new Growth((text) => shown.push(text)).finish("42", () => shown.push("whole"));
        return shown;
    }""")
    assert shown == ["42", "whole"]
