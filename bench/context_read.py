"""What reading a context costs in a conversation of 20,000 stored messages, against one of 100: ratio at most 1.1.

    python -m bench.context_read

Each conversation has a store of its own, so that the long one also pays for its larger indexes. Reads alternate between
the two and the ratio is that of the lower quartiles, so that what else the machine does falls on both or on neither.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import pytest

from core.clock import SystemClock
from core.domain import ConversationId, Encoding, Message, MessageId, Record, Role, TextPart, Tokens
from core.ports import Store
from core.stores.codec import MESSAGE_RECORD, MESSAGE_ROW, MessageRow, record_key
from core.stores.opening import open_store
from tests.support.servers import find_server, redis_server

CHAT = ConversationId("bench:chat")
SIZES = (100, 20_000)  # messages
TOKENS = 50  # of each message
WINDOW = 4_000  # tokens, so 80 messages are read
ROUNDS = 1_000
LIMIT = 1.1


@asynccontextmanager
async def sqlite_file() -> AsyncIterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/parlour.db"


def record(number: int) -> Record:
    total = Tokens(TOKENS * (number + 1), TOKENS * (number + 1))
    message = Message(
        id=MessageId(f"bench:{number}"),
        parent=MessageId(f"bench:{number - 1}") if number else None,
        role=Role.ASSISTANT if number % 2 else Role.USER,
        parts=(TextPart("a word or two " * 14),),
        at=1_800_000_000.0 + number,
        own=Tokens(TOKENS, TOKENS),
        total=total,
    )
    row = MessageRow(CHAT, number + 1, message)
    return Record(MESSAGE_RECORD, record_key(CHAT, message.id), MESSAGE_ROW.encode(row))


async def fill(store: Store, size: int) -> None:
    for start in range(0, size, 1_000):
        await store.load([record(number) for number in range(start, min(size, start + 1_000))])


async def read(store: Store, size: int) -> float:
    """Seconds for one context."""
    leaf = MessageId(f"bench:{size - 1}")
    start = time.perf_counter()
    path = await store.path(CHAT, leaf, Encoding.O200K, WINDOW)
    elapsed = time.perf_counter() - start
    if len(path) != WINDOW // TOKENS:
        raise SystemExit(f"{len(path)} messages instead of {WINDOW // TOKENS}")
    return elapsed


async def measure(place: Callable[[], AbstractAsyncContextManager[str]]) -> dict[int, float]:
    """Seconds for one context (lower quartile), by the number of stored messages."""
    async with AsyncExitStack() as stack:
        stores = {}
        for size in SIZES:
            url = await stack.enter_async_context(place())
            stores[size] = await stack.enter_async_context(open_store(url, SystemClock()))
            await fill(stores[size], size)
        times: dict[int, list[float]] = {size: [] for size in SIZES}
        for number in range(ROUNDS):
            for size in SIZES if number % 2 else reversed(SIZES):
                times[size].append(await read(stores[size], size))
        return {size: statistics.quantiles(taken[ROUNDS // 10 :])[0] for size, taken in times.items()}


async def main() -> None:
    places: dict[str, Callable[[], AbstractAsyncContextManager[str]]] = {"SQLite": sqlite_file}
    try:
        find_server()
        places["Redis"] = redis_server
    except pytest.skip.Exception as reason:
        print(f"Redis: {reason}")
    for name, place in places.items():
        quartiles = await measure(place)
        few, many = SIZES
        ratio = quartiles[many] / quartiles[few]
        print(
            f"{name}: {quartiles[few] * 1e3:.2f} ms with {few} messages, {quartiles[many] * 1e3:.2f} ms with {many:,}: "
            f"ratio {ratio:.3f} (at most {LIMIT}) {'ok' if ratio <= LIMIT else 'TOO MUCH'}"
        )


if __name__ == "__main__":
    asyncio.run(main())
