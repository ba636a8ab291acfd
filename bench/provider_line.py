"""300 people at once, whose model's server takes 8 calls at the same time (`at_once: 8`): how much of it the line leaves unused.

    python -m bench.provider_line [SECONDS ...]

Two processes on one store, each call taking so many seconds. The floor is what the server needs if it never waits.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile

from tests.support.in_line import AT_ONCE, PEOPLE, served
from tests.support.servers import redis_server

CALLS = (0.25, 1.0)


async def measure(where: str, store: str, call: float) -> None:
    found = await served(store, call)
    floor = PEOPLE / AT_ONCE * call
    print(
        f"{where}, {call:g} s a call: {PEOPLE} of {PEOPLE} answered, the last after {found.seconds:.1f} s, "
        f"{found.seconds / floor:.2f} × the floor; at most {found.most} calls at once"
    )
    print(f"  {found.told} saw which number they are; nobody was passed over by more than {found.late}")


async def main(calls: tuple[float, ...]) -> None:
    for call in calls:
        with tempfile.TemporaryDirectory() as folder:
            await measure("SQLite", f"sqlite:///{folder}/parlour.db", call)
        async with redis_server() as url:
            await measure("Redis", url, call)


if __name__ == "__main__":
    asyncio.run(main(tuple(float(seconds) for seconds in sys.argv[1:]) or CALLS))
