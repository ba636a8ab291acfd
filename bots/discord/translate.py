"""Discord's messages as core's values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

import discord

from bots.discord.contents import described, extras
from bots.discord.library import role_ids
from core.conversations.context import named, quoted
from core.domain import ConversationId, Incoming, PersonId, Ref, Sender, TextPart, TurnId

LANE = "discord"
_MENTION = re.compile(r"<(?P<kind>@!?|@&|#|a?:\w+:)(?P<id>\d{1,20})>")
_COMMAND = re.compile(r"</(?P<name>[^:>]{1,100}):\d{1,20}>")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something happens. server: None in a direct message. parent: the channel whose thread it is, where that is
    known."""

    channel: int
    server: int | None
    parent: int | None = field(default=None, compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """By which access lists may name what it lies in."""
        return tuple(f"{LANE}:{id_}" for id_ in (self.parent, self.server) if id_ is not None)

    def conversation(self, person: int, scope: str) -> ConversationId:
        """One for the channel (or thread), or with the scope ``member`` one for each person in it."""
        alone = scope == "member" and self.server is not None
        return ConversationId(f"discord:{self.channel}/{person}" if alone else f"discord:{self.channel}")


def place_of(message: discord.Message) -> Place:
    server = message.guild.id if message.guild else getattr(message.channel, "guild_id", None)
    return Place(message.channel.id, server, getattr(message.channel, "parent_id", None))


def ref_of(channel: int, message: int) -> Ref:
    return Ref(f"discord:{channel}/{message}")


def ids_of(ref: Ref) -> tuple[str, str]:
    """Channel and message. Raises ValueError for what is no `ref_of`."""
    channel, message = ref.removeprefix("discord:").split("/")
    return channel, message


def turn_of(event: int) -> TurnId:
    return TurnId(f"discord:{event}")


def person_of(user: int) -> PersonId:
    return PersonId(f"discord:{user}")


def is_addressed(message: discord.Message, me: discord.abc.User) -> bool:
    """Whether the bot is meant: in a direct message, by a mention, or by a reply to what it wrote."""
    if place_of(message).server is None or any(person.id == me.id for person in message.mentions):
        return True
    if message.guild is not None and message.guild.self_role in message.role_mentions:
        return True
    replied = message.reference.resolved if message.reference else None
    return isinstance(replied, discord.Message) and replied.author.id == me.id


def is_from_person(message: discord.Message) -> bool:
    """Not a bot's (this one's included), a webhook's or Discord's own message."""
    spoken = message.type in {discord.MessageType.default, discord.MessageType.reply}
    return spoken and not message.author.bot and message.webhook_id is None


def translate(message: discord.Message, me: discord.abc.User, scope: str) -> Incoming:
    """A message that is meant for the bot; without its files, and without what it is about."""
    place = place_of(message)
    texts = [readable(message, me) or "\n".join(extras(message)), *_forwarded(message, me)]
    return Incoming(
        event_id=turn_of(message.id),
        conversation=place.conversation(message.author.id, scope),
        lane=LANE,
        sender=sender_of(message.author, message.guild),
        parts=tuple(TextPart(text) for text in texts if text),
        sent_at=message.created_at.timestamp(),
        address={"channel": str(place.channel)},
        ref=ref_of(place.channel, message.id),
        reply_to=_replied_to(message),
        author=message.author.display_name if place.server is not None and scope != "member" else "",
        places=place.names,
        roles=roles_of(message.author),
    )


def revised(incoming: Incoming, at: datetime) -> Incoming:
    """The same message, edited at the time *at*."""
    event = TurnId(f"{incoming.event_id}.{int(at.timestamp() * 1000)}")
    return replace(incoming, event_id=event, revises=incoming.ref, sent_at=at.timestamp())


def roles_of(person: discord.abc.User) -> tuple[str, ...]:
    """By which access lists may name those that a member has."""
    return tuple(f"{LANE}:{role}" for role in role_ids(person))


def id_in(text: str) -> str:
    """By which access lists name whom, or the place that, *text* mentions; itself where it mentions none."""
    found = _MENTION.fullmatch(text.strip())
    return f"{LANE}:{found['id']}" if found and not found["kind"].endswith(":") else text


def sender_of(person: discord.abc.User, server: discord.Guild | None) -> Sender:
    """The language is the server's: Discord tells a person's own only with an interaction."""
    language = str(server.preferred_locale) if server else "en"
    return Sender(person_of(person.id), person.display_name, language)


def _replied_to(message: discord.Message) -> Ref | None:
    reference = message.reference
    if reference is None or reference.message_id is None or reference.type is not discord.MessageReferenceType.reply:
        return None
    return ref_of(reference.channel_id, reference.message_id)


@dataclass(frozen=True, slots=True)
class Background:
    """What a question is about, or is asked among. people: whose words it has; nobody where they are the bot's, which has
    told them somebody's."""

    text: str = ""
    people: tuple[PersonId, ...] = ()


NOTHING = Background()


def quotation(
    message: discord.Message, me: discord.abc.User, title: str = "The next message is about this one"
) -> Background:
    """*message* as the background of a question about it, with *title* above it; nothing where it has no words."""
    if not (words := quoted(words_of(message, me))):
        return NOTHING
    people = () if message.author.id == me.id else (person_of(message.author.id),)
    return Background(f"{title} by {named(message.author.display_name)}:\n{words}", people)


def with_backgrounds(incoming: Incoming, backgrounds: Iterable[Background], overheard: Background) -> Incoming:
    """*incoming* with what it is about, and what it is asked among. Where one has nobody's words, it is not said whose
    there are at all."""
    known = [each for each in (*backgrounds, overheard) if each.text]
    people = {person: None for each in known for person in each.people} if all(each.people for each in known) else {}
    text = "\n\n".join(each.text for each in backgrounds if each.text)
    return replace(incoming, background=text, overheard=overheard.text, quoted=tuple(people))


def words_of(message: discord.Message, me: discord.abc.User) -> str:
    """What somebody said; where that is no text, what people see of it."""
    texts = (readable(message, me) or described(message), *_forwarded(message, me))
    return "\n".join(filter(None, texts))


def _forwarded(message: discord.Message, me: discord.abc.User) -> Iterator[str]:
    for shown in message.message_snapshots:
        text = with_names(shown.content, (*message.mentions, me), message.guild)
        yield f"A forwarded message:\n{quoted(text or described(shown))}"


def readable(message: discord.Message, me: discord.abc.User) -> str:
    """The text with names for ids, without the mention by which the bot is addressed at its beginning or end."""
    role = message.guild.self_role if message.guild else None
    mine = rf"<@(?:!?{me.id}{f'|&{role.id}' if role else ''})>"
    text = re.sub(rf"\A\s*(?:{mine}[\s,:]*)+|\s*{mine}\s*\Z", "", message.content)
    return with_names(text, (*message.mentions, me), message.guild)


def with_names(text: str, people: Iterable[discord.abc.User], server: discord.Guild | None) -> str:
    """*text* with names for ids: of *people*, and of the server's roles and places."""
    names = _names(people, server)

    def readable_name(found: re.Match[str]) -> str:
        kind, id_ = found["kind"], int(found["id"])
        if kind.endswith(":"):
            return kind.removeprefix("a")
        mark = "#" if kind == "#" else "@"
        return mark + names.get((mark, id_), "unknown")

    return _COMMAND.sub(lambda found: f"/{found['name']}", _MENTION.sub(readable_name, text)).strip()


def _names(people: Iterable[discord.abc.User], server: discord.Guild | None) -> dict[tuple[str, int], str]:
    persons = {("@", person.id): person.display_name for person in people}
    if server is None:
        return persons
    roles = {("@", role.id): role.name for role in server.roles}
    places = {("#", place.id): place.name for place in (*server.channels, *server.threads)}
    return {**roles, **places, **persons}
