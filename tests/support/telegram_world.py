"""What there is on the Telegram that tests run against: people, chats, the bot; and what can go wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.support.telegram_rules import Refused, bad, parsed

TOKEN = "100:AAHtest-token-of-thirty-five-letter"
BOT, ADA, BOB, CAROL, DAVE = 100, 201, 202, 203, 204
"""DAVE never wrote to the bot; the others did."""
BOT_NAME = "parlour_bot"
GROUP, SUPERGROUP, FORUM, CHANNEL = -500, -1001000000600, -1001000000700, -1001000000800
"""CHANNEL's discussion group is SUPERGROUP; the bot is in all four."""
TOPIC, CLOSED_TOPIC = 11, 12
"""In FORUM."""
ANONYMOUS, FOR_CHANNELS, SERVICE = 1087968824, 136817688, 777000
"""Telegram's own accounts: in the place of an anonymous administrator, of a channel's posts, of what is forwarded."""
NAMES = {
    BOT: "Parlour",
    ADA: "Ada",
    BOB: "Bob",
    CAROL: "Carol",
    DAVE: "Dave",
    ANONYMOUS: "Group",
    FOR_CHANNELS: "Channel",
    SERVICE: "Telegram",
}
USERNAMES = {BOT: BOT_NAME, ANONYMOUS: "GroupAnonymousBot", FOR_CHANNELS: "Channel_Bot"}
MEMBER, ADMINISTRATOR, LEFT, KICKED, RESTRICTED = "member", "administrator", "left", "kicked", "restricted"
MOST_FILE = 20_000_000
"""Bytes that a bot can download (getFile)."""


@dataclass
class Fault:
    """The next *times* requests whose method and fields *matches* says yes to fail: a status, ``reset`` or ``hang``
    (before anything is done), ``lost`` or ``stuck`` (done, but the answer never arrives: the connection is reset, or
    nothing comes).

    After a 429 nothing is taken for *retry_after* seconds: in that chat, or with scope ``bot`` at all."""

    matches: Callable[[str, Mapping[str, str]], bool]
    kind: int | str
    times: int = 1
    retry_after: int = 1
    scope: str = "chat"


def sends(method: str, _fields: Mapping[str, str]) -> bool:
    return method in {"sendmessage", "senddocument"}


def edits(method: str, _fields: Mapping[str, str]) -> bool:
    return method.startswith("editmessage")


def drafts(method: str, _fields: Mapping[str, str]) -> bool:
    return method == "sendmessagedraft"


def polls(method: str, _fields: Mapping[str, str]) -> bool:
    return method == "getupdates"


@dataclass
class Ask:
    """One request: every field is text, as the server of Telegram reads it, whether it came as JSON or as a form."""

    method: str
    fields: dict[str, str]
    files: dict[str, tuple[str, bytes, str]]
    """Name, content and type of what was uploaded, by field."""

    def text(self, name: str) -> str:
        return self.fields.get(name, "")

    def number(self, name: str, default: int = 0) -> int:
        try:
            return int(self.fields.get(name, default))
        except ValueError:
            return default

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in {"true", "yes", "1"}

    def structure(self, name: str) -> Any:
        return parsed(self.text(name), name) if self.text(name) else None

    @property
    def chat(self) -> int | None:
        """None where the request names none, or one by its username."""
        return self.number("chat_id") or None


@dataclass
class Topic:
    name: str
    closed: bool = False


@dataclass
class Place:
    """A chat: how Telegram shows it, and what only Telegram knows.

    status: the bot's; KICKED in a private chat: it is blocked. started: somebody wrote to the bot there. moved_to: the supergroup that a group became.
    last_bot: the bot that wrote last."""

    chat: dict[str, Any]
    status: str = MEMBER
    started: bool = True
    moved_to: int | None = None
    members: set[int] = field(default_factory=set)
    admins: set[int] = field(default_factory=set)
    topics: dict[int, Topic] = field(default_factory=dict)
    last_bot: int = 0


def person(id_: int, language: str = "en") -> dict[str, Any]:
    known = {"id": id_, "is_bot": id_ in USERNAMES, "first_name": NAMES.get(id_, f"User{id_}")}
    if name := USERNAMES.get(id_):
        return {**known, "username": name}
    return {**known, "username": f"{NAMES.get(id_, f'user{id_}').lower()}_x", "language_code": language}


def private(id_: int) -> dict[str, Any]:
    who = person(id_)
    return {"id": id_, "type": "private", "first_name": who["first_name"], "username": who["username"]}


def world() -> dict[int, Place]:
    everybody = {ADA, BOB, CAROL, DAVE}
    titles = {
        GROUP: ("A group", "group"),
        SUPERGROUP: ("A supergroup", "supergroup"),
        FORUM: ("A forum", "supergroup"),
        CHANNEL: ("A channel", "channel"),
    }
    places = {
        id_: Place({"id": id_, "title": title, "type": kind}, members={*everybody}, admins={CAROL})
        for id_, (title, kind) in titles.items()
    }
    places |= {id_: Place(private(id_), started=id_ != DAVE) for id_ in everybody}
    places[FORUM].chat["is_forum"] = True
    places[FORUM].topics = {TOPIC: Topic("A topic"), CLOSED_TOPIC: Topic("A closed topic", closed=True)}
    places[CHANNEL].status = ADMINISTRATOR
    return places


def me(*, privacy: bool, topics: bool) -> dict[str, Any]:
    return {
        **person(BOT),
        "can_join_groups": True,
        "can_read_all_group_messages": not privacy,
        "supports_inline_queries": True,
        "supports_guest_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": topics,
        "allows_users_to_create_topics": topics,
        "can_manage_bots": False,
    }


async def read(request: web.Request) -> Ask:
    """Fields from the address, a form, several parts or JSON ("Making requests" in the reference)."""
    fields, files = dict(request.query), {}
    if request.content_type == "application/json":
        body = parsed(await request.text() or "{}", "request")
        if not isinstance(body, dict):
            raise bad("can't parse request JSON object")
        fields |= {name: _as_text(value) for name, value in body.items() if value is not None}
    elif request.method == "POST":
        for name, part in (await request.post()).items():
            if isinstance(part, web.FileField):
                files[name] = (part.filename, part.file.read(), part.content_type)
            else:
                fields[name] = str(part)
    return Ask(request.match_info["method"].lower(), fields, files)


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def fine(result: object) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def failed(problem: Refused) -> web.Response:
    return web.json_response(problem.body, status=problem.status)


def broken(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
