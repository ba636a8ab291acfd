"""The commands about what is kept of people, and what they may use."""

from __future__ import annotations

from core.conversations.exporting import branch, markdown, tree
from core.conversations.invoking import Choice, Invocation, Reaction
from core.conversations.keeping import budget_text, privacy_text
from core.wording import Sentence

_FORMATS = ("markdown", "json")


async def format_choices(_: Invocation) -> tuple[Choice, ...]:
    return tuple(Choice(name, name) for name in _FORMATS)


async def export(invocation: Invocation) -> Reaction:
    """Both formats unless one is asked for. The count is that of the current branch."""
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
    return Reaction(privacy_text(services.keeping, model, invocation.incoming.sender.language))


_FORGET = "conversation"


async def forget_choices(_: Invocation) -> tuple[Choice, ...]:
    return (Choice(_FORGET, _FORGET),)


async def forget(invocation: Invocation) -> Reaction:
    """Everything of the conversation, for good, once that is confirmed. Where several people speak, it is an admin's."""
    incoming = invocation.incoming
    if incoming.author:
        invocation.access.require_admin(incoming.sender.id)
    if not invocation.argument:
        return Reaction(invocation.say(Sentence.FORGET_ASK), await forget_choices(invocation))
    await invocation.services.inbox.stop(incoming.conversation)
    rows = await invocation.services.shelf.remove(incoming.sender.id, incoming.conversation)
    return Reaction(invocation.say(Sentence.FORGET_DONE, rows=rows), removed=True)
