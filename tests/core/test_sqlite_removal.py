"""What was removed is gone from the bytes on the disk as well."""

from __future__ import annotations

from pathlib import Path

from core.domain import PersonId
from core.stores.opening import open_store
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
