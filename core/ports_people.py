"""What is kept of one person, wherever on a store: the fourth part of `core.ports.Store`, under the same rules."""

from __future__ import annotations

from typing import Protocol

from core.domain import ConversationId, Incoming, PersonId


class People(Protocol):
    """A person is whoever a platform gives one id."""

    async def voices(self, person: PersonId) -> tuple[ConversationId, ...]:
        """The conversations that have words of the person: asked, kept, waiting, failed or set aside, or quoted to the
        model with somebody else's question."""

    async def company(self, conversation: ConversationId) -> frozenset[PersonId]:
        """Who asks there, and is not only quoted."""

    async def unanswered(self, conversation: ConversationId) -> tuple[Incoming, ...]:
        """What was asked there and is set aside, or ended in an error and is still known (`Inbox.asked`)."""

    async def forget_person(self, person: PersonId, tombstone: str) -> int:
        """Deletes everything about the person; how many rows were deleted or rewritten.

        A conversation in which nobody else asks is removed, as `Shelf.remove` does it. In the others the person's
        questions and the answers to them read *tombstone* from then on and have no author, sender or background; they
        keep their place in the tree and their token counts. Turns that ask in the person's name, or ask again what is
        deleted, are dropped, and so is the background of others' questions, if it quotes the person or does not say whom
        it quotes. Whoever holds such a turn gets LeaseLost. Shelf, receipts, bookmarks of private chats and words on
        their way go too; event ids that name the person stay known as digests, so that nothing comes back. Repeatable,
        and to be repeated where it was interrupted. The bytes: as `Shelf.remove` says, but a Redis is also asked to
        rewrite its append-only file."""
