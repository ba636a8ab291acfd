"""What was removed is gone from the bytes on the disk as well."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.domain import PersonId
from core.stores.opening import open_store
from core.stores.sqlite import database
from tests.contracts.making import CHAT, answered, asked, claimed
from tests.support.clock import ManualClock


def _holds(folder: Path, text: str) -> bool:
    return any(text.encode() in file.read_bytes() for file in folder.iterdir())


async def test_nothing_of_a_removed_conversation_is_left_in_the_file(tmp_path: Path, clock: ManualClock) -> None:
    async with open_store(f"sqlite:///{tmp_path}/parlour.db", clock) as store:
        for number in range(20):
            await answered(store, asked(f"{number}", "Geheimnis " * 200), "Geheimnis " * 200)
        await store.put(asked("running", "Geheimnis"))
        await claimed(store)
        assert _holds(tmp_path, "Geheimnis")
        await store.remove(PersonId("web:ada"), CHAT)
        assert not _holds(tmp_path, "Geheimnis")


async def test_what_somebody_read_while_it_was_removed_is_gone_with_the_next_sweep(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT", 0.0)
    async with open_store(f"sqlite:///{tmp_path}/parlour.db", clock) as store:
        await answered(store, asked("1", "Geheimnis"))
        with closing(sqlite3.connect(tmp_path / "parlour.db", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM messages").fetchall()
            await store.remove(PersonId("web:ada"), CHAT)
            assert _holds(tmp_path, "Geheimnis")
        await store.sweep()
        assert not _holds(tmp_path, "Geheimnis")
