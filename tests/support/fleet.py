"""Stations as processes: started quickly (forked from a server that has everything imported), killed for real."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from multiprocessing.process import BaseProcess
from typing import Self

from core.clock import SystemClock
from core.stores.opening import open_store
from tests.support.station import Orders, main

REST = 300.0
"""Seconds within which all must have ended: a test that hangs is to fail."""
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.support.station"])


class Fleet:
    """``with Fleet() as fleet``: whatever still runs at the end of the block is killed."""

    def __init__(self) -> None:
        self._processes: dict[int, BaseProcess] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for pid in list(self._processes):
            self.kill(pid)

    def start(self, orders: Orders) -> int:
        """The process id of a new station."""
        process = _CONTEXT.Process(target=main, args=(orders,), daemon=True)
        process.start()
        assert process.pid is not None
        self._processes[process.pid] = process
        return process.pid

    def kill(self, pid: int) -> None:
        """SIGKILL; returns when the process is gone."""
        process = self._processes.pop(pid)
        process.kill()
        process.join()

    async def stop(self, pid: int) -> None:
        """SIGTERM; returns when the process has drained and gone."""
        process = self._processes.pop(pid)
        process.terminate()
        await asyncio.to_thread(process.join)

    def pause(self, pid: int) -> None:
        os.kill(pid, signal.SIGSTOP)

    def resume(self, pid: int) -> None:
        os.kill(pid, signal.SIGCONT)


async def at_rest(store: str) -> None:
    """Returns when nothing waits or runs there. TimeoutError after some minutes."""
    clock = SystemClock()
    async with open_store(store, clock) as opened, asyncio.timeout(REST):
        while (depth := await opened.depth()).queued + depth.running:
            await clock.sleep(0.02)
