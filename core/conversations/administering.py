"""The commands that are admins' alone: who may talk to the bot, and how it fares."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.config_fields import HOMES
from core.conversations.access import chat_of
from core.conversations.invoking import Choice, Invocation, Reaction
from core.conversations.reports import excerpt
from core.domain import PersonId
from core.domain_limits import Ruling
from core.errors import BadArgument
from core.wording import Sentence

LONGEST_ID = 100
"""Characters; the ids of platforms have twenty, a visitor's of the page thirty."""
MOST_LISTED = 50
"""Ids of one kind that a list names."""
_ID = re.compile(rf"(?:{'|'.join(HOMES)}):[\w.-]+")
_NUMBER = re.compile(r"-?\d+", re.ASCII)


async def allow(invocation: Invocation) -> Reaction:
    """Lifts a block, and lets those talk whom no list of the configuration mentions. Without an argument: who was
    allowed and blocked so far."""
    if not invocation.argument:
        return Reaction(_listed(invocation))
    subject = _subject(invocation, "allow")
    if subject in invocation.access.blocked:
        return Reaction(invocation.say(Sentence.ALLOW_CONFIGURED, id=subject))
    await invocation.services.admission.rule(subject, Ruling.ALLOWED)
    return Reaction(invocation.say(Sentence.ALLOW_DONE, id=subject))


async def block(invocation: Invocation) -> Reaction:
    """Whatever else says that they may."""
    if not invocation.argument:
        return Reaction(_listed(invocation))
    subject = _subject(invocation, "block")
    if invocation.access.is_admin(PersonId(subject)):
        return Reaction(invocation.say(Sentence.BLOCK_ADMIN, id=subject))
    await invocation.services.admission.rule(subject, Ruling.BLOCKED)
    return Reaction(invocation.say(Sentence.BLOCK_DONE, id=subject))


async def revoke(invocation: Invocation) -> Reaction:
    """Takes back what was said of somebody with the two above, so that the configuration decides again."""
    if not invocation.argument:
        return Reaction(_listed(invocation))
    subject = _subject(invocation, "revoke")
    await invocation.services.admission.rule(subject, None)
    return Reaction(invocation.say(Sentence.REVOKE_DONE, id=subject))


async def stats(invocation: Invocation) -> Reaction:
    return Reaction(await invocation.services.statistics.text(invocation.incoming.sender.language))


async def allowed_choices(invocation: Invocation) -> tuple[Choice, ...]:
    return tuple(Choice(name, name) for name in _said(invocation, Ruling.ALLOWED))


async def blocked_choices(invocation: Invocation) -> tuple[Choice, ...]:
    return tuple(Choice(name, name) for name in _said(invocation, Ruling.BLOCKED))


async def named_choices(invocation: Invocation) -> tuple[Choice, ...]:
    return (*await allowed_choices(invocation), *await blocked_choices(invocation))


def _said(invocation: Invocation, ruling: Ruling) -> list[str]:
    return sorted(name for name, said in invocation.access.rulings.items() if said is ruling)


def _listed(invocation: Invocation) -> str:
    """What was said beyond the configuration, how it is taken back, and by which ids this place could be named."""
    incoming = invocation.incoming
    here = ", ".join(dict.fromkeys((chat_of(incoming.conversation), *incoming.places)))
    sentences = {Sentence.ALLOW_LIST: Ruling.ALLOWED, Sentence.BLOCK_LIST: Ruling.BLOCKED}
    lines = [
        invocation.say(sentence, ids=_enumerated(_said(invocation, ruling))) for sentence, ruling in sentences.items()
    ]
    if invocation.access.rulings:
        lines.append(invocation.say(Sentence.REVOKE_HINT))
    return "\n".join([*lines, invocation.say(Sentence.ALLOW_HERE, ids=here)])


def _enumerated(ids: Sequence[str]) -> str:
    more = ["…"] if len(ids) > MOST_LISTED else []
    return ", ".join([*ids[:MOST_LISTED], *more]) or "–"


def _subject(invocation: Invocation, command: str) -> str:
    """The id that is meant; a bare number is one of the platform where it is said. Raises BadArgument."""
    said = invocation.argument.strip()
    if _NUMBER.fullmatch(said):
        said = f"{invocation.incoming.sender.id.partition(':')[0]}:{said}"
    if not _ID.fullmatch(said) or len(said) > LONGEST_ID:
        expected = invocation.say(Sentence.ARGUMENT_IDS)
        raise BadArgument(command=command, argument=excerpt(invocation.argument), expected=expected)
    return said
