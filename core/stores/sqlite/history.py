"""`core.ports.History` in an SQLite file."""

from __future__ import annotations

from core.domain import (
    NO_USAGE,
    Answer,
    Conversation,
    ConversationId,
    Encoding,
    Exchange,
    Finish,
    Message,
    MessageId,
    Ref,
    Turn,
    UsageReport,
    answer_id,
)
from core.stores.sqlite import messages, turns
from core.stores.sqlite.database import Database, Session


class SqliteHistory:
    _database: Database

    async def conversation(self, conversation: ConversationId) -> Conversation:
        return await self._database.read(lambda session: messages.conversation(session, conversation))

    async def configure(
        self, conversation: ConversationId, *, model: str | None = None, persona: str | None = None
    ) -> None:
        await self._database.write(lambda session: messages.configure(session, conversation, model, persona))

    async def move(self, conversation: ConversationId, head: MessageId | None) -> None:
        await self._database.write(lambda session: messages.move(session, conversation, head))

    async def message(self, conversation: ConversationId, message: MessageId) -> Message | None:
        return await self._database.read(lambda session: messages.message(session, conversation, message))

    async def path(
        self, conversation: ConversationId, leaf: MessageId | None, encoding: Encoding, window: int
    ) -> tuple[Message, ...]:
        if leaf is None:
            return ()
        return await self._database.read(lambda session: messages.path(session, conversation, leaf, encoding, window))

    async def children(self, conversation: ConversationId, parent: MessageId | None) -> tuple[Message, ...]:
        return await self._database.read(lambda session: messages.children(session, conversation, parent))

    async def messages(self, conversation: ConversationId) -> tuple[Message, ...]:
        return await self._database.read(lambda session: messages.messages(session, conversation))

    async def answer_to(self, turn: Turn) -> Answer | None:
        kept = await self.message(turn.incoming.conversation, answer_id(turn.id))
        if kept is None:
            return None
        return Answer(kept.id, kept.text, kept.model, kept.finish or Finish.STOP, kept.usage or NO_USAGE)

    async def commit(self, turn: Turn, exchange: Exchange) -> None:
        def operation(session: Session) -> None:
            turns.hold(session, turn)
            messages.commit(session, turn.incoming.conversation, turn.conversation.epoch, exchange)

        await self._database.write(operation)

    async def choose(self, turn: Turn, answer: Message) -> None:
        def operation(session: Session) -> None:
            turns.hold(session, turn)
            messages.choose(session, turn.incoming.conversation, turn.conversation.epoch, answer)

        await self._database.write(operation)

    async def shown_as(self, conversation: ConversationId, ref: Ref) -> MessageId | None:
        return await self._database.read(lambda session: messages.shown_as(session, conversation, ref))

    async def refs(self, conversation: ConversationId, message: MessageId) -> tuple[Ref, ...]:
        return await self._database.read(lambda session: messages.refs(session, conversation, message))

    async def usage(self, conversation: ConversationId) -> UsageReport:
        return await self._database.read(lambda session: messages.usage(session, conversation))
