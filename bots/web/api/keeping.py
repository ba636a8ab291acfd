"""A request in a conversation that the server keeps: a turn like any other, whose words are followed on a feed.

Nothing of it depends on the connection, nor on the process that answers. A client that is gone finds the answer when it
sends the request again with the same `Idempotency-Key`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bots.web.api.chunks import Dress
from bots.web.api.clients import Client
from bots.web.api.outlet import Outlet
from bots.web.api.problems import SERVER, Refusal, refusal_for
from bots.web.api.requests import Asked, question, sampling
from bots.web.front import LANE
from bots.web.stream import utf16
from bots.web.translate import FEED
from core.completions import Frame, reason
from core.domain import (
    NO_USAGE,
    ConversationId,
    Finish,
    Incoming,
    Message,
    Ref,
    Sender,
    TextPart,
    TurnId,
    answer_id,
)
from core.domain_sharing import FeedEvent, turn_feed
from core.errors import FeedGap
from core.ports import Clock, Store
from core.ports_sharing import Following
from core.watching import Watch
from core.wording import Sentence, say

LOOK = 2.0
"""Seconds without a word after which the store is looked at: the words of another process may not come here."""
MOST_TRIES = 100
"""How often a request may be sent again, with its key, after it has failed: clients give up long before."""


def turn_of(client: Client, asked: Asked, turn: str, now: float) -> Incoming:
    """The new message in the client's conversation, as the turn of that name, at the Unix time *now*. Raises Refusal."""
    text, background = question(asked.body)
    event = TurnId(f"{client.person}/{turn}")
    return Incoming(
        event_id=event,
        conversation=ConversationId(f"{client.person}/{asked.conversation}"),
        lane=LANE,
        sender=Sender(client.person),
        parts=(TextPart(text),),
        sent_at=now,
        address={FEED: turn_feed(event)},
        ref=Ref(event),
        background=background,
        model=asked.body.get("model") or "",
        sampling=sampling(asked.body),
    )


@dataclass(slots=True)
class Words:
    """The answer so far, as it is published, and how much of that the client has: what it has cannot be taken back."""

    text: str = ""
    told: str = ""

    def take(self, at: int, more: str) -> None:
        """*at*: where they belong, in UTF-16 units; 0 begins anew. What does not fit will come as part of a whole."""
        if at == 0:
            self.text = more
        elif at == utf16(self.text):
            self.text += more

    def news(self) -> str:
        """What the client does not have yet. Raises Refusal where it has other words."""
        if self.told.startswith(self.text):
            return ""
        if not self.text.startswith(self.told):
            said = "The answer was begun anew. Repeat the request with the same Idempotency-Key to get all of it."
            raise Refusal(500, said, "answer_restarted", kind=SERVER)
        more, self.told = self.text[len(self.told) :], self.text
        return more


@dataclass(frozen=True, slots=True)
class Keeping:
    """`Work`. wants_usage: in a chunk of its own. watch: the turn is traced within its request."""

    store: Store
    clock: Clock
    incoming: Incoming
    frame: Frame
    streamed: bool
    wants_usage: bool
    watch: Watch
    words: Words = field(default_factory=Words)

    async def __call__(self, outlet: Outlet) -> None:
        await replace(self, incoming=await self._accepted()).follow(outlet)

    async def _accepted(self) -> Incoming:
        """The turn to follow: the first of this request's that has not failed. Who sends a request again after an error,
        with its key, wants an answer and not the error."""
        names = (self.incoming.event_id, *(f"{self.incoming.event_id}.{again}" for again in range(1, MOST_TRIES)))
        for turn in map(self._named, names):
            if await self.store.put(turn) or not await self._has_failed(turn):
                return turn
        raise refusal_for(Sentence.GAVE_UP, say(Sentence.GAVE_UP, "en"))

    def _named(self, name: str) -> Incoming:
        event, trace = TurnId(name), self.watch.traceparent
        return replace(self.incoming, event_id=event, ref=Ref(event), address={FEED: turn_feed(event)}, trace=trace)

    async def follow(self, outlet: Outlet) -> None:
        """All of the answer to the turn, which is accepted."""
        kept = None
        while kept is None:
            try:
                async with self.store.follow(self.incoming.address[FEED], "") as following:
                    kept = await self._listen(following, outlet)
            except FeedGap:
                kept = await self._look()
        await (self._end if self.streamed else self._whole)(kept, outlet)

    async def _listen(self, following: Following, outlet: Outlet) -> Message:
        """The kept answer. Raises Refusal and FeedGap."""
        while True:
            events = await self._next(following)
            kept = None if events else await self._look()
            for event in events:
                kept = await self._take(json.loads(event.data)) or kept
            if kept is not None:
                return kept
            if self.streamed and (news := self.words.news()):
                await self._say(news, outlet)

    async def _next(self, following: Following) -> Sequence[FeedEvent]:
        try:
            async with self.clock.watchdog(LOOK):
                return await following.next()
        except TimeoutError:
            return ()

    async def _take(self, event: Mapping[str, Any]) -> Message | None:
        if event["kind"] == "words":
            self.words.take(event["at"], event["text"])
        if event["kind"] == "failed":
            raise refusal_for(Sentence(event["code"]), event["message"], event.get("retry_after"))
        return await self._kept(self.incoming) if event["kind"] == "done" else None

    async def _look(self) -> Message | None:
        """The kept answer; None while there may be one yet. Raises Refusal when there will be none."""
        if await self._has_failed(self.incoming):
            raise refusal_for(Sentence.GAVE_UP, say(Sentence.GAVE_UP, "en"))
        return await self._kept(self.incoming)

    async def _has_failed(self, turn: Incoming) -> bool:
        """Whether there is no answer to it, and nobody is at it any more."""
        waiting = await self.store.waiting(turn.conversation)
        return all(other.event_id != turn.event_id for other in waiting) and await self._kept(turn) is None

    async def _kept(self, turn: Incoming) -> Message | None:
        return await self.store.message(turn.conversation, answer_id(turn.event_id))

    async def _say(self, text: str, outlet: Outlet) -> None:
        role = {"role": "assistant"} if self.words.told == text else {}
        await outlet.piece(Dress(self.frame).pieces([self.frame.piece({**role, "content": text})]))

    async def _end(self, kept: Message, outlet: Outlet) -> None:
        self.words.text = kept.text
        if news := self.words.news():
            await self._say(news, outlet)
        dress = Dress(self.frame)
        last = dress.pieces([self.frame.piece({}, reason(kept.finish or Finish.STOP))])
        await outlet.end(last + dress.ending((kept.usage or NO_USAGE) if self.wants_usage else None))

    async def _whole(self, kept: Message, outlet: Outlet) -> None:
        frame, usage = replace(self.frame, model=kept.model), kept.usage or NO_USAGE
        answer = frame.whole([kept.text], reason(kept.finish or Finish.STOP), usage)
        await outlet.whole(Dress(frame).whole(answer, usage))
