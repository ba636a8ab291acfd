"""What the buttons under an answer do, on every platform. Whatever they need is in the button and in the store, so any
process can do it, also long after the answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b

from bots.shared.surface import Action
from core.conversations.commands import Commands, anew
from core.domain import Finish, Incoming, Message, MessageId, PersonId, Ref, Sender, TextPart, TurnId, turn_of
from core.errors import ChatError, StoreError
from core.ports import Store
from core.wording import Sentence, say


@dataclass(frozen=True, slots=True)
class Press:
    """A button that somebody pressed.

    incoming: who did, in whose conversation, and where the answer goes that comes of it; without words and `ref`.
    under: the message that carries the button. action, message: those of its `Control`.
    moderates: whether this person may manage what others wrote there.
    """

    incoming: Incoming
    under: Ref
    action: Action
    message: MessageId
    moderates: bool = False

    def is_allowed(self, asker: PersonId | None) -> bool:
        """What people asked is theirs, and the moderators'."""
        return self.moderates or self.incoming.sender.id == asker


@dataclass(frozen=True, slots=True)
class _Standing:
    """What the message above a button shows: a kept answer or, where that is None, what became of a turn that has
    none (yet), and what that turn *asks*. question: the kept one that it is about, if there is one."""

    shown: MessageId
    answer: Message | None
    asks: Incoming | None
    question: Message | None

    @property
    def asker(self) -> PersonId | None:
        if self.question is not None:
            return self.question.sender
        return self.asks.sender.id if self.asks else None


class Presses:
    def __init__(self, store: Store, commands: Commands) -> None:
        self._store = store
        self._commands = commands

    async def obey(self, press: Press) -> str:
        """What the one who pressed is to be told; nothing when it is done, or stored to be done."""
        language = press.incoming.sender.language
        try:
            await self._commands.admit(press.incoming, "stop" if press.action is Action.STOP else "retry")
            sentence = await (self._stop(press) if press.action is Action.STOP else self._put(press))
        except ChatError as problem:
            return say(problem.sentence, language, **problem.values)
        except StoreError:
            sentence = Sentence.STORE_AWAY_UNDONE
        return say(sentence, language) if sentence else ""

    async def _stop(self, press: Press) -> Sentence | None:
        conversation, turn = press.incoming.conversation, turn_of(press.message)
        asks = await self._store.asked(conversation, turn)
        if asks is not None and not press.is_allowed(asks.sender.id):
            return Sentence.BUTTON_NOT_YOURS
        return None if await self._store.stop(conversation, turn) else Sentence.STOP_NOTHING

    async def _put(self, press: Press) -> Sentence | None:
        standing = await self._standing(press)
        if standing is None:
            return Sentence.BUTTON_STALE
        if not press.is_allowed(standing.asker):
            return Sentence.BUTTON_NOT_YOURS
        wanted = await self._wanted(press, standing)
        if wanted is None:
            being_written = standing.answer is None and press.message != standing.shown
            return Sentence.BUTTON_PRESSED if being_written else Sentence.BUTTON_STALE
        return None if await self._store.put(wanted) else Sentence.BUTTON_PRESSED

    async def _standing(self, press: Press) -> _Standing | None:
        """None for a message that shows nothing that is known (any more)."""
        store, conversation = self._store, press.incoming.conversation
        # A message may be seen, and pressed, before the platform's response told us that it is there.
        shown = await store.shown_as(conversation, press.under) or press.message
        answer = await store.message(conversation, shown)
        asks = None if answer else await store.asked(conversation, turn_of(shown))
        about = answer.parent if answer else asks.again if asks else None
        question = await store.message(conversation, about) if about else None
        return _Standing(shown, answer, asks, question) if asks or question else None

    async def _wanted(self, press: Press, standing: _Standing) -> Incoming | None:
        """The turn that does what the button says; None where it says nothing any more."""
        if press.action is Action.SHOW:
            return await self._instead(press, standing)
        if press.message != standing.shown:
            return None
        if press.action is Action.CONTINUE:
            return _on(press, standing)
        if standing.asks is not None:
            incoming = replace(press.incoming, event_id=_after(press), replaces=press.under)
            return anew(standing.asks, incoming)
        return await self._again(press, standing)

    async def _instead(self, press: Press, standing: _Standing) -> Incoming | None:
        """A sibling in the place of what is shown."""
        wanted = await self._store.message(press.incoming.conversation, press.message)
        if wanted is None or standing.question is None or wanted.parent != standing.question.id:
            return None
        return replace(_in_place(press, standing), show=wanted.id)

    async def _again(self, press: Press, standing: _Standing) -> Incoming | None:
        if standing.question is None:
            return None
        refs = await self._store.refs(press.incoming.conversation, standing.question.id)
        return replace(_in_place(press, standing), again=standing.question.id, ref=refs[-1] if refs else None)


def _in_place(press: Press, standing: _Standing) -> Incoming:
    """In the messages there. Who presses twice at once means it once: the same press joins the turn until it is over."""
    group = f"{press.action.value} {press.message} {press.under}"
    return replace(press.incoming, sender=_asker(press, standing), replaces=press.under, group=group)


def _on(press: Press, standing: _Standing) -> Incoming | None:
    """The same speaker asks for the rest, which follows below."""
    answer, question = standing.answer, standing.question
    if answer is None or question is None or answer.finish is not Finish.LENGTH:
        return None
    sender = _asker(press, standing)
    words = (TextPart(say(Sentence.GO_ON, sender.language)),)
    asked = replace(press.incoming, event_id=_after(press), sender=sender, parts=words, author=question.author)
    return replace(asked, reply_to=press.under)


def _asker(press: Press, standing: _Standing) -> Sender:
    """A moderator presses on behalf of who asked."""
    sender, question = press.incoming.sender, standing.question
    if question is None or question.sender in {None, sender.id}:
        return sender
    return replace(sender, id=question.sender, name=question.author)


def _after(press: Press) -> TurnId:
    """The same for every press of this button: it does its work once. As short as a platform's own names."""
    digest = blake2b(f"{press.action.value} {press.message}".encode(), digest_size=8).hexdigest()
    return TurnId(f"{press.incoming.lane}:{digest}")
