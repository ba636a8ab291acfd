"""Whatever is asked of a store's limits, and however its clock is set meanwhile: an SQLite file and a Redis say the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain_limits import Delay, Pace, Purse, Queue, Unit, Whose
from core.ports import Store
from core.stores.opening import open_store
from tests.support.clock import ManualClock
from tests.support.servers import RedisServer

NAMES = ("p", "q")
KEYS = st.sampled_from("abcd")
RATES = {"p": (0.01, 1.0), "q": (0.002, 3.0)}
"""Of each pace. So slow that none is forgotten by Redis' own clock before the test is over."""
SINCE = {guest: float(ord(guest) * 7 % 5) for guest in "efghij"}
"""Of those who stand in line; some came at the same moment."""


def _purse(name: str, limit: int, fixed: int, each: int) -> Purse:
    return Purse(f"money user {name}", Unit.MONEY, Whose.USER, limit, 1_800_086_400.0, fixed, each)


def _queue(most: int, guests: Sequence[str], inside: int, gone: int) -> tuple[Any, ...]:
    waiting = {guest: SINCE[guest] for guest in guests[inside + gone :]}
    return "stand", Queue("q", most, 15.0, 2.0), waiting, guests[:inside], guests[inside : inside + gone]


PURSES = st.lists(
    st.builds(
        _purse,
        st.sampled_from(NAMES),
        st.sampled_from([0, 10, 100, 1000]),
        st.sampled_from([0, 5, 50, 200]),
        st.sampled_from([0, 1, 3]),
    ),
    min_size=1,
    unique_by=lambda purse: purse.name,
)
PACES = st.lists(st.sampled_from(NAMES), min_size=1, unique=True).map(
    lambda names: [Pace(name, Whose.USER, *RATES[name]) for name in names]
)
SECONDS = st.sampled_from([0.5, 2.5, 10.0, 61.0])
STEP = st.one_of(
    st.tuples(st.just("reserve"), KEYS, PURSES, st.sampled_from([1, 10]), st.sampled_from([10, 100]), SECONDS),
    st.tuples(st.just("settle"), KEYS, PURSES, st.fixed_dictionaries({Unit.MONEY: st.integers(0, 300)})),
    st.tuples(st.just("release"), KEYS),
    st.tuples(st.just("prolong"), KEYS, SECONDS),
    st.tuples(st.just("drawn"), st.just([f"money user {name}" for name in NAMES])),
    st.tuples(st.just("admit"), st.integers(0, 20).map(str), PACES),
    st.builds(_queue, st.integers(0, 3), st.permutations(sorted(SINCE)), st.integers(0, 2), st.integers(0, 2)),
    st.tuples(st.just("draw"), KEYS, st.sampled_from([0.1, 1.0]), st.sampled_from([1.0, 5.0]), st.integers(1, 3)),
    st.tuples(st.just("hold"), KEYS, SECONDS),
    st.tuples(st.just("held"), KEYS),
    st.tuples(st.just("passes"), SECONDS),
    st.tuples(st.just("set"), st.sampled_from([3600.0, -3600.0])),
)


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@settings(max_examples=60)
@given(steps=st.lists(STEP, min_size=5, max_size=40))
def test_both_say_the_same(server: RedisServer, steps: Sequence[tuple[Any, ...]]) -> None:
    server.command("FLUSHALL")
    asyncio.run(_told_the_same(server.url, steps))


async def _told_the_same(url: str, steps: Sequence[tuple[Any, ...]]) -> None:
    clock = ManualClock()
    async with open_store("sqlite://", clock) as file, open_store(url, clock) as redis:
        for step, *words in steps:
            if step == "passes":
                await clock.advance(*words)
            elif step == "set":
                clock.set(*words)
            else:
                assert await _said(file, step, words) == _near(await _said(redis, step, words)), step


async def _said(store: Store, step: str, words: Sequence[Any]) -> Any:
    asking: Callable[..., Coroutine[Any, Any, Any]] = getattr(store, step)
    said = await asking(*words)
    if isinstance(said, Delay):
        return said.short, said.seconds
    return None if step in {"settle", "release", "hold"} else said


def _near(said: Any) -> Any:
    """Seconds are counted by two programs."""
    if isinstance(said, float):
        return pytest.approx(said, abs=1e-3)
    return tuple(map(_near, said)) if type(said) is tuple else said
