"""What holds for every test: nothing is left running, and our code never blocks the event loop."""

from __future__ import annotations

import asyncio
import inspect
import io
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest
import structlog

from tests.support.clock import ManualClock

# How busy the machine is says nothing about the code. Whoever changes something is not to meet what others overlooked.
hypothesis.settings.register_profile("parlour", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("parlour")

OURS = tuple(str(Path(__file__).parents[1] / room) + "/" for room in ("core", "bots"))
BLOCKING = frozenset({"time.sleep", "sqlite3.connect", "socket.getaddrinfo", "socket.connect", "subprocess.Popen"})
"""Audit events of calls that wait. asyncio's own ways to the same end announce other events or run in a thread."""
SETTLING = 2.0
"""Seconds for tasks that are ending anyway, such as those that close sockets."""

_caught: list[str] = []


def _watch(event: str, _details: object) -> None:
    if event not in BLOCKING or asyncio._get_running_loop() is None:
        return
    frame = sys._getframe(1)
    caller = frame
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(OURS):
            _caught.append(f"{event} in {name}:{frame.f_lineno}")
            return
        if "/asyncio/" in name and frame is not caller:
            return  # asyncio's own work: transports and subprocesses, which do not wait
        frame = frame.f_back  # type: ignore[assignment]  # None at the outermost frame


sys.addaudithook(_watch)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
            item.fixturenames.insert(0, "nothing_left_running")


@pytest.fixture
async def nothing_left_running() -> AsyncIterator[None]:
    """Set up before all other fixtures, so torn down after them."""
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    if left:
        _, left = await asyncio.wait(left, timeout=SETTLING)
    assert not left, "tasks are left running"


@pytest.fixture(autouse=True)
def nothing_blocks_the_loop() -> Iterator[None]:
    _caught.clear()
    yield
    assert not _caught


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """For a log that a test sets up; afterwards it is as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield io.StringIO()
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()
