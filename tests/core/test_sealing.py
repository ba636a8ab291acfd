"""What people said is sealed where it is kept: nobody reads it without the key, and a new key can take its place."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import PersonId
from core.errors import StoreError, StoreSealed
from core.ports import Outcome, Store
from core.stores.backup import back_up, url_of
from core.stores.codec import storable
from core.stores.copying import copy
from core.stores.opening import open_store
from core.stores.options import StoreOptions
from core.stores.sealing import Seal
from tests.contracts.making import CHAT, LEASE, OTHER, answered, asked, branch, claimed, exchange
from tests.support.clock import ManualClock
from tests.support.servers import RedisServer

ADA = PersonId("web:ada")
OLD, NEW, WRONG = (name * 8 for name in ("first", "second", "wrong"))
NEEDLE = "Geheimnis"
PLAIN = StoreOptions()


def _keys(*keys: str) -> StoreOptions:
    return StoreOptions(keys=keys)


async def _say_everything(store: Store) -> None:
    """Every kind of thing in which something that was said is kept."""
    await answered(store, asked("kept", NEEDLE, background=NEEDLE, overheard=NEEDLE), NEEDLE)
    await store.put(asked("failed", NEEDLE, sampling={"stop": [NEEDLE], NEEDLE: 1}))
    await store.finish(await claimed(store), Outcome.FAILED)
    await store.put(asked("aside", NEEDLE))
    await store.set_aside(await claimed(store), "broken")
    await store.put(asked("held", NEEDLE, conversation=OTHER))
    await claimed(store)
    await store.put(asked("waits", NEEDLE, conversation=OTHER))
    await store.shelve(ADA, CHAT, NEEDLE)
    await store.shelve(ADA, CHAT, f"{NEEDLE}!", rename=True)
    receipt = await store.open_receipt("key", "digest", LEASE)
    await store.close_receipt("key", receipt.token, NEEDLE)
    async with store.follow("web:ada", "") as following:
        await store.publish("web:ada", NEEDLE)
        assert [event.data for event in await following.next()] == [NEEDLE]


def _bytes_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


@pytest.fixture(params=["sqlite", "redis"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The URL of a store, and where it keeps its bytes."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/parlour.db", tmp_path
        return
    with RedisServer(durable=True) as server:
        yield server.url, Path(server._directory.name)


@pytest.mark.parametrize(("options", "readable"), [(_keys(NEW), False), (PLAIN, True)])
async def test_nothing_that_was_said_can_be_read_in_the_bytes(
    kept: tuple[str, Path], clock: ManualClock, options: StoreOptions, readable: bool
) -> None:
    url, folder = kept
    async with open_store(url, clock, options) as store:
        await _say_everything(store)
        assert (NEEDLE.encode() in _bytes_of(folder)) is readable


async def test_without_its_key_a_store_is_refused(kept: tuple[str, Path], clock: ManualClock) -> None:
    url, _ = kept
    async with open_store(url, clock, _keys(OLD)) as store:
        await answered(store, asked("1"))
    for options, words in ((PLAIN, "privacy.key` is missing"), (_keys(WRONG), "neither `privacy.key` nor")):
        with pytest.raises(StoreError, match=words) as caught:
            async with open_store(url, clock, options):
                pass
        assert WRONG not in str(caught.value)


async def test_a_new_key_takes_the_place_of_the_old_one(kept: tuple[str, Path], clock: ManualClock) -> None:
    url, folder = kept
    async with open_store(url, clock, _keys(OLD)) as store:
        await answered(store, asked("1", "old?"), "old")
    async with open_store(url, clock, _keys(NEW, OLD)) as store:
        await answered(store, asked("2", "new?"), "new")
        async with open_store(f"sqlite:///{folder}/anew.db", clock, _keys(NEW, OLD)) as anew:
            await copy(store, anew, lambda *_: None)
    async with open_store(f"sqlite:///{folder}/anew.db", clock, _keys(NEW)) as anew:
        assert await branch(anew) == ["old?", "old", "new?", "new"]


async def test_an_old_key_alone_is_refused_once_a_newer_one_has_sealed(
    kept: tuple[str, Path], clock: ManualClock
) -> None:
    url, _ = kept
    for options in (_keys(OLD), _keys(OLD, NEW)):
        async with open_store(url, clock, options):
            pass
    async with open_store(url, clock, _keys(OLD)):
        pass
    async with open_store(url, clock, _keys(NEW, OLD)):
        pass
    for options in (_keys(OLD), _keys(NEW)):
        with pytest.raises(StoreSealed, match=r"neither `privacy\.key` nor"):
            async with open_store(url, clock, options):
                pass
    async with open_store(url, clock, _keys(OLD, NEW)):
        pass


async def test_while_processes_work_a_key_is_renewed_in_two_steps(kept: tuple[str, Path], clock: ManualClock) -> None:
    """First all of them learn to open what the new one seals, then they seal with it: at no time does one meet what it
    cannot open."""
    url, _ = kept
    steps = (_keys(OLD), _keys(OLD, NEW), _keys(NEW, OLD))
    for number, (one, other) in enumerate(pairwise(steps)):
        async with open_store(url, clock, one) as behind, open_store(url, clock, other) as ahead:
            for asking, answering in ((behind, ahead), (ahead, behind)):
                name = f"{number} {asking is behind}"
                await asking.put(asked(name, f"{name}?"))
                turn = await claimed(answering)
                assert turn.incoming.parts[0].text == f"{name}?"
                await answering.commit(turn, await exchange(answering, turn, name))
                await answering.finish(turn, Outcome.ANSWERED)
            assert await branch(behind) == await branch(ahead)
    async with open_store(url, clock, _keys(NEW, OLD)) as renewed:
        assert len(await branch(renewed)) == 8


async def test_what_was_kept_before_there_was_a_key_is_read_and_sealed_by_a_copy(
    kept: tuple[str, Path], tmp_path: Path, clock: ManualClock
) -> None:
    url, _ = kept
    async with open_store(url, clock, PLAIN) as store:
        await _say_everything(store)
    (copies := tmp_path / "copies").mkdir()
    async with (
        open_store(url, clock, _keys(NEW)) as store,
        open_store(f"sqlite:///{copies}/copy.db", clock, _keys(NEW)) as other,
    ):
        await copy(store, other, lambda *_: None)
        assert await branch(other) == await branch(store) == [NEEDLE] * 2
        assert await other.shelf(ADA) == await store.shelf(ADA)
    assert NEEDLE.encode() not in _bytes_of(copies)


async def test_how_an_answer_is_to_be_made_is_read_as_it_was_said(kept: tuple[str, Path], clock: ManualClock) -> None:
    sampling = {"stop": [NEEDLE], "seed": 7}
    async with open_store(kept[0], clock, _keys(NEW)) as store:
        await store.put(asked("1", sampling=sampling))
        assert (await claimed(store)).incoming.sampling == sampling


async def test_a_backup_stays_sealed(kept: tuple[str, Path], tmp_path: Path, clock: ManualClock) -> None:
    url, _ = kept
    async with open_store(url, clock, _keys(NEW)) as store:
        await answered(store, asked("1"))
    file = tmp_path / "backups" / "backup.db"
    await back_up(url, file, clock, lambda *_: None)
    with pytest.raises(StoreError):
        async with open_store(url_of(file), clock, PLAIN):
            pass
    async with open_store(url_of(file), clock, _keys(NEW)) as store:
        assert await branch(store) == ["Hello?", "Fine."]


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_opened_as_it_was(text: str) -> None:
    seal = Seal([NEW, OLD])
    assert seal.open(seal.close(text)) == storable(text)
    sealed = seal.close(text)
    assert seal.open(seal.close(sealed)) == sealed, "also what looks like sealed text"
