"""What a store keeps beside turns and their history, for pages and programs: the second half of `core.ports.Store`,
under the same rules."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from core.domain import ConversationId, PersonId
from core.domain_sharing import FeedEvent, Found, Receipt, Shelved, Unsaid


class Following(Protocol):
    """One watcher of one feed."""

    async def next(self) -> Sequence[FeedEvent]:
        """Waits for events; gives all there are, at least one, each once and in order. Waits on while the store is away.
        Raises FeedGap when some between the last one given and now are kept no more: read the state anew, and follow
        again from there."""


class Feeds(Protocol):
    """Words on their way to whoever watches, from whatever process writes them. A feed is named by whoever uses it.

    The newest 1,000 events of a feed are kept (or a few more) for 10 minutes after the last. A file that several
    processes share carries them within one process only."""

    async def publish(self, feed: str, event: str) -> str:
        """Appends *event*; its id. Events of one feed stand in the order in which these calls returned."""

    async def newest(self, feed: str) -> str:
        """The id after which `follow` misses nothing that is published from now on; "" where nothing is kept."""

    def follow(self, feed: str, after: str | None) -> AbstractAsyncContextManager[Following]:
        """What is published after the block is entered (*after* None), what is kept and that (""), or all that came after
        the event *after*. Entering raises FeedGap when that one is kept no more."""


class Shelf(Protocol):
    """A person's conversations, as a side bar lists them. What is on it expires like a history (`history.ttl`)."""

    async def shelve(self, owner: PersonId, conversation: ConversationId, title: str, *, rename: bool = False) -> None:
        """Notes activity: it moves to the front. It keeps the title it has, unless that is empty. *rename*: gives it
        *title* and leaves it where it is, if it is there at all."""

    async def shelf(self, owner: PersonId) -> tuple[Shelved, ...]:
        """The newest activity first."""

    async def search(self, owner: PersonId, words: str, limit: int) -> tuple[Found, ...]:
        """Up to *limit* of them, the newest activity first, whose title has all the *words*, or one of whose messages
        has. A word is what stands between blanks, in any case, also within another word. At most 5,000 messages are
        looked at, from the newest conversation on."""

    async def remove(self, owner: PersonId, conversation: ConversationId) -> int:
        """Deletes a conversation from its owner's shelf and everything in it: messages, what platforms show them as,
        turns that wait, run, failed or are set aside. How many rows that were. What it used stays in the ledger of
        nobody's conversation. Whoever holds its running turn gets LeaseLost; nothing brings it back. Repeatable.
        An SQLite file holds nothing of its text any more; a Redis may until it rewrites its append-only file."""


class Secrets(Protocol):
    """What all processes on a store sign with."""

    async def secret(self, name: str, candidate: str) -> str:
        """What is kept under *name*; *candidate*, kept from now on unless it is empty, where nothing was."""


class Receipts(Protocol):
    """Which requests were answered, for clients that repeat one they got no answer to; and whose work it is that one process
    does for all. Kept for 24 hours after they were opened, renewed or closed."""

    async def open_receipt(self, key: str, digest: str, lease: float) -> Receipt:
        """FRESH: the request is the caller's for *lease* seconds, until it renews or closes the receipt. *digest* says
        what is asked: another one under the same key is a MISMATCH."""

    async def renew_receipt(self, key: str, token: int, lease: float) -> None:
        """The caller's for *lease* seconds from now. Raises LeaseLost."""

    async def close_receipt(self, key: str, token: int, body: str | None) -> None:
        """*body* is what was answered, for whoever asks again; None: nothing was, so the next one to ask begins afresh.
        Raises LeaseLost."""


class Outbox(Protocol):
    """What people are still to be told besides answers: what a process that ended did not get to, another one says. Kept for
    24 hours after it was last changed; `page` leaves it out."""

    async def owe(self, unsaid: Unsaid, lease: float) -> Unsaid:
        """Keeps it in the place of what stood under its key; what is returned has its token. It is the caller's for *lease*
        seconds."""

    async def renew_unsaid(self, unsaid: Unsaid, lease: float) -> None:
        """The caller's for *lease* seconds from now, with the body that it has now; after that it is anybody's. Raises
        LeaseLost where somebody else took it, or said it, or it was forgotten."""

    async def take_unsaid(self, lane: str, lease: float) -> tuple[Unsaid, ...]:
        """What is nobody's, the oldest first: the caller's for *lease* seconds."""

    async def said(self, unsaid: Unsaid) -> None:
        """It is kept no more, unless it is somebody else's by now."""


class Probing(Protocol):
    async def probe(self) -> None:
        """Writes what nobody misses. Raises StoreError where nothing new can be kept."""
