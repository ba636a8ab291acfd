"""The place of one answer in a Discord channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bots.discord.api import Allowance, Api, Refusal
from bots.discord.render import components
from bots.discord.translate import ids_of, ref_of
from bots.shared.split import utf16_units
from bots.shared.surface import Deed, File, Limits, Page, Posted, Route, Slip
from core.domain import Incoming, Ref

LENGTH = 2000
"""Characters of a message's content ("Create Message" in Discord's reference). It does not say what a character is:
UTF-16 units are never fewer than whatever else it may count."""
TYPING = 10.0
"""Seconds for which Discord shows that somebody types ("Trigger Typing Indicator")."""
LOOK_BACK = 50
"""Messages after the question among which a forgotten one of ours is looked for."""
NOBODY: dict[str, Any] = {"parse": [], "replied_user": False}
"""Whatever a model writes notifies nobody."""
METHODS = {Deed.FIND: "GET", Deed.POST: "POST", Deed.EDIT: "PATCH", Deed.DELETE: "DELETE", Deed.TYPING: "TYPING"}

Heard = Callable[[Route, Allowance], None]


class DiscordSurface:
    """messages: how many an answer may take before it becomes a file. heard: told what responses say about their rate-limit buckets."""

    def __init__(self, api: Api, question: Incoming, messages: int, heard: Heard) -> None:
        self._api = api
        self._channel = question.address["channel"]
        self._question = question
        self._messages = messages
        self._heard = heard

    @property
    def limits(self) -> Limits:
        return Limits(LENGTH, utf16_units, self._messages, TYPING)

    def route(self, deed: Deed) -> Route:
        """Discord counts each method of a channel for itself ("Rate Limits": per route and channel)."""
        chat = f"discord:{self._channel}"
        return Route(chat, f"{chat} {METHODS[deed]}")

    async def find(self, nonce: str) -> Ref | None:
        asked = self._question.ref
        after = ids_of(asked)[1] if asked else ""
        return await self.seek(lambda message: str(message.get("nonce")) == nonce, after)

    async def seek(self, is_it: Callable[[Mapping[str, Any]], bool], after: str) -> Ref | None:
        """The newest message of which *is_it* says yes, among those right after the id *after*, where that is given."""
        path = f"/channels/{self._channel}/messages?limit={LOOK_BACK}{f'&after={after}' if after else ''}"
        try:
            found = await self._api.call("GET", path, heard=self._hear(Deed.FIND))
        except Refusal:
            return None  # it may write here and not read what was said
        return next((ref_of(int(self._channel), int(message["id"])) for message in found if is_it(message)), None)

    async def post(self, page: Page, slip: Slip) -> Posted:
        body = self.body(page) | {"nonce": slip.nonce, "enforce_nonce": True}
        if slip.reply_to is not None:
            body["message_reference"] = {"message_id": ids_of(slip.reply_to)[1], "fail_if_not_exists": False}
        path = f"/channels/{self._channel}/messages"
        made = await self._api.call("POST", path, body, files_of(page), self._hear(Deed.POST))
        return Posted(
            ref_of(int(self._channel), int(made["id"])), as_given=made.get("content", "").strip() == page.text.strip()
        )

    async def edit(self, ref: Ref, page: Page) -> None:
        await self._api.call("PATCH", _path(ref), self.body(page), files_of(page), self._hear(Deed.EDIT))

    async def delete(self, ref: Ref) -> None:
        await self._api.call("DELETE", _path(ref), heard=self._hear(Deed.DELETE))

    async def typing(self) -> None:
        await self._api.call("POST", f"/channels/{self._channel}/typing", heard=self._hear(Deed.TYPING))

    def body(self, page: Page) -> dict[str, Any]:
        """*page* as Discord takes it."""
        sender = self._question.sender
        buttons = components(page.controls, sender.id.removeprefix("discord:"), sender.language)
        return {"content": page.text, "allowed_mentions": NOBODY, "components": buttons}

    def _hear(self, deed: Deed) -> Callable[[Allowance], None]:
        route = self.route(deed)
        return lambda allowance: self._heard(route, allowance)


def files_of(page: Page) -> tuple[File, ...]:
    return (page.file,) if page.file else ()


def _path(ref: Ref) -> str:
    channel, message = ids_of(ref)
    return f"/channels/{channel}/messages/{message}"
