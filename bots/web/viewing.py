"""One conversation as a page shows it: what is kept, what is being answered, and from where to follow what happens."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress

from bots.web import render
from bots.web.places import Place
from bots.web.translate import short
from core.conversations.commands import Choice
from core.conversations.exporting import branch
from core.domain import Incoming
from core.domain_sharing import FeedEvent
from core.errors import FeedGap
from core.wording import Sentence, say

GLANCE = 1.0
"""Seconds for reading what a feed keeps."""


async def view(place: Place) -> render.Json:
    """Raises ConversationUnknown and StoreError."""
    feed, words = await _heard(place)  # before the rest: what happens meanwhile comes again, and nothing is missed
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
        "pending": [await place.question(asked, words.get(short(asked.event_id), "")) for asked in waiting],
        "failed": state.failed and await _failed(place, state.failed),
        "feed": feed,
    }


async def chosen(place: Place, command: str) -> str:
    """The value that *command* would change."""
    return next((choice.value for choice in await choices(place, command) if choice.current), "")


async def choices(place: Place, command: str) -> tuple[Choice, ...]:
    return tuple(await place.desk.commands.complete(command, "", place.incoming()))


async def _failed(place: Place, failed: Incoming) -> render.Json:
    sentence = say(Sentence.WEB_NOT_ANSWERED, place.seat.language)
    return {**await place.question(failed), "message": sentence}


async def _heard(place: Place) -> tuple[str, dict[str, str]]:
    """The event after which nothing is missed, and by turn the words of the answers that are being written."""
    store, feed = place.desk.store, place.seat.feed
    newest = await store.newest(feed)
    if not newest or not await store.waiting(place.conversation):
        return newest, {}
    with suppress(FeedGap, TimeoutError):
        async with store.follow(feed, "") as following, place.desk.clock.watchdog(GLANCE):
            events = await following.next()
            return events[-1].id, written(events, short(place.conversation))
    return newest, {}


def written(events: Iterable[FeedEvent], conversation: str) -> dict[str, str]:
    """By turn, the words that *events* tell of from the beginning on."""
    words: dict[str, str] = {}
    for event in events:
        told = json.loads(event.data)
        if told["kind"] != "words" or told["conversation"] != conversation:
            continue
        if told["at"] == 0:
            words[told["turn"]] = told["text"]
        elif told["turn"] in words:
            words[told["turn"]] += told["text"]
    return words
