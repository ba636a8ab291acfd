"""Threads on the Discord that tests run against: opened by the bot or by people, in text channels and in forums."""

from __future__ import annotations

from typing import Any

from tests.support.discord_rules import Refused, invalid
from tests.support.discord_state import DiscordState
from tests.support.discord_world import BOT, CAROL, GENERAL, GUILD, SEND_MESSAGES, stamp

GUILDS = 1 << 0
"""The intent that threads are announced to."""
TEXT, NEWS, PUBLIC_THREAD, FORUM = 0, 5, 11, 15
"""Types of channels, as are the next ones of messages, from the reference."""
THREAD_CREATED, STARTER = 18, 21
HAS_THREAD = 1 << 5
CREATE_PUBLIC_THREADS, SEND_MESSAGES_IN_THREADS = 1 << 35, 1 << 38
THREAD_FIELDS = frozenset({"name", "auto_archive_duration", "rate_limit_per_user"})
DURATIONS = (60, 1440, 4320, 10080)


class DiscordThreads(DiscordState):
    def __post_init__(self) -> None:
        super().__post_init__()
        self.reactions: list[tuple[str, str]] = []
        self.reserved: set[str] = set()
        """People who take no direct messages."""

    def forbid(self, channel: str, permission: int) -> None:
        """Nobody has *permission* in *channel* any more; to be said before the bot arrives."""
        denied = {"id": GUILD, "type": 0, "allow": "0", "deny": str(self._denied(channel) | permission)}
        self.channels[channel]["permission_overwrites"] = [denied]

    def thread(self, author: str, message: str, name: str) -> str:
        """*author* opens a thread from *message*; its id, which is the message's."""
        return str(self._thread(author, self.messages[message], name)["id"])

    def forum(self, channel: str, name: str) -> None:
        """A forum; to be made before the bot arrives."""
        self.channels[channel] = {"id": channel, "type": FORUM, "name": name, "guild_id": GUILD, "position": 9}
        self.channels[channel] |= {"available_tags": [], "default_forum_layout": 0}
        for guild in self.gateway.guilds:
            guild["channels"].append(self.channels[channel])

    def post(self, author: str, forum: str, title: str, content: str) -> str:
        """*author* begins a post of a forum; its id, which is that of its first message."""
        id_ = self._snowflake()
        thread = self._made(author, id_, forum, title)
        self.gateway.dispatch("THREAD_CREATE", {**thread, "newly_created": True}, GUILDS)
        self._announce("MESSAGE_CREATE", self._message(id_, author, content, {"id": id_}))
        return id_

    def _beside(self, method: str, parts: list[str], body: Any) -> Any:
        """What can be done in a channel besides reading and writing messages. Raises Refused."""
        match method, *parts:
            case "PATCH", channel:
                return self._modify(channel, body)
            case "POST", channel, "messages", message, "threads":
                return self._start_thread(channel, message, body)
            case "PUT", _, "messages", message, "reactions", emoji, "@me":
                if message not in self.messages:
                    raise Refused(404, 10008, "Unknown Message")
                self.reactions.append((message, emoji))
                return None
        raise Refused(404, 0, "404: Not Found")

    def _start_thread(self, channel: str, message: str, body: dict[str, Any]) -> dict[str, Any]:
        """What a request asks for. Raises Refused."""
        if set(body) - THREAD_FIELDS:
            raise invalid("thread", "UNKNOWN_FIELD", "This field is not in the reference.")
        name = body.get("name")
        if not isinstance(name, str) or not name.strip() or len(name) > 100:  # the reference's own numbers
            raise invalid("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
        if body.get("auto_archive_duration", 1440) not in DURATIONS:
            raise invalid("auto_archive_duration", "BASE_TYPE_CHOICES", f"Value must be one of {DURATIONS}.")
        found = self.messages.get(message)
        if found is None or found["channel_id"] != channel:
            raise Refused(404, 10008, "Unknown Message")
        if self.channels[channel]["type"] not in {TEXT, NEWS}:
            raise Refused(400, 50024, "Cannot execute action on this channel type")
        if self._denied(channel) & CREATE_PUBLIC_THREADS:
            raise Refused(403, 50013, "Missing Permissions")
        if message in self.channels:
            raise Refused(400, 160004, "A thread has already been created for this message")
        return self._thread(BOT, found, name)

    def _modify(self, channel: str, body: dict[str, Any]) -> dict[str, Any]:
        """Raises Refused for all but bringing back a thread that was put away."""
        place = self.channels[channel]
        if "thread_metadata" not in place or body != {"archived": False}:
            raise invalid("channel", "UNKNOWN_FIELD", "Only a thread can be brought back here.")
        if not self._may_write(channel):
            raise Refused(403, 50013, "Missing Permissions")
        self._wake(channel)
        return place

    def _thread(self, author: str, message: dict[str, Any], name: str) -> dict[str, Any]:
        parent = message["channel_id"]
        thread = self._made(author, message["id"], parent, name)
        self.gateway.dispatch("THREAD_CREATE", {**thread, "newly_created": True}, GUILDS)
        message |= {"flags": message.get("flags", 0) | HAS_THREAD, "thread": thread}
        self._announce("MESSAGE_UPDATE", message)
        about = {"message_reference": {"message_id": message["id"], "channel_id": parent}}
        starter = self._message(thread["id"], message["author"]["id"], "", about) | {"type": STARTER}
        self.messages[starter["id"]] = starter
        self._announce("MESSAGE_CREATE", starter)
        return thread

    def _made(self, author: str, id_: str, parent: str, name: str) -> dict[str, Any]:
        times = {"archive_timestamp": stamp(), "create_timestamp": stamp()}
        thread = {
            "id": id_,
            "type": PUBLIC_THREAD,
            "guild_id": GUILD,
            "parent_id": parent,
            "owner_id": author,
            "name": name,
            "last_message_id": None,
            "message_count": 0,
            "member_count": 1,
            "total_message_sent": 0,
            "rate_limit_per_user": 0,
            "flags": 0,
            "thread_metadata": {"archived": False, "auto_archive_duration": 1440, "locked": False, **times},
        }
        self.channels[id_] = thread
        for guild in self.gateway.guilds:
            guild["threads"].append(thread)
        return thread

    def _wake(self, channel: str) -> None:
        """What is said in an archived thread brings it back."""
        about = self.channels[channel].get("thread_metadata", {})
        if about.get("archived"):
            about["archived"] = False
            self.gateway.dispatch("THREAD_UPDATE", self.channels[channel], GUILDS)

    def _check_awake(self, channel: str) -> None:
        if self.channels[channel].get("thread_metadata", {}).get("archived"):
            raise Refused(400, 50083, "Thread is archived")

    def _may_write(self, channel: str) -> bool:
        place = self.channels[channel]
        if self.reserved & {person["id"] for person in place.get("recipients", [])}:
            raise Refused(403, 50007, "Cannot send messages to this user")
        if "parent_id" in place:
            return not self._denied(place["parent_id"]) & SEND_MESSAGES_IN_THREADS
        return not self._denied(channel) & SEND_MESSAGES

    def _denied(self, channel: str) -> int:
        """The permissions that nobody has there."""
        overwrites = self.channels[channel].get("permission_overwrites", [])
        return sum(int(overwrite["deny"]) for overwrite in overwrites)


def open_thread(discord: DiscordThreads, id_: str, parent: str = GENERAL, owner: str = CAROL) -> None:
    """*owner* opens a thread that begins with no message."""
    thread = discord._made(owner, id_, parent, f"thread {id_}")
    discord.gateway.dispatch("THREAD_CREATE", {**thread, "newly_created": True}, GUILDS)


def archive(discord: DiscordThreads, id_: str) -> None:
    """A server that arrives tells of no archived thread."""
    thread = discord.channels[id_]
    thread["thread_metadata"]["archived"] = True
    for guild in discord.gateway.guilds:
        guild["threads"].remove(thread)
    discord.gateway.dispatch("THREAD_UPDATE", thread, GUILDS)
