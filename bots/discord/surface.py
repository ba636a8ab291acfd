"""The place of one answer in a Discord channel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bots.discord.api import Allowance, Api, Refusal
from bots.discord.render import components, custom_ids, pressed
from bots.discord.translate import ids_of, ref_of
from bots.shared.split import utf16_units
from bots.shared.surface import Deed, File, Limits, Page, Posted, Route, Slip
from core.domain import Incoming, Ref, answer_id

LENGTH = 2000
"""Characters of a message's content ("Create Message" in Discord's reference). Discord counts code points (its staff in
issue 1315 of discord-api-docs), its clients and proxies of it UTF-16 units, which are never fewer."""
TYPING = 10.0
"""Seconds for which Discord shows that somebody types ("Trigger Typing Indicator")."""
LOOK_BACK = 100
"""Messages after the last one known among which a forgotten one of ours is looked for: as many as one request gives."""
ARCHIVED = 50083
"""Discord's error code ("JSON Error Codes" in its reference) for a thread that was put away."""
NOBODY: dict[str, Any] = {"parse": [], "replied_user": False}
"""Whatever a model writes notifies nobody."""
METHODS = {Deed.FIND: "GET", Deed.POST: "POST", Deed.EDIT: "PATCH", Deed.DELETE: "DELETE", Deed.TYPING: "TYPING"}

Heard = Callable[[Route, Allowance], None]


class DiscordSurface:
    """messages: how many an answer may take before it becomes a file. heard: told what responses say about their
    rate-limit buckets. known: messages that show the answer already.

    Discord gives the same message again when a create with its nonce is repeated, but only for some minutes, and does
    not tell the nonce of a message that is read. So what was posted and not heard of is told by its buttons, which name
    the answer, and where it has none by its text.
    """

    def __init__(self, api: Api, question: Incoming, messages: int, heard: Heard, known: Iterable[Ref] = ()) -> None:
        self._api = api
        self._channel = question.address["channel"]
        self._question = question
        self._messages = messages
        self._heard = heard
        self._known = dict.fromkeys(known)
        self._without_buttons: dict[tuple[str, str], Ref] = {}

    @property
    def limits(self) -> Limits:
        return Limits(LENGTH, utf16_units, self._messages, TYPING)

    def route(self, deed: Deed) -> Route:
        """Discord counts each method of a channel for itself ("Rate Limits": per route and channel)."""
        chat = f"discord:{self._channel}"
        return Route(chat, f"{chat} {METHODS[deed]}")

    async def find(self, nonce: str) -> Ref | None:  # noqa: ARG002  # Discord does not tell it
        return await self.seek(self.is_forgotten, self._newest_known())

    def is_forgotten(self, message: Mapping[str, Any]) -> bool:
        """Whether *message* shows this answer by its buttons and is not known. What has none is kept in mind for `post`."""
        ref = ref_of(int(message["channel_id"]), int(message["id"]))
        if ref in self._known:
            return False
        buttons = [pressed(custom_id) for custom_id in custom_ids(message)]
        if not buttons and message["author"].get("bot") and "interaction_metadata" not in message:
            self._without_buttons[_told_by(message)] = ref
        return any(button.message == answer_id(self._question.event_id) for button in buttons if button)

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
        if slip.reply_to is not None and ids_of(slip.reply_to)[0] == self._channel:
            body["message_reference"] = {"message_id": ids_of(slip.reply_to)[1], "fail_if_not_exists": False}
        if not page.controls and (forgotten := self._without_buttons.pop(_told_by(body), None)):
            return self._posted(forgotten)
        path = f"/channels/{self._channel}/messages"
        made = await self._api.call("POST", path, body, files_of(page), self._hear(Deed.POST))
        fresh = _told_by(made) == _told_by(body) and custom_ids(made) == custom_ids(body)
        return self._posted(ref_of(int(self._channel), int(made["id"])), as_given=fresh)

    async def edit(self, ref: Ref, page: Page) -> None:
        try:
            await self._edit(ref, page)
        except Refusal as problem:
            if problem.code != ARCHIVED:
                raise
            # A new message brings an archived thread back, an edit does not.
            await self._api.call("PATCH", f"/channels/{ids_of(ref)[0]}", {"archived": False})
            await self._edit(ref, page)

    async def delete(self, ref: Ref) -> None:
        await self._api.call("DELETE", _path(ref), heard=self._hear(Deed.DELETE))

    async def typing(self) -> None:
        await self._api.call("POST", f"/channels/{self._channel}/typing", heard=self._hear(Deed.TYPING))

    async def _edit(self, ref: Ref, page: Page) -> None:
        await self._api.call("PATCH", _path(ref), self.body(page), files_of(page), self._hear(Deed.EDIT))

    def body(self, page: Page) -> dict[str, Any]:
        """*page* as Discord takes it. An edit that names no attachments would add to those that are there."""
        sender = self._question.sender
        buttons = components(page.controls, sender.id.removeprefix("discord:"), sender.language)
        files = [{"id": index, "filename": file.name} for index, file in enumerate(files_of(page))]
        return {"content": page.text, "allowed_mentions": NOBODY, "components": buttons, "attachments": files}

    def _posted(self, ref: Ref, *, as_given: bool = True) -> Posted:
        self._known[ref] = None
        return Posted(ref, as_given)

    def _newest_known(self) -> str:
        """The id after which to look; empty where nothing is known."""
        known = [*self._known, *([self._question.ref] if self._question.ref else [])]
        here = [message for channel, message in map(ids_of, known) if channel == self._channel]
        return max(here, key=int, default="")

    def _hear(self, deed: Deed) -> Callable[[Allowance], None]:
        route = self.route(deed)
        return lambda allowance: self._heard(route, allowance)


def _told_by(message: Mapping[str, Any]) -> tuple[str, str]:
    """The text, of which Discord keeps no blanks at its ends, and what it replies to."""
    reference = message.get("message_reference") or {}
    return message.get("content", "").strip(), str(reference.get("message_id", ""))


def files_of(page: Page) -> tuple[File, ...]:
    return (page.file,) if page.file else ()


def _path(ref: Ref) -> str:
    channel, message = ids_of(ref)
    return f"/channels/{channel}/messages/{message}"
