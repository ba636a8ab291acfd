"""Every sentence a user can read, in every language Parlour speaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from string import Formatter
from typing import Any, TypeVar

from core.wording_chinese import CHINESE
from core.wording_names import Sentence

__all__ = ["CHINESE", "ENGLISH", "LANGUAGES", "PLURALS", "TONGUES", "Sentence", "filled", "say", "spoken", "tongue_of"]

T = TypeVar("T")


Plural = Callable[[int, int], int]
"""Which of a word's forms goes with a number, counted from 0: by its whole part, and by how many digits follow the point.
Source: Unicode CLDR, "Language Plural Rules", the operands i and v; of its categories those that a language has, in their
order (zero, one, two, few, many, other)."""


class _Filling(Formatter):
    def __init__(self, plural: Plural) -> None:
        self._plural = plural

    def format_field(self, value: Any, format_spec: str) -> Any:
        forms = format_spec.split("|")
        if len(forms) == 1:
            return super().format_field(value, format_spec)
        whole, _, decimals = str(value).replace(",", "").partition(".")
        return f"{value} {forms[min(self._plural(int(whole), len(decimals)), len(forms) - 1)]}"


ENGLISH: dict[Sentence, str] = {
    Sentence.EMPTY_MESSAGE: "There is nothing in that message I can read: please write your question in it.",
    Sentence.MESSAGE_TOO_LONG: "That message is too long for me: {tokens:token|tokens}, {over} more than the {limit} I can take at once.",
    Sentence.MESSAGE_TOO_OLD: "Sorry, I was away when you wrote this and it has been too long. Please ask again if it still matters.",
    Sentence.UNKNOWN_COMMAND: "I don't know the command /{command}. /help lists those I know.",
    Sentence.BAD_ARGUMENT: "/{command} does not take “{argument}”. Possible: {expected}.",
    Sentence.NOT_ALLOWED: "You are not allowed to do that here.",
    Sentence.NOT_LET_IN: "I may not talk with you here. Whoever runs me can allow it; you are {id}.",
    Sentence.NO_ADMINS: "I have no admins yet. Whoever runs me names them in config.yaml, under access.admins; you are {id}.",
    Sentence.MODEL_UNREACHABLE: "The model cannot be reached right now. Please try again in a while with /retry.",
    Sentence.MODEL_BUSY: "The model is overloaded right now. Please try again in a while with /retry.",
    Sentence.MODEL_STALLED: "The model stopped answering. Please try again with /retry.",
    Sentence.MODEL_GARBLED: "The model's reply could not be read. Please try again with /retry.",
    Sentence.MODEL_KEY_REFUSED: "The model's service refused our key. The operator has to mend this.",
    Sentence.MODEL_UNKNOWN: "The model “{model}” is not known to its service. Choose another one with /model.",
    Sentence.MODEL_NO_CREDIT: "The credit with the model's service is used up. The operator has to mend this.",
    Sentence.MODEL_NONE: "No model can be used here yet. The operator sees why with the command `check`.",
    Sentence.CONTENT_REFUSED: "The model's service refused this content.",
    Sentence.WINDOW_EXCEEDED: "This conversation is too long for the model. /new starts a fresh one.",
    Sentence.REQUEST_REFUSED: "The model's service did not accept the request. The operator can see why in the log.",
    Sentence.BUDGET_SPENT_USER: "What you may use is used up for now. I can answer you again from {when}.",
    Sentence.BUDGET_SPENT_CHAT: "What this chat may use is used up for now. I can answer here again from {when}.",
    Sentence.BUDGET_SPENT_SERVER: "What this server may use is used up for now. I can answer here again from {when}.",
    Sentence.BUDGET_SPENT_TOTAL: "What I may use in all is used up for now. I can answer again from {when}.",
    Sentence.BUDGET_LOW: "(Answered by {model}, because little is left of what may be used.)",
    Sentence.MODEL_BARRED: "(Answered by {model}, because {other} is not among the models you may use here.)",
    Sentence.TOO_OFTEN_USER: "You are asking faster than I may answer. Please ask again from {when}.",
    Sentence.TOO_OFTEN_CHAT: "This chat is asking faster than I may answer. Please ask again from {when}.",
    Sentence.TOO_OFTEN_SERVER: "This server is asking faster than I may answer. Please ask again from {when}.",
    Sentence.TOO_OFTEN_TOTAL: "I am asked more than I may answer at the moment. Please ask again from {when}.",
    Sentence.QUESTION_FLAGGED: "I cannot answer this: it seems to be about {reason}.",
    Sentence.ANSWER_FLAGGED: "I cannot give you this answer: it seems to be about {reason}.",
    Sentence.NOT_MODERATED: "It cannot be checked right now whether I may answer this. Please try again later with /retry.",
    Sentence.PICTURE_NOT_MODERATED: "I cannot answer this: a picture of it cannot be checked here.",
    Sentence.REASON_HARASSMENT: "harassment",
    Sentence.REASON_HATE: "hate",
    Sentence.REASON_ILLICIT: "something illegal",
    Sentence.REASON_SELF_HARM: "self-harm",
    Sentence.REASON_SEXUAL: "sex",
    Sentence.REASON_VIOLENCE: "violence",
    Sentence.REASON_OTHER: "something that is not allowed here",
    Sentence.WAITING: "Many are asking right now. You are number {place} in line.",
    Sentence.STOPPED: "Stopped.",
    Sentence.GAVE_UP: "I tried several times and could not answer this. The operator has been told; /retry asks again.",
    Sentence.INTERNAL_ERROR: "Something went wrong on my side. Please try again with /retry.",
    Sentence.NEW_DONE: "A new conversation begins. Earlier messages are no longer in the context.",
    Sentence.UNDO_DONE: "Taken back: “{question}”",
    Sentence.UNDO_NOTHING: "There is nothing to take back.",
    Sentence.UNDO_RUNNING: "The answer being written is stopped and taken back.",
    Sentence.RETRY_NOTHING: "There is nothing to ask again.",
    Sentence.STOP_DONE: "Stopping.",
    Sentence.STOP_NOTHING: "Nothing is being written right now.",
    Sentence.MODEL_CHOOSE: "The model is {current}. Others: /model NAME",
    Sentence.MODEL_CHANGED: "The model is now {name}. The context stays.",
    Sentence.PERSONA_CHOOSE: "The persona is {current}. Others: /persona NAME",
    Sentence.PERSONA_CHANGED: "The persona is now {name}. The context stays.",
    Sentence.EXPORT_DONE: "The conversation: {messages:message|messages}.",
    Sentence.EXPORT_NOTHING: "There is nothing to export yet.",
    Sentence.EXPORT_ME_DONE: "Everything I keep about you: {conversations:conversation|conversations}, {messages:message|messages}.",
    Sentence.ALONE_ONLY: "That is for your eyes only. Ask me in a private chat.",
    Sentence.BRANCH_DONE: "The conversation goes on from here: “{message}”",
    Sentence.BRANCH_NOTHING: "That message is not part of my conversation with you here.",
    Sentence.CONTEXT_TITLE: "What {model} would see ({encoding}):",
    Sentence.CONTEXT_PERSONA: "{tokens:token|tokens} · persona {name}",
    Sentence.CONTEXT_MESSAGE: "{tokens:token|tokens} · {who}: {excerpt}",
    Sentence.CONTEXT_CUT: "{messages:older message is|older messages are} cut: {tokens:token|tokens}.",
    Sentence.CONTEXT_SUM: "{tokens} of {budget:token|tokens} used.",
    Sentence.CONTEXT_EXACT: "exact counts",
    Sentence.CONTEXT_ESTIMATED: "estimated counts",
    Sentence.USAGE_CONVERSATION: "This conversation: {prompt:token|tokens} read ({cached} % from the cache), {completion} written, {cost}.",
    Sentence.USAGE_TODAY: "Today: {prompt:token|tokens} read ({cached} % from the cache), {completion} written, {cost}.",
    Sentence.COST_UNKNOWN: "no price known",
    Sentence.BUDGET_NONE: "Nothing is limited here.",
    Sentence.BUDGET_LINE: "{whose}: {used} of {limit} used, until {when}.",
    Sentence.BUDGET_TOKENS: "{tokens:token|tokens}",
    Sentence.BUDGET_ALL_QUESTIONS: "{whose}: {left} of {most:question|questions} left.",
    Sentence.BUDGET_SOME_QUESTIONS: "{whose}: {left} of {most:question|questions} left, all of them again from {full}.",
    Sentence.BUDGET_NO_QUESTION: "{whose}: none of {most:question|questions} left, the next one from {again}, all of them from {full}.",
    Sentence.BUDGET_OF_USER: "You",
    Sentence.BUDGET_OF_CHAT: "This chat",
    Sentence.BUDGET_OF_SERVER: "This server",
    Sentence.BUDGET_OF_ALL: "Everybody together",
    Sentence.PRIVACY_KEPT: "What you say here and what I answer is kept until it is deleted.",
    Sentence.PRIVACY_KEPT_FOR: "What you say here and what I answer is kept for {time} after the last word.",
    Sentence.TIME_DAYS: "{number:day|days}",
    Sentence.TIME_HOURS: "{number:hour|hours}",
    Sentence.TIME_MINUTES: "{number:minute|minutes}",
    Sentence.PRIVACY_SEALED: "It is encrypted where it is kept.",
    Sentence.PRIVACY_SENT: "To be answered, it is sent to the model {model}.",
    Sentence.PRIVACY_CHECKED: "To check whether it may be said, it is sent to {service} too.",
    Sentence.PRIVACY_COUNTED: "What you use is counted to keep to limits, under a name that nobody can read.",
    Sentence.PRIVACY_COPIES: "Backups that the operator makes, and what the model's provider keeps, are theirs to delete.",
    Sentence.PRIVACY_RIGHTS: "/export gives you a copy of this conversation and /forget deletes it; /export me and /forget me, of everything about you.",
    Sentence.FORGET_ASK: "This deletes for good. Everything I keep of this conversation: /forget conversation\nEverything I keep about you, in every conversation: /forget me",
    Sentence.FORGET_ASK_ME: "This deletes everything I keep about you, in every conversation, for good. If that is what you want: /forget me",
    Sentence.FORGET_DONE: "This conversation is forgotten: {rows:entry is|entries are} deleted. What is shown here already stays where it is.",
    Sentence.FORGET_ME_DONE: "You are forgotten: {rows:entry is|entries are} deleted. What is shown here already stays where it is.",
    Sentence.MESSAGE_DELETED: "[This message was deleted.]",
    Sentence.ALLOW_DONE: "{id} may talk to me now.",
    Sentence.ALLOW_CONFIGURED: "{id} is blocked in config.yaml, under access.blocked; only there can that be lifted.",
    Sentence.ALLOW_LIST: "Allowed besides the configuration: {ids}",
    Sentence.BLOCK_LIST: "Blocked besides the configuration: {ids}",
    Sentence.ALLOW_HERE: "This place: {ids}",
    Sentence.BLOCK_DONE: "{id} is blocked now.",
    Sentence.BLOCK_ADMIN: "{id} is an admin, and admins cannot be blocked.",
    Sentence.REVOKE_DONE: "Nothing is said of {id} any more: the configuration decides.",
    Sentence.REVOKE_HINT: "To take one of these back: /revoke ID",
    Sentence.STATS_TURNS: "Questions: {waiting} waiting, {running} being answered, {aside} set aside.",
    Sentence.STATS_PEOPLE: "People who asked: {today} today, {lately} in {days:day|days}.",
    Sentence.STATS_CHATS: "Chats they asked in: {today} today, {lately} in {days:day|days}.",
    Sentence.STATS_TODAY: "Today (UTC): {answers:answer|answers}, {failures:error|errors}; {prompt:token|tokens} read ({cached} % from the cache), {completion} written, {cost}.",
    Sentence.STATS_MODEL: "{model}: {answers:answer|answers} this month; {today} today, {month} this month.",
    Sentence.STATS_RUNNING: "Parlour {version}, running since {since}.",
    Sentence.HELP_TITLE: "Write to me and I answer. Commands:",
    Sentence.HELP_NEW: "start a new conversation",
    Sentence.HELP_MODEL: "show or choose the model",
    Sentence.HELP_PERSONA: "show or choose the persona",
    Sentence.HELP_RETRY: "answer the last question again",
    Sentence.HELP_UNDO: "take back the last question and its answer",
    Sentence.HELP_STOP: "stop the answer being written and keep it",
    Sentence.HELP_CONTEXT: "show what the model would see",
    Sentence.HELP_USAGE: "show tokens and cost",
    Sentence.HELP_EXPORT: "save the conversation, or everything about you",
    Sentence.HELP_BUDGET: "show what is used of the limits",
    Sentence.HELP_PRIVACY: "show what is kept, and who gets to see it",
    Sentence.HELP_FORGET: "delete this conversation, or everything about you",
    Sentence.HELP_ALLOW: "let somebody, a chat or a server talk to me; without an id: list who was allowed or blocked",
    Sentence.HELP_BLOCK: "stop answering somebody, a chat or a server",
    Sentence.HELP_REVOKE: "take back what was said of somebody with /allow or /block",
    Sentence.HELP_STATS: "show who asks how much, what it costs, and how much is waiting",
    Sentence.HELP_HELP: "show this list",
    Sentence.HELP_LINE: "{usage} – {meaning}",
    Sentence.ARGUMENT_NAME: "name",
    Sentence.ARGUMENT_FORMAT: "markdown|json|me",
    Sentence.ARGUMENT_FORGET: "conversation|me",
    Sentence.ARGUMENT_ID: "id",
    Sentence.ARGUMENT_IDS: "an id such as discord:123 or telegram:456",
    Sentence.ARGUMENT_NONE: "/{command} alone",
    Sentence.ROLE_YOU: "you",
    Sentence.TERMINAL_WELCOME: "Parlour · {model} · {persona} · /help for commands, exit to leave",
    Sentence.TERMINAL_LOADING: "The model {model} is loading …",
    Sentence.TERMINAL_SAVED: "Saved {file}",
    Sentence.TERMINAL_RESUMED: "An answer was interrupted last time; here it is:",
    Sentence.TERMINAL_EARLIER: "To “{question}”:",
    Sentence.TERMINAL_HISTORY: "This conversation goes on. The last question was “{question}”:",
    Sentence.TERMINAL_AGAIN: "The model was interrupted and starts over:",
    Sentence.TERMINAL_ELSEWHERE_FAILED: "Another window of this conversation tried and failed. /retry asks again.",
    Sentence.TERMINAL_LATER: "The answer will appear here when it is ready.",
    Sentence.TERMINAL_NOT_SAVED: "{file} could not be saved: {reason}",
    Sentence.TERMINAL_HINT: "exit or Ctrl-D leaves; so does Ctrl-C once more.",
    Sentence.TERMINAL_LINE_TOO_LONG: "That line is longer than {limit} MB; I did not read it.",
    Sentence.STORE_AWAY: "I cannot store messages right now, so yours was not accepted. Please send it again in a moment.",
    Sentence.STORE_AWAY_UNDONE: "I cannot get at what I keep right now, so that could not be done. Please try again in a moment.",
    Sentence.STORE_AWAY_WAITS: "I cannot store messages right now. Yours waits, and I answer it as soon as I can; there is no need to send it again.",
    Sentence.BUTTON_STOP: "Stop",
    Sentence.BUTTON_RETRY: "Retry",
    Sentence.BUTTON_CONTINUE: "Continue",
    Sentence.BUTTON_NOT_YOURS: "Only the person who asked, and moderators, can press this.",
    Sentence.BUTTON_STALE: "That button does nothing any more.",
    Sentence.BUTTON_PRESSED: "That was pressed already.",
    Sentence.ANSWER_IN_FILE: "This answer is long; all of it is in the file.",
    Sentence.DISCORD_ASKS: "{name} asks: {question}",
    Sentence.DISCORD_ASKS_ABOUT: "{name} asks about {link}: {question}",
    Sentence.DISCORD_EXPLAIN: "Please explain this message.",
    Sentence.DISCORD_ABOUT_LABEL: "What would you like to know?",
    Sentence.DISCORD_MESSAGE_FORGOTTEN: "I no longer know which message that was. Please choose it again.",
    Sentence.DISCORD_CANNOT_WRITE: "I cannot write in {channel}, so I could not answer you there. You can ask me here.",
    Sentence.GO_ON: "Please go on exactly where you stopped.",
    Sentence.DISCORD_HELP_ASK: "ask a question",
    Sentence.DISCORD_ARGUMENT_QUESTION: "the question",
    Sentence.TELEGRAM_GREETING: "Hello {name}! Write to me and I answer; what we talked about I remember. /help lists what else I can do.",
    Sentence.TELEGRAM_DESCRIPTION: "Ask me anything. I answer as I write, remember what we talked about, and join groups where I am mentioned.",
    Sentence.TELEGRAM_ABOUT: "A chatbot that remembers the conversation.",
    Sentence.TELEGRAM_INLINE: "Ask this and send the answer",
    Sentence.WEB_CONVERSATION_UNKNOWN: "This conversation does not exist, or was deleted.",
    Sentence.WEB_MESSAGE_UNKNOWN: "That message is not in this conversation any more.",
    Sentence.WEB_REQUEST_UNREADABLE: "I could not read what the page sent ({place}). Please reload it and try again.",
    Sentence.WEB_NOT_ANSWERED: "This could not be answered. You can ask it again.",
    Sentence.COMMAND_ASK: "ask",
    Sentence.COMMAND_ASK_ABOUT: "Ask about this",
    Sentence.COMMAND_BRANCH: "Branch here",
    Sentence.COMMAND_NEW: "new",
    Sentence.COMMAND_RESET: "reset",
    Sentence.COMMAND_MODEL: "model",
    Sentence.COMMAND_PERSONA: "persona",
    Sentence.COMMAND_RETRY: "retry",
    Sentence.COMMAND_UNDO: "undo",
    Sentence.COMMAND_STOP: "stop",
    Sentence.COMMAND_CONTEXT: "context",
    Sentence.COMMAND_USAGE: "usage",
    Sentence.COMMAND_EXPORT: "export",
    Sentence.COMMAND_BUDGET: "budget",
    Sentence.COMMAND_PRIVACY: "privacy",
    Sentence.COMMAND_FORGET: "forget",
    Sentence.COMMAND_ALLOW: "allow",
    Sentence.COMMAND_BLOCK: "block",
    Sentence.COMMAND_REVOKE: "revoke",
    Sentence.COMMAND_STATS: "stats",
    Sentence.COMMAND_HELP: "help",
}

LANGUAGES: dict[str, dict[Sentence, str]] = {"en": ENGLISH, "zh": CHINESE}
TONGUES: dict[str, str] = {"en": "English", "zh": "中文"}
"""What each language that is spoken here calls itself. Every menu is built from these."""
PLURALS: dict[str, Plural] = {
    "en": lambda whole, decimals: 0 if (whole, decimals) == (1, 0) else 1,
    "zh": lambda _whole, _decimals: 0,
}


def say(sentence: Sentence, language: str, **values: object) -> str:
    """The sentence in the user's language, filled; a value that is itself a sentence is said in it too."""
    known = spoken(LANGUAGES, language)
    told = {name: known[value] if isinstance(value, Sentence) else value for name, value in values.items()}
    return filled(known[sentence], told, language)


def filled(text: str, values: Mapping[str, object], language: str = "en") -> str:
    """*text*, of that language, with its placeholders filled. ``{messages:message|messages}`` is the number of that name,
    with the form of the word that goes with it (`PLURALS`); the last one stands for those that would follow."""
    return _Filling(spoken(PLURALS, language)).vformat(text, (), values)


def tongue_of(language: str) -> str:
    """Of the languages that are spoken here, the one that a BCP 47 tag asks for."""
    return spoken({tongue: tongue for tongue in TONGUES}, language)


def spoken(languages: Mapping[str, T], language: str) -> T:
    """Of *languages*, the one that a BCP 47 tag asks for; English where it is not spoken here."""
    return languages.get(language.replace("_", "-").split("-")[0].lower(), languages["en"])
