"""The commands about what is kept of people, and what they may use."""

from __future__ import annotations

from core.conversations.dossier import dossier
from core.conversations.exporting import branch, markdown, tree
from core.conversations.invoking import Choice, Invocation, Reaction
from core.conversations.keeping import budget_text, privacy_text
from core.wording import Sentence

_FORMATS = ("markdown", "json")
_CONVERSATION = "conversation"
ME = "me"
"""Everything about who asks."""


async def export_choices(_: Invocation) -> tuple[Choice, ...]:
    return tuple(Choice(name, name) for name in (*_FORMATS, ME))


async def export(invocation: Invocation) -> Reaction:
    """Both formats unless one is asked for. The count is that of the current branch."""
    if invocation.argument == ME:
        return await _export_me(invocation)
    conversation = await invocation.conversation()
    messages = await invocation.services.history.messages(conversation.id)
    if not messages:
        return Reaction(invocation.say(Sentence.EXPORT_NOTHING))
    path, incoming = branch(messages, conversation.head), invocation.incoming
    documents = {
        "markdown": markdown(conversation, path, incoming.sent_at, incoming.sender.language),
        "json": tree(conversation, messages, incoming.sent_at),
    }
    wanted = (invocation.argument,) if invocation.argument else _FORMATS
    chosen = tuple(documents[name] for name in wanted)
    return Reaction(invocation.say(Sentence.EXPORT_DONE, messages=len(path)), documents=chosen)


async def budget(invocation: Invocation) -> Reaction:
    balances = await invocation.services.budgets.balances(invocation.incoming)
    return Reaction(budget_text(balances, invocation.incoming.sender.language))


async def privacy(invocation: Invocation) -> Reaction:
    services, conversation = invocation.services, await invocation.conversation()
    model = services.models.get(invocation.model_of(conversation)).spec.id
    checked_by = services.conversations.checked_by
    return Reaction(privacy_text(services.keeping, model, checked_by, invocation.incoming.sender.language))


async def forget_choices(_: Invocation) -> tuple[Choice, ...]:
    return tuple(Choice(name, name) for name in (_CONVERSATION, ME))


async def forget(invocation: Invocation) -> Reaction:
    """For good, once that is confirmed: everything of the conversation, or everything about who asks."""
    if invocation.argument:
        return await (_forget_me if invocation.argument == ME else _forget_conversation)(invocation)
    incoming = invocation.incoming
    if incoming.author and not invocation.access.is_admin(incoming.sender.id):
        return Reaction(invocation.say(Sentence.FORGET_ASK_ME), (Choice(ME, ME),))
    return Reaction(invocation.say(Sentence.FORGET_ASK), await forget_choices(invocation))


async def _forget_conversation(invocation: Invocation) -> Reaction:
    """Where several people speak, it is an admin's to delete."""
    incoming = invocation.incoming
    if incoming.author:
        invocation.access.require_admin(incoming.sender.id)
    await invocation.services.inbox.stop(incoming.conversation)
    rows = await invocation.services.shelf.remove(incoming.sender.id, incoming.conversation)
    return Reaction(invocation.say(Sentence.FORGET_DONE, rows=rows), removed=True)


async def _forget_me(invocation: Invocation) -> Reaction:
    person = invocation.incoming.sender.id
    rows = await invocation.services.people.forget_person(person, invocation.say(Sentence.MESSAGE_DELETED))
    return Reaction(invocation.say(Sentence.FORGET_ME_DONE, rows=rows), removed=True, forgotten=True)


async def _export_me(invocation: Invocation) -> Reaction:
    incoming = invocation.incoming
    found = await dossier(invocation.services.people, incoming.sender.id, incoming.sent_at)
    if found.empty:
        return Reaction(invocation.say(Sentence.EXPORT_NOTHING))
    text = invocation.say(Sentence.EXPORT_ME_DONE, conversations=found.conversations, messages=found.messages)
    return Reaction(text, documents=(found.document,), private=True)
