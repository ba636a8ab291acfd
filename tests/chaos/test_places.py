"""More people at once than a provider takes, over two processes, one of which may be killed in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.in_line import AT_ONCE, PEOPLE, served
from tests.support.servers import redis_server

CALL = 0.12
"""Seconds that a call takes: long enough for people to see which number they are."""
LATE = PEOPLE // 2
"""Places in line by which somebody may be asked later than it was their turn: while all of them arrive, those who come first
to be answered know nothing of the others yet, and a process that is kept waiting by the machine is passed over. In any order,
somebody would be nearly as late as there are people."""


async def siege(store: str, *, kill: bool) -> None:
    found = await served(store, CALL, kill=kill)
    assert found.most == AT_ONCE
    assert found.told
    if not kill:
        assert len(found.order) == PEOPLE
        assert found.late < LATE


@pytest.mark.parametrize("kill", [False, True], ids=["undisturbed", "killed"])
async def test_a_provider_is_asked_no_more_at_once_than_it_takes_on_sqlite(tmp_path: Path, *, kill: bool) -> None:
    await siege(f"sqlite:///{tmp_path}/parlour.db", kill=kill)


@pytest.mark.parametrize("kill", [False, True], ids=["undisturbed", "killed"])
async def test_a_provider_is_asked_no_more_at_once_than_it_takes_on_redis(*, kill: bool) -> None:
    async with redis_server() as url:
        await siege(url, kill=kill)
