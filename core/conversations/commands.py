"""What people can tell the bot besides talking to it, defined once for every platform.

A command is a function over a conversation that returns text and choices. Platforms build their menus from `COMMANDS`,
translate an invocation into an `Incoming` and show the `Reaction` their own way. `Reaction.text` is plain text.

Commands neither wait for a running turn nor race with it: the store counts every move of the head, and a turn that was
claimed before the move leaves the head alone.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace

from core.conversations import administering, personal
from core.conversations.access import Access
from core.conversations.context import ContextReport
from core.conversations.invoking import Choice, Choices, Command, Invocation, Reaction, Services
from core.conversations.reports import context_text, excerpt, usage_text
from core.domain import Conversation, Incoming, Message, Role, TurnId, text_of, turn_of
from core.errors import BadArgument, NotAllowed, UnknownCommand
from core.wording import Sentence

MOST_NAMED = 30
"""Possible values that an error names at most: as many as a screen shows."""
_INVOCATION = re.compile(r"/([A-Za-z][A-Za-z0-9_-]*)(?:\s+(.*))?", re.DOTALL)


def parse(text: str) -> tuple[str, str] | None:
    """Name and argument of a text like ``/model gpt``; None for a text that is none (a path such as ``/usr/bin``)."""
    found = _INVOCATION.fullmatch(text.strip())
    return (found[1].lower(), (found[2] or "").strip()) if found else None


class Commands:
    """Runs and completes commands for those who may."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._admission = services.admission

    async def admit(self, incoming: Incoming, name: str = "", argument: str = "") -> Access:
        """Raises NotAllowed for who may not talk to the bot there, or not run the command *name* with that *argument*."""
        command = find(name)
        has_right = command is not None and argument.casefold() in command.rights
        access = await (self._admission.access() if has_right else self._admission.admit(incoming))
        if command and _is_restricted(command, access):
            access.require_admin(incoming.sender.id)
        return access

    async def run(self, name: str, argument: str, incoming: Incoming) -> Reaction:
        """*incoming* is the invoking event as the adapter translated it. Raises UnknownCommand, BadArgument, NotAllowed
        and StoreError."""
        access = await self.admit(incoming, name, argument)
        command = find(name)
        if command is None:
            raise UnknownCommand(command=excerpt(name))
        invocation = Invocation(self._services, incoming, access, self.allowed(incoming), argument)
        return await command.run(replace(invocation, argument=await _accepted(command, invocation)))

    async def complete(self, name: str, prefix: str, incoming: Incoming) -> Sequence[Choice]:
        """Values of the command's argument, those that begin with *prefix* before those that contain it; none for who may
        not run it."""
        command = find(name)
        if command is None or command.choices is None:
            return ()
        try:
            access = await self.admit(incoming, name)
        except NotAllowed:
            return ()
        sought = prefix.strip().casefold()
        choices = await command.choices(Invocation(self._services, incoming, access))
        found = [choice for choice in choices if sought in choice.value.casefold()]
        return sorted(found, key=lambda choice: not choice.value.casefold().startswith(sought))

    async def context(self, incoming: Incoming) -> ContextReport:
        """What the command of that name tells of, as figures. Raises NotAllowed and StoreError."""
        return await _report(Invocation(self._services, incoming, await self.admit(incoming, "context")))

    def allowed(self, incoming: Incoming) -> tuple[Command, ...]:
        """The commands that the sender may run, in the order of menus."""
        access = self._admission.configured
        is_admin = access.is_admin(incoming.sender.id)
        return tuple(command for command in COMMANDS if is_admin or not _is_restricted(command, access))


def _is_restricted(command: Command, access: Access) -> bool:
    return command.admin_only or command.name in access.restricted


def find(name: str) -> Command | None:
    """The command of that name or alias, in any case."""
    sought = name.casefold()
    return next((command for command in COMMANDS if sought in (command.name, *command.aliases)), None)


async def _accepted(command: Command, invocation: Invocation) -> str:
    """The argument in the spelling of its choice, found in any case, and by unique prefix where that will do. Raises
    BadArgument."""
    if not invocation.argument or command.names_anybody:
        return invocation.argument
    if command.choices is None:
        raise _bad(command, invocation, [invocation.say(Sentence.ARGUMENT_NONE, command=command.name)])
    values = [choice.value for choice in await command.choices(invocation)]
    sought = invocation.argument.casefold()
    if invocation.argument in values:
        return invocation.argument
    begun = [value for value in values if value.casefold().startswith(sought)]
    found = [value for value in begun if value.casefold() == sought] or ([] if command.in_full else begun)
    if len(found) != 1:
        raise _bad(command, invocation, begun or values)
    return found[0]


def _bad(command: Command, invocation: Invocation, possible: Sequence[str]) -> BadArgument:
    more = ["…"] if len(possible) > MOST_NAMED else []
    expected = ", ".join([*possible[:MOST_NAMED], *more])
    return BadArgument(command=command.name, argument=excerpt(invocation.argument), expected=expected)


async def _new(invocation: Invocation) -> Reaction:
    await invocation.services.history.move(invocation.incoming.conversation, None)
    return Reaction(invocation.say(Sentence.NEW_DONE))


async def _model(invocation: Invocation) -> Reaction:
    choices = await _model_choices(invocation)
    if not invocation.argument:
        return Reaction(invocation.say(Sentence.MODEL_CHOOSE, current=_current(choices)), choices)
    await invocation.services.history.configure(invocation.incoming.conversation, model=invocation.argument)
    return Reaction(invocation.say(Sentence.MODEL_CHANGED, name=invocation.argument))


async def _model_choices(invocation: Invocation) -> tuple[Choice, ...]:
    return _marked(invocation.models, (await invocation.conversation()).model)


async def _persona(invocation: Invocation) -> Reaction:
    choices = await _persona_choices(invocation)
    if not invocation.argument:
        return Reaction(invocation.say(Sentence.PERSONA_CHOOSE, current=_current(choices)), choices)
    await invocation.services.history.configure(invocation.incoming.conversation, persona=invocation.argument)
    return Reaction(invocation.say(Sentence.PERSONA_CHANGED, name=invocation.argument))


async def _persona_choices(invocation: Invocation) -> tuple[Choice, ...]:
    return _marked(invocation.services.personas.names(), (await invocation.conversation()).persona)


def _marked(names: Sequence[str], current: str) -> tuple[Choice, ...]:
    """*names* as choices; where *current* is not among them, the first is what is used."""
    used = current if current in names else next(iter(names), "")
    return tuple(Choice(name, name, name == used) for name in names)


def _current(choices: Sequence[Choice]) -> str:
    return next((choice.value for choice in choices if choice.current), "–")


async def _retry(invocation: Invocation) -> Reaction:
    """Asks again what failed last; else the last question, whose new answer becomes a sibling of the old one. It comes
    below, as the answer to whatever is typed does; who wants it in the old one's place has the button there."""
    incoming = invocation.incoming
    conversation = await invocation.conversation()
    if conversation.failed is not None:
        again = anew(conversation.failed, incoming)
    else:
        question = await _last_question(invocation, conversation)
        if question is None:
            return Reaction(invocation.say(Sentence.RETRY_NOTHING))
        again = replace(incoming, parts=(), again=question.id)
    await invocation.services.inbox.put(again)
    return Reaction("", turn=incoming.event_id)


def anew(failed: Incoming, incoming: Incoming) -> Incoming:
    """What failed, keeping everything it said, to be answered where *incoming* wants it, under that event's name: its own
    is known already."""
    return replace(
        failed,
        event_id=incoming.event_id,
        ref=failed.ref or incoming.ref,
        sent_at=incoming.sent_at,
        lane=incoming.lane,
        address=incoming.address,
        replaces=incoming.replaces,
        group=None,
        hold=0.0,
    )


async def _undo(invocation: Invocation) -> Reaction:
    """Takes back what the user asked last, whatever became of it: the question being answered (which is stopped), the
    one that ended in an error (it never was in the context; only /retry forgets it), else the last one kept."""
    history, at = invocation.services.history, invocation.incoming.conversation
    under_way = {incoming.event_id for incoming in await invocation.services.inbox.waiting(at)}
    is_stopped = await invocation.services.inbox.stop(at)
    conversation = (
        await invocation.conversation()
    )  # read last: the answer may have been kept, and have ended, meanwhile
    if is_stopped and not _is_kept(conversation, under_way):
        await history.move(at, conversation.head)
        return Reaction(invocation.say(Sentence.UNDO_RUNNING))
    failed = conversation.failed
    if failed is not None and failed.again is None:
        await history.move(at, conversation.head)
        return Reaction(invocation.say(Sentence.UNDO_DONE, question=excerpt(text_of(failed.parts))))
    question = await _last_question(invocation, conversation)
    if question is None:
        return Reaction(invocation.say(Sentence.UNDO_NOTHING))
    await history.move(at, question.parent)
    return Reaction(invocation.say(Sentence.UNDO_DONE, question=excerpt(question.text)))


def _is_kept(conversation: Conversation, under_way: Collection[TurnId]) -> bool:
    """Whether the answer of one of the turns *under_way* is where the conversation stands: it is only being shown."""
    return conversation.head is not None and turn_of(conversation.head) in under_way


async def _last_question(invocation: Invocation, conversation: Conversation) -> Message | None:
    history = invocation.services.history
    message = await history.message(conversation.id, conversation.head) if conversation.head else None
    while message is not None and message.role is not Role.USER:
        message = await history.message(conversation.id, message.parent) if message.parent else None
    return message


async def _stop(invocation: Invocation) -> Reaction:
    stopped = await invocation.services.inbox.stop(invocation.incoming.conversation)
    return Reaction(invocation.say(Sentence.STOP_DONE if stopped else Sentence.STOP_NOTHING))


async def _context(invocation: Invocation) -> Reaction:
    return Reaction(context_text(await _report(invocation), invocation.incoming.sender.language))


async def _report(invocation: Invocation) -> ContextReport:
    conversation = await invocation.conversation()
    return await invocation.services.conversations.context(conversation.id, invocation.model_of(conversation))


async def _usage(invocation: Invocation) -> Reaction:
    report = await invocation.services.history.usage(invocation.incoming.conversation)
    return Reaction(usage_text(report, invocation.incoming.sender.language))


async def _help(invocation: Invocation) -> Reaction:
    language = invocation.incoming.sender.language
    lines = (
        invocation.say(Sentence.HELP_LINE, usage=command.usage(language), meaning=invocation.say(command.help))
        for command in invocation.menu
    )
    return Reaction("\n".join([invocation.say(Sentence.HELP_TITLE), *lines]))


def _ruling(name: str, help_: Sentence, run: Callable[[Invocation], Awaitable[Reaction]], choices: Choices) -> Command:
    """What admins say of people and places."""
    return Command(
        name, help_, run, argument=Sentence.ARGUMENT_ID, choices=choices, admin_only=True, names_anybody=True
    )


COMMANDS: tuple[Command, ...] = (
    Command("new", Sentence.HELP_NEW, _new, aliases=("reset",)),
    Command("model", Sentence.HELP_MODEL, _model, argument=Sentence.ARGUMENT_NAME, choices=_model_choices),
    Command("persona", Sentence.HELP_PERSONA, _persona, argument=Sentence.ARGUMENT_NAME, choices=_persona_choices),
    Command("retry", Sentence.HELP_RETRY, _retry),
    Command("undo", Sentence.HELP_UNDO, _undo),
    Command("stop", Sentence.HELP_STOP, _stop),
    Command("context", Sentence.HELP_CONTEXT, _context),
    Command("usage", Sentence.HELP_USAGE, _usage),
    Command(
        "export",
        Sentence.HELP_EXPORT,
        personal.export,
        argument=Sentence.ARGUMENT_FORMAT,
        choices=personal.export_choices,
        rights=frozenset({personal.ME}),
    ),
    Command("budget", Sentence.HELP_BUDGET, personal.budget),
    Command("privacy", Sentence.HELP_PRIVACY, personal.privacy, rights=frozenset({""})),
    Command(
        "forget",
        Sentence.HELP_FORGET,
        personal.forget,
        argument=Sentence.ARGUMENT_FORGET,
        choices=personal.forget_choices,
        in_full=True,
        rights=frozenset({personal.ME}),
    ),
    _ruling("allow", Sentence.HELP_ALLOW, administering.allow, administering.blocked_choices),
    _ruling("block", Sentence.HELP_BLOCK, administering.block, administering.allowed_choices),
    _ruling("revoke", Sentence.HELP_REVOKE, administering.revoke, administering.named_choices),
    Command("stats", Sentence.HELP_STATS, administering.stats, admin_only=True),
    Command("help", Sentence.HELP_HELP, _help),
)
