"""The configuration of who may talk to the bot, and with which models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field

from core.config_fields import Name, Person
from core.config_platforms import Section
from core.config_text import Wrong


class GroupConfig(Section):
    """models: those that who belongs to the group may use. users: who belongs to it. roles: of Discord; whoever has one
    belongs to it. chats: whoever speaks there does. servers: the same."""

    models: tuple[Name, ...] = Field(min_length=1)
    users: tuple[Person, ...] = ()
    roles: tuple[Person, ...] = ()
    chats: tuple[Person, ...] = ()
    servers: tuple[Person, ...] = ()


class AccessConfig(Section):
    """All lists empty: everybody may talk. users: who may talk anywhere. roles: of Discord; who has one may talk wherever
    that is known. chats: where everybody may. servers: in which everybody may. admins: who may always, and use the commands
    that ordinary users may not. blocked: people, roles, chats and servers that are not answered, whatever else lets
    them."""

    users: tuple[Person, ...] = ()
    roles: tuple[Person, ...] = ()
    chats: tuple[Person, ...] = ()
    servers: tuple[Person, ...] = ()
    admins: tuple[Person, ...] = ()
    blocked: tuple[Person, ...] = ()
    groups: dict[Name, GroupConfig] = Field(default={})


def access_contradictions(access: AccessConfig, models: Sequence[str]) -> Iterator[Wrong]:
    """What is expected, and where. *models*: those that are configured."""
    for index, name in enumerate(access.blocked):
        if name in access.admins:
            yield Wrong("expected nobody of access.admins", ("access", "blocked", index))
    for group, chosen in access.groups.items():
        for index, model in enumerate(chosen.models):
            if model not in models:
                expected = ", ".join(models[:10])
                yield Wrong(f"expected one of {expected}", ("access", "groups", group, "models", index))
