"""The page in a real Chromium: what it weighs at first, how soon it shows the model's first word, and whether a long answer
ever keeps it from anything else.

    python -m bench.page_speed

Model, server and browser are on loopback; model and server share this process.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import tempfile
import time
from pathlib import Path
from statistics import median

import structlog
from playwright.async_api import Browser, BrowserContext, expect

from bench._speaking import Speaker, told
from tests.support.browser import chromium, open_tab, visitor
from tests.support.chat import Chat
from tests.support.completions import CompletionsServer, Wire, chunk, ending
from tests.support.web import web

QUESTIONS = 20
LENGTH = 20_000
"""Characters of the long answer."""
PIECE = 40
"""Characters of one piece of it."""
PAUSE = 0.01
"""Seconds between two pieces: 4,000 characters in a second, faster than most models write."""
LONG = 50.0
"""Milliseconds from which browsers call a task long."""
BLOCKS = (
    "## A heading\n\nSome **bold** words, `code`, *and more* of [them](https://example.org/{0}), up to the end.\n\n",
    "```python\ndef function_{0}(x: int) -> str:\n    # a comment\n    return f'{{x}} is {0}'\n```\n\n",
    "| Name | Value | Note |\n|:--|--:|---|\n| a{0} | {0} | `x` |\n| b{0} | 2 | **y** |\n| c | 3 | z |\n\n",
    "Then $a_{{{0}}} = \\frac{{x^{0}}}{{2}}$ and\n\n$$\\sum_{{i=0}}^{{{0}}} i^2 = \\int_0^1 f(x)\\,dx$$\n\n",
    "1. one of {0}\n2. two\n   - inner **{0}**\n   - and another\n3. three\n\n> quoted {0}\n\n",
)
WATCH = """
window.tasks = [];
window.gaps = [];
window.firsts = [];
new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: "longtask" });
let last = performance.now();
(function frame() {
  requestAnimationFrame((now) => {
    window.gaps.push(now - last);
    last = now;
    frame();
  });
})();
addEventListener("DOMContentLoaded", () => {
  let seen = 0;
  const look = () => {
    const count = document.querySelectorAll("article[data-role=assistant] .markdown:not(:empty)").length;
    if (count > seen) window.firsts.push(performance.timeOrigin + performance.now());
    seen = count;
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
});
"""
UNTIL_DONE = """() => new Promise((resolve) => {
  const look = () => {
    const whole = document.querySelector("article[data-role=assistant][data-state=done]");
    if (!whole?.querySelector(".katex")) return setTimeout(look, 200);
    setTimeout(() => resolve([window.tasks, window.gaps]), 1000);
  };
  look();
})"""
"""Asked once: looking at it from outside, again and again, would itself keep the page busy."""


def long_answer() -> str:
    text = ""
    for number in range(LENGTH):
        if len(text) >= LENGTH:
            break
        text += BLOCKS[number % len(BLOCKS)].format(number)
    return text


async def write(wire: Wire) -> None:
    await wire.begin_stream()
    text = long_answer()
    for start in range(0, len(text), PIECE):
        await wire.piece(chunk({"content": text[start : start + PIECE]}))
        await asyncio.sleep(PAUSE)
    for piece in ending():
        await wire.piece(piece)
    await wire.end_stream()


async def measure() -> None:
    async with CompletionsServer() as model, chromium() as browser:
        with tempfile.TemporaryDirectory() as folder:
            async with (
                web(Path(folder), model=model) as url,
                visitor(browser, reduced_motion="no-preference") as someone,
            ):
                await someone.add_init_script(WATCH)
                await tell_weight(someone, url)
                tab = await open_tab(someone, url)
                chat = Chat(tab)
                delays = tuple([await first_word(chat, model) for _ in range(QUESTIONS)])
                print(f"first word in the page after the model's: {told(delays, 0.0)} (median, worst of {QUESTIONS})")
                print(f"  at most 30 ms at the median: {median(delays) <= 0.030}")
                await tell_blocking(browser, chat, model)


async def tell_weight(someone: BrowserContext, url: str) -> None:
    """As it comes over the wire, headers included."""
    sizes: list[int] = []
    page = await someone.new_page()
    session = await someone.new_cdp_session(page)
    await session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    await page.goto(url)
    await expect(page.get_by_role("combobox", name="Model")).to_be_visible()
    print(f"first load: {sum(sizes) / 1000:.1f} kB in {len(sizes)} requests; below 150 kB: {sum(sizes) < 150_000}")
    await page.close()


async def first_word(chat: Chat, model: CompletionsServer) -> float:
    """Seconds from the model's first word until it stands in the page."""
    speaker = Speaker("one two three four five six seven eight nine ten")
    model.plan(speaker.play)
    await chat.page.evaluate("window.firsts.length = 0")
    await chat.send("Speak.")
    await expect(chat.button("Stop")).to_be_visible()
    await chat.shows(speaker.text)
    seen = await chat.page.evaluate("window.firsts[0]")
    return float(seen) / 1000 - (speaker.first + time.time() - time.monotonic())


async def tell_blocking(browser: Browser, chat: Chat, model: CompletionsServer) -> None:
    await chat.button("New conversation").click()
    model.plan(write)
    await chat.page.evaluate("window.tasks.length = window.gaps.length = 0")
    await browser.start_tracing(page=chat.page, categories=["toplevel"])
    await chat.send("At length, please.")
    tasks, gaps = await chat.page.evaluate(UNTIL_DONE)
    print(f"{len(long_answer())} characters with code, tables and maths, while they grow:")
    print(f"  {worked(await browser.stop_tracing())}; over {LONG:.0f} ms by the clock: {len(tasks)}")
    print(f"  frames: {len(gaps)}, median {median(gaps):.1f} ms apart, the longest pause {max(gaps):.0f} ms")
    await browser.start_tracing(page=chat.page, categories=["toplevel"])
    await chat.page.reload()
    tasks, _ = await chat.page.evaluate(UNTIL_DONE)
    print("and when they are read again:")
    print(f"  {worked(await browser.stop_tracing())}; over {LONG:.0f} ms by the clock: {len(tasks)}")
    print(f"  (the clock also counts the time in which others had the processor; load {os.getloadavg()[0]:.1f})")


def worked(trace: bytes) -> str:
    """How long the page's main thread worked at a stretch, at most, in processor time."""
    events = json.loads(trace)["traceEvents"]
    mains = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    works = [
        event["tdur"] / 1000
        for event in events
        if event["name"].endswith("RunTask") and (event["pid"], event["tid"]) in mains and "tdur" in event
    ]
    return f"the longest of {len(works)} tasks worked {max(works):.0f} ms; below {LONG:.0f} ms: {max(works) < LONG}"


if __name__ == "__main__":
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    asyncio.run(measure())
