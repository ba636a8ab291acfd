"""Commands whose request comes again, because the page did not hear what came of the first one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from hashlib import sha256

from bots.web.refusing import TooLate
from core.domain import TurnId
from core.domain_sharing import ReceiptState
from core.errors import LeaseLost
from core.ports_sharing import Receipts

LEASE = 30.0
"""Seconds after which a command that a killed process began may be run again."""


async def once(receipts: Receipts, turn: TurnId, command: str, run: Callable[[], Awaitable[str]]) -> str:
    """What *run* says, or said when *turn* came first. Raises TooLate while that is being found out, and where *turn* was
    another command."""
    digest = sha256(command.encode()).hexdigest()
    receipt = await receipts.open_receipt(turn, digest, LEASE)
    if receipt.state is ReceiptState.DONE:
        return receipt.body
    if receipt.state is not ReceiptState.FRESH:
        raise TooLate
    said = None
    try:
        said = await run()
        return said
    finally:
        with suppress(LeaseLost):  # it was forgotten, with the one who sent it
            await receipts.close_receipt(turn, receipt.token, said)
