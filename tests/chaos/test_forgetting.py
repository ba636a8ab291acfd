"""Somebody unmistakable talks wherever they can, through edits, errors and a killed process; then they are forgotten, and
every byte that is kept is searched for them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from core.clock import SystemClock
from core.domain import ConversationId, Incoming, PersonId, Ref, Sender, TextPart, TurnId
from core.ports import Outcome, Store
from core.stores.backup import back_up
from core.stores.opening import open_store
from core.stores.options import StoreOptions
from tests.contracts.making import LEASE, answered, claimed
from tests.support.clock import until
from tests.support.page import ROOM, fresh, page
from tests.support.servers import RedisServer, free_port
from tests.support.tree import ROOT
from tests.support.web import listening, settings

NAME = "Zebulonia Quitzelfranz"
WORDS = "brillig feldspatquokka 貔貅饕餮"
TITLE = "gimblewabe"
PERSON = PersonId("telegram:734001234567789")
GROUP, PRIVATE = ConversationId("telegram:-10077"), ConversationId(PERSON)
CLIENT = "quitzelshop"
KEY = "a key that nobody will ever guess"
BOB = Sender(PersonId("telegram:1"), "Bob")
SHE = Sender(PERSON, NAME)


@dataclass(frozen=True)
class Kept:
    """A store. folder: where all of its bytes are."""

    url: str
    folder: Path
    keys: tuple[str, ...]
    server: RedisServer | None = None

    def open(self) -> AbstractAsyncContextManager[Store]:
        return open_store(self.url, SystemClock(), StoreOptions(keys=self.keys))

    async def everything(self) -> bytes:
        """Every byte of it, once what is deleted is off the disk: with the next sweep at the latest."""
        async with self.open() as store:
            await store.sweep()
        if self.server is not None:
            await until(self._is_written, 20_000)
            assert self.server.command("SAVE") == "+OK\r\n"
        return b"".join(file.read_bytes() for file in sorted(self.folder.rglob("*")) if file.is_file())

    def _is_written(self) -> bool:
        assert self.server is not None
        told = self.server.command("INFO", "persistence")
        under_way = ("rewrite_in_progress:1", "rewrite_scheduled:1", "bgsave_in_progress:1")
        files = list((self.folder / "appendonlydir").glob("*.incr.aof"))
        return not any(f"aof_{state}" in told or f"rdb_{state}" in told for state in under_way) and len(files) <= 1


@pytest.fixture(params=["sqlite", "redis"])
def kept(request: pytest.FixtureRequest, tmp_path: Path, keys: tuple[str, ...]) -> Iterator[Kept]:
    folder = tmp_path / "store"
    folder.mkdir()
    if request.param == "sqlite":
        yield Kept(f"sqlite:///{folder}/parlour.db", folder, keys)
        return
    with RedisServer(("rdbcompression", "no"), durable=True) as server:
        yield Kept(server.url, Path(server._directory.name), keys, server)


@pytest.fixture(params=[(), (KEY,)], ids=["readable", "sealed"])
def keys(request: pytest.FixtureRequest) -> tuple[str, ...]:
    found: tuple[str, ...] = request.param
    return found


async def test_no_byte_is_left_of_who_is_forgotten(kept: Kept, tmp_path: Path) -> None:
    async with kept.open() as store:
        await _talk_in_private(store)
        await _talk_in_a_group(store)
    visitor = await _talk_on_the_page(kept, tmp_path)
    needles = [NAME, WORDS, *WORDS.split(), TITLE, PERSON, PERSON.partition(":")[2], visitor, f"api:{CLIENT}"]
    there = _found(needles, await kept.everything())
    assert {PERSON, visitor, f"api:{CLIENT}"} <= there, "what is searched for is known to be there"
    assert (WORDS in there) is not bool(kept.keys)
    for person in (PERSON, visitor, f"api:{CLIENT}"):
        await asyncio.to_thread(_forget, tmp_path, person)
    assert not _found(needles, await kept.everything())
    await back_up(kept.url, tmp_path / "backup.db", SystemClock(), lambda *_: None)
    assert not _found(needles, (tmp_path / "backup.db").read_bytes())
    assert not _found([NAME, *WORDS.split(), TITLE], (tmp_path / "log").read_bytes())
    async with kept.open() as store:
        assert [message.text for message in await store.messages(GROUP) if message.sender == BOB.id] == ["Bob asks"] * 2
        assert await store.waiting(GROUP) == ()


def _found(needles: list[str], haystack: bytes) -> set[str]:
    """Those that are there, in whatever way text is written down."""
    return {needle for needle in needles if any(form in haystack for form in _forms(needle))}


def _forms(text: str) -> list[bytes]:
    escaped = json.dumps(text)[1:-1]
    return [
        text.encode(),
        text.encode("utf-16-le"),
        escaped.encode(),
        escaped.upper().encode(),
        b64encode(text.encode()),
    ]


def _said(event: str, conversation: ConversationId, text: str = WORDS, sender: Sender = SHE, **more: Any) -> Incoming:
    return replace(
        Incoming(
            event_id=TurnId(event),
            conversation=conversation,
            lane="telegram",
            sender=sender,
            parts=(TextPart(text),),
            sent_at=SystemClock().now(),
            author=sender.name if conversation == GROUP else "",
            ref=Ref(event),
        ),
        **more,
    )


async def _talk_in_private(store: Store) -> None:
    await answered(store, _said(f"{PERSON}/1", PRIVATE), WORDS)
    await store.put(_said(f"{PERSON}/1.5", PRIVATE, f"{WORDS}!", revises=Ref(f"{PERSON}/1")))
    await store.finish(await claimed(store, "telegram"), Outcome.FAILED)
    await store.put(_said(f"{PERSON}/2", PRIVATE))
    await store.set_aside(await claimed(store, "telegram"), "broken")
    await store.note("telegram", f"@me/{PERSON.partition(':')[2]}", 7)
    await store.shelve(PERSON, PRIVATE, TITLE)
    receipt = await store.open_receipt(f"command:{PERSON}/3", "export", LEASE)
    await store.close_receipt(f"command:{PERSON}/3", receipt.token, WORDS)
    await store.publish(PERSON, WORDS)
    await store.put(_said(f"{PERSON}/4", PRIVATE))
    await claimed(store, "telegram")  # by somebody who is killed
    await store.put(_said(f"{PERSON}/5", PRIVATE))


async def _talk_in_a_group(store: Store) -> None:
    await answered(store, _said("telegram:-10077/1", GROUP), WORDS)
    await answered(store, _said("telegram:-10077/2", GROUP, "Bob asks", BOB, background=WORDS, quoted=(PERSON,)))
    await answered(store, _said("telegram:-10077/3", GROUP, "Bob asks", BOB, background=WORDS))
    await store.put(_said("telegram:-10077/4", GROUP))
    await store.finish(await claimed(store, "telegram"), Outcome.FAILED)
    await store.put(_said("telegram:-10077/5", GROUP, overheard=WORDS))
    await claimed(store, "telegram")
    await store.put(_said("telegram:-10077/6", GROUP))


async def _talk_on_the_page(kept: Kept, folder: Path) -> str:
    """And as a program, with a process that is killed in between; the visitor's id."""
    port = free_port()
    sealing = f"privacy: {{key: {KEY}}}\n" if kept.keys else ""
    more = f"{sealing}log: {{level: debug}}"
    text = settings(kept.folder, port, delay=0.05, store=kept.url, more=more)
    text = text.replace(f"{{port: {port}}}", f"{{port: {port}, clients: [{{name: {CLIENT}, key: key-of-the-shop}}]}}")
    (folder / "config.yaml").write_text(text)
    async with _serving(folder, port), page(f"http://127.0.0.1:{port}") as she:
        turn = await she.ask(WORDS)
        await she.answered(turn)
        await she.answer(f"{WORDS}?", edits=f"{turn}/q")
        await she.tell(f"/conversations/{ROOM}/retry", id=fresh())
        await she.tell(f"/conversations/{ROOM}/messages", id=fresh(), text="/export")
        await she.call("PATCH", f"/conversations/{ROOM}", title=TITLE)
        visitor: str = (await she.call("GET", "/me/export")).json()["person"]
        await _ask_as_a_program(port)
        last = await she.ask(f"{WORDS} " * 20)
        await until(lambda: bool(she.words.get(last)))
    return visitor


async def _ask_as_a_program(port: int) -> None:
    headers = {"Authorization": "Bearer key-of-the-shop", "Idempotency-Key": TITLE}
    body = {"messages": [{"role": "user", "content": WORDS}], "conversation": "orders"}
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as http:
        answer = await http.post("/v1/chat/completions", json=body, headers=headers)
    assert WORDS in answer.json()["choices"][0]["message"]["content"]


@asynccontextmanager
async def _serving(folder: Path, port: int) -> AsyncIterator[None]:
    """The page's server; killed at the end of the block."""
    command = (sys.executable, "-m", "bots", "run", "web", "--config", str(folder / "config.yaml"))
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=log, stderr=log)
        try:
            await listening(port)
            yield
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


def _forget(folder: Path, person: str) -> None:
    command = (sys.executable, "-m", "bots", "people", "forget", person, "--yes", "--config", folder / "config.yaml")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "entries are deleted" in done.stdout
