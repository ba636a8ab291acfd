"""Everything in one file, while processes go on working."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.domain import ConversationId, PersonId
from core.errors import StoreError, StoreUnavailable
from core.stores.backup import back_up, url_of
from core.stores.copying import copy
from core.stores.opening import open_store
from tests.contracts.making import CHAT, OTHER, answered, asked, branch
from tests.support.clock import ManualClock
from tests.support.servers import RedisServer

ADA = PersonId("web:ada")


@pytest.fixture(params=["sqlite", "redis"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/parlour.db"
        return
    with RedisServer() as server:
        yield server.url


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "100% whole.db"


def _belongs_to_its_owner(file: Path) -> bool:
    return stat.S_IMODE(file.stat().st_mode) == 0o600


def _beside(file: Path) -> list[Path]:
    """Files whose name begins like its own."""
    return [path for path in file.parent.iterdir() if path.name.startswith(file.name)]


async def test_a_backup_is_a_store_and_comes_back(url: str, file: Path, clock: ManualClock) -> None:
    async with open_store(url, clock) as store:
        await answered(store, asked("1"))
        await store.shelve(ADA, CHAT, "title")
        await store.put(asked("2"))
        await back_up(url, file, clock, lambda *_: None)
        await store.remove(ADA, CHAT)
        async with open_store(url_of(file), clock) as kept:
            assert await branch(kept) == ["Hello?", "Fine."]
            await copy(kept, store, lambda *_: None)
        assert await branch(store) == ["Hello?", "Fine."]
        assert [shelved.title for shelved in await store.shelf(ADA)] == ["title"]
        assert not await store.put(asked("2")), "what was known stays known"
    assert _belongs_to_its_owner(file)
    assert _beside(file) == [file]


async def test_a_file_is_copied_as_it_is_at_one_moment(tmp_path: Path, file: Path, clock: ManualClock) -> None:
    url = f"sqlite:///{tmp_path}/parlour.db"
    async with open_store(url, clock) as store:

        async def talk() -> None:
            for number in range(200):
                await answered(store, asked(f"{number}", f"{number}"), f"to {number}")

        talking = asyncio.create_task(talk())
        await answered(store, asked("first", conversation=OTHER))
        await back_up(url, file, clock, lambda *_: None)
        await talking
    async with open_store(url_of(file), clock) as kept:
        words = await branch(kept)
        messages = await kept.messages(ConversationId(CHAT))
        depth = await kept.depth()
    assert words == [text for number in range(len(words) // 2) for text in (f"{number}", f"to {number}")]
    assert len(messages) == len(words), "no message without its turn's end"
    assert depth.queued + depth.running <= 1


def test_a_file_that_is_there_is_left_alone(url: str, file: Path, clock: ManualClock) -> None:
    file.write_text("the only copy")
    with pytest.raises(StoreError, match="already"):
        asyncio.run(back_up(url, file, clock, lambda *_: None))
    assert file.read_text() == "the only copy"


@pytest.mark.parametrize(
    ("url", "problem"), [("sqlite:////nowhere/typo.db", StoreError), ("redis://127.0.0.1:1", StoreUnavailable)]
)
async def test_what_is_not_there_leaves_no_file(
    url: str, problem: type[StoreError], file: Path, clock: ManualClock
) -> None:
    with pytest.raises(problem):
        await back_up(url, file, clock, lambda *_: None)
    assert _beside(file) == []
