"""One conversation as a page shows it: what is kept, what is being answered, and from where to follow what happens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from bots.web import render
from bots.web.places import Place
from bots.web.translate import short
from core.conversations.exporting import branch
from core.conversations.invoking import Choice
from core.domain import Incoming
from core.domain_sharing import FeedEvent
from core.errors import FeedGap
from core.wording import Sentence, say

GLANCE = 1.0
"""Seconds for reading what a feed keeps."""


async def view(place: Place) -> render.Json:
    """Raises ConversationUnknown and StoreError."""
    heard = await _heard(place)  # before the rest: what happens meanwhile comes again, and nothing is missed
    entry, store = await place.shelved(), place.desk.store
    state = await store.conversation(place.conversation)
    everything = await store.messages(place.conversation)
    waiting = await store.waiting(place.conversation)
    return {
        "id": short(place.conversation),
        "title": entry.title,
        "model": await chosen(place, "model"),
        "persona": await chosen(place, "persona"),
        "head": state.head and short(state.head),
        "messages": render.messages(branch(everything, state.head), everything),
        "pending": [await _pending(place, asked, heard) for asked in waiting],
        "failed": state.failed and await _failed(place, state.failed, heard),
        "feed": heard.newest,
    }


async def chosen(place: Place, command: str) -> str:
    """The value that *command* would change."""
    return next((choice.value for choice in await choices(place, command) if choice.current), "")


async def choices(place: Place, command: str) -> tuple[Choice, ...]:
    return tuple(await place.desk.commands.complete(command, "", place.incoming()))


@dataclass(frozen=True, slots=True)
class Heard:
    """What a feed tells of one conversation. newest: the event after which nothing is missed. words: by turn, of answers
    that are being written. places: by turn, why there are none yet. excuses: by turn, why there is no answer."""

    newest: str
    words: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    excuses: dict[str, str] = field(default_factory=dict)


async def _heard(place: Place) -> Heard:
    """All that is kept is only read where there is something to learn from it."""
    store, feed = place.desk.store, place.seat.feed
    newest = await store.newest(feed)
    settled = not await store.waiting(place.conversation) and not (await store.conversation(place.conversation)).failed
    if not newest or settled:
        return Heard(newest)
    with suppress(FeedGap, TimeoutError):
        async with store.follow(feed, "") as following, place.desk.clock.watchdog(GLANCE):
            return told(await following.next(), short(place.conversation))
    return Heard(newest)


def told(events: Sequence[FeedEvent], conversation: str) -> Heard:
    """Words are known where they are told of from the beginning on."""
    heard = Heard(events[-1].id)
    for event in events:
        said = json.loads(event.data)
        if said.get("conversation") != conversation:
            continue
        turn = said.get("turn", "")
        if said["kind"] == "failed":
            heard.excuses[turn] = said["message"]
        elif said["kind"] == "waiting":
            heard.places[turn] = said["message"]
        elif said["kind"] == "words" and said["at"] == 0:
            heard.words[turn] = said["text"]
        elif said["kind"] == "words" and turn in heard.words:
            heard.words[turn] += said["text"]
    return heard


async def _pending(place: Place, asked: Incoming, heard: Heard) -> render.Json:
    turn = short(asked.event_id)
    return {**await place.question(asked, heard.words.get(turn, "")), "waiting": heard.places.get(turn, "")}


async def _failed(place: Place, failed: Incoming, heard: Heard) -> render.Json:
    """With the reason, while that is still known."""
    unknown = say(Sentence.WEB_NOT_ANSWERED, place.seat.language)
    return {**await place.question(failed), "message": heard.excuses.get(short(failed.event_id), unknown)}
