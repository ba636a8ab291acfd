"""Every sentence a user can read, in every language Parlour speaks."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")


class Sentence(StrEnum):
    """Names a sentence. Placeholders in braces are filled by `say`."""

    EMPTY_MESSAGE = "empty_message"
    MESSAGE_TOO_LONG = "message_too_long"
    MESSAGE_TOO_OLD = "message_too_old"
    UNKNOWN_COMMAND = "unknown_command"
    BAD_ARGUMENT = "bad_argument"
    NOT_ALLOWED = "not_allowed"
    MODEL_UNREACHABLE = "model_unreachable"
    MODEL_BUSY = "model_busy"
    MODEL_STALLED = "model_stalled"
    MODEL_GARBLED = "model_garbled"
    MODEL_KEY_REFUSED = "model_key_refused"
    MODEL_UNKNOWN = "model_unknown"
    MODEL_NO_CREDIT = "model_no_credit"
    MODEL_NONE = "model_none"
    CONTENT_REFUSED = "content_refused"
    WINDOW_EXCEEDED = "window_exceeded"
    REQUEST_REFUSED = "request_refused"
    BUDGET_SPENT_USER = "budget_spent_user"
    BUDGET_SPENT_CHAT = "budget_spent_chat"
    BUDGET_SPENT_SERVER = "budget_spent_server"
    BUDGET_SPENT_TOTAL = "budget_spent_total"
    BUDGET_LOW = "budget_low"
    STOPPED = "stopped"
    GAVE_UP = "gave_up"
    INTERNAL_ERROR = "internal_error"
    # commands
    NEW_DONE = "new_done"
    UNDO_DONE = "undo_done"
    UNDO_NOTHING = "undo_nothing"
    UNDO_RUNNING = "undo_running"
    RETRY_NOTHING = "retry_nothing"
    STOP_DONE = "stop_done"
    STOP_NOTHING = "stop_nothing"
    MODEL_CHOOSE = "model_choose"
    MODEL_CHANGED = "model_changed"
    PERSONA_CHOOSE = "persona_choose"
    PERSONA_CHANGED = "persona_changed"
    EXPORT_DONE = "export_done"
    EXPORT_NOTHING = "export_nothing"
    BRANCH_DONE = "branch_done"
    BRANCH_NOTHING = "branch_nothing"
    CONTEXT_TITLE = "context_title"
    CONTEXT_PERSONA = "context_persona"
    CONTEXT_MESSAGE = "context_message"
    CONTEXT_CUT = "context_cut"
    CONTEXT_SUM = "context_sum"
    CONTEXT_EXACT = "context_exact"
    CONTEXT_ESTIMATED = "context_estimated"
    USAGE_CONVERSATION = "usage_conversation"
    USAGE_TODAY = "usage_today"
    COST_UNKNOWN = "cost_unknown"
    HELP_TITLE = "help_title"
    HELP_NEW = "help_new"
    HELP_MODEL = "help_model"
    HELP_PERSONA = "help_persona"
    HELP_RETRY = "help_retry"
    HELP_UNDO = "help_undo"
    HELP_STOP = "help_stop"
    HELP_CONTEXT = "help_context"
    HELP_USAGE = "help_usage"
    HELP_EXPORT = "help_export"
    HELP_HELP = "help_help"
    HELP_LINE = "help_line"
    ARGUMENT_NAME = "argument_name"
    ARGUMENT_FORMAT = "argument_format"
    ARGUMENT_NONE = "argument_none"
    ROLE_YOU = "role_you"
    # terminal
    TERMINAL_WELCOME = "terminal_welcome"
    TERMINAL_LOADING = "terminal_loading"
    TERMINAL_SAVED = "terminal_saved"
    TERMINAL_RESUMED = "terminal_resumed"
    TERMINAL_EARLIER = "terminal_earlier"
    TERMINAL_HISTORY = "terminal_history"
    TERMINAL_AGAIN = "terminal_again"
    TERMINAL_ELSEWHERE_FAILED = "terminal_elsewhere_failed"
    TERMINAL_LATER = "terminal_later"
    TERMINAL_NOT_SAVED = "terminal_not_saved"
    TERMINAL_HINT = "terminal_hint"
    TERMINAL_LINE_TOO_LONG = "terminal_line_too_long"
    STORE_AWAY = "store_away"
    # discord
    BUTTON_STOP = "button_stop"
    BUTTON_RETRY = "button_retry"
    BUTTON_CONTINUE = "button_continue"
    GO_ON = "go_on"
    BUTTON_NOT_YOURS = "button_not_yours"
    BUTTON_STALE = "button_stale"
    BUTTON_PRESSED = "button_pressed"
    ANSWER_IN_FILE = "answer_in_file"
    DISCORD_ASKS = "discord_asks"
    DISCORD_ASKS_ABOUT = "discord_asks_about"
    DISCORD_EXPLAIN = "discord_explain"
    DISCORD_ABOUT_LABEL = "discord_about_label"
    DISCORD_MESSAGE_FORGOTTEN = "discord_message_forgotten"
    DISCORD_CANNOT_WRITE = "discord_cannot_write"
    DISCORD_HELP_ASK = "discord_help_ask"
    DISCORD_ARGUMENT_QUESTION = "discord_argument_question"
    # telegram
    TELEGRAM_GREETING = "telegram_greeting"
    TELEGRAM_DESCRIPTION = "telegram_description"
    TELEGRAM_ABOUT = "telegram_about"
    TELEGRAM_INLINE = "telegram_inline"
    # web
    WEB_CONVERSATION_UNKNOWN = "web_conversation_unknown"
    WEB_MESSAGE_UNKNOWN = "web_message_unknown"
    WEB_REQUEST_UNREADABLE = "web_request_unreadable"
    WEB_NOT_ANSWERED = "web_not_answered"
    # names of commands in menus
    COMMAND_ASK = "command_ask"
    COMMAND_ASK_ABOUT = "command_ask_about"
    COMMAND_BRANCH = "command_branch"
    COMMAND_NEW = "command_new"
    COMMAND_RESET = "command_reset"
    COMMAND_MODEL = "command_model"
    COMMAND_PERSONA = "command_persona"
    COMMAND_RETRY = "command_retry"
    COMMAND_UNDO = "command_undo"
    COMMAND_STOP = "command_stop"
    COMMAND_CONTEXT = "command_context"
    COMMAND_USAGE = "command_usage"
    COMMAND_EXPORT = "command_export"
    COMMAND_HELP = "command_help"


ENGLISH: dict[Sentence, str] = {
    Sentence.EMPTY_MESSAGE: "There is nothing in that message I can read: please write your question in it.",
    Sentence.MESSAGE_TOO_LONG: "That message is too long for me: {tokens} tokens, {over} more than the {limit} I can take at once.",
    Sentence.MESSAGE_TOO_OLD: "Sorry, I was away when you wrote this and it has been too long. Please ask again if it still matters.",
    Sentence.UNKNOWN_COMMAND: "I don't know the command /{command}. /help lists those I know.",
    Sentence.BAD_ARGUMENT: "/{command} does not take “{argument}”. Possible: {expected}.",
    Sentence.NOT_ALLOWED: "You are not allowed to do that here.",
    Sentence.MODEL_UNREACHABLE: "The model cannot be reached right now. Please try again in a while with /retry.",
    Sentence.MODEL_BUSY: "The model is overloaded right now. Please try again in a while with /retry.",
    Sentence.MODEL_STALLED: "The model stopped answering. Please try again with /retry.",
    Sentence.MODEL_GARBLED: "The model's reply could not be read. Please try again with /retry.",
    Sentence.MODEL_KEY_REFUSED: "The model's service refused our key. The operator has to mend this.",
    Sentence.MODEL_UNKNOWN: "The model “{model}” is not known to its service. Choose another one with /model.",
    Sentence.MODEL_NO_CREDIT: "The credit with the model's service is used up. The operator has to mend this.",
    Sentence.MODEL_NONE: "No model can be used here yet. The operator sees why with `python -m bots check`.",
    Sentence.CONTENT_REFUSED: "The model's service refused this content.",
    Sentence.WINDOW_EXCEEDED: "This conversation is too long for the model. /new starts a fresh one.",
    Sentence.REQUEST_REFUSED: "The model's service did not accept the request. The operator can see why in the log.",
    Sentence.BUDGET_SPENT_USER: "What you may use is used up for now. I can answer you again from {when}.",
    Sentence.BUDGET_SPENT_CHAT: "What this chat may use is used up for now. I can answer here again from {when}.",
    Sentence.BUDGET_SPENT_SERVER: "What this server may use is used up for now. I can answer here again from {when}.",
    Sentence.BUDGET_SPENT_TOTAL: "What I may use in all is used up for now. I can answer again from {when}.",
    Sentence.BUDGET_LOW: "(Answered by {model}, because little is left of what may be used.)",
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
    Sentence.EXPORT_DONE: "The conversation: {messages} messages.",
    Sentence.EXPORT_NOTHING: "There is nothing to export yet.",
    Sentence.BRANCH_DONE: "The conversation goes on from here: “{message}”",
    Sentence.BRANCH_NOTHING: "That message is not part of my conversation with you here.",
    Sentence.CONTEXT_TITLE: "What {model} would see ({encoding}):",
    Sentence.CONTEXT_PERSONA: "{tokens} tokens · persona {name}",
    Sentence.CONTEXT_MESSAGE: "{tokens} tokens · {who}: {excerpt}",
    Sentence.CONTEXT_CUT: "{messages} older messages with {tokens} tokens are cut.",
    Sentence.CONTEXT_SUM: "{tokens} of {budget} tokens used.",
    Sentence.CONTEXT_EXACT: "exact counts",
    Sentence.CONTEXT_ESTIMATED: "estimated counts",
    Sentence.USAGE_CONVERSATION: "This conversation: {prompt} tokens read ({cached} % from the cache), {completion} written, {cost}.",
    Sentence.USAGE_TODAY: "Today: {prompt} tokens read ({cached} % from the cache), {completion} written, {cost}.",
    Sentence.COST_UNKNOWN: "no price known",
    Sentence.HELP_TITLE: "Write to me and I answer. Commands:",
    Sentence.HELP_NEW: "start a new conversation",
    Sentence.HELP_MODEL: "show or choose the model",
    Sentence.HELP_PERSONA: "show or choose the persona",
    Sentence.HELP_RETRY: "answer the last question again",
    Sentence.HELP_UNDO: "take back the last question and its answer",
    Sentence.HELP_STOP: "stop the answer being written and keep it",
    Sentence.HELP_CONTEXT: "show what the model would see",
    Sentence.HELP_USAGE: "show tokens and cost",
    Sentence.HELP_EXPORT: "save the conversation as Markdown and JSON",
    Sentence.HELP_HELP: "show this list",
    Sentence.HELP_LINE: "{usage} – {meaning}",
    Sentence.ARGUMENT_NAME: "name",
    Sentence.ARGUMENT_FORMAT: "markdown|json",
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
    Sentence.COMMAND_HELP: "help",
}

CHINESE: dict[Sentence, str] = {
    Sentence.EMPTY_MESSAGE: "这条消息里没有我能读的内容，请把问题写在消息里。",
    Sentence.MESSAGE_TOO_LONG: "这条消息太长了：{tokens} 个词元，比我一次能接收的 {limit} 个多出 {over} 个。",
    Sentence.MESSAGE_TOO_OLD: "抱歉，您发这条消息时我不在线，现在已经过去太久了。如果仍有需要，请再问一次。",
    Sentence.UNKNOWN_COMMAND: "我不认识命令 /{command}。发送 /help 查看可用命令。",
    Sentence.BAD_ARGUMENT: "/{command} 不接受“{argument}”。可选：{expected}。",
    Sentence.NOT_ALLOWED: "您在这里没有权限这样做。",
    Sentence.MODEL_UNREACHABLE: "现在无法连接到模型。请稍后用 /retry 再试。",
    Sentence.MODEL_BUSY: "模型现在负载过高。请稍后用 /retry 再试。",
    Sentence.MODEL_STALLED: "模型中途没有了回应。请用 /retry 再试。",
    Sentence.MODEL_GARBLED: "无法读取模型的回复。请用 /retry 再试。",
    Sentence.MODEL_KEY_REFUSED: "模型服务拒绝了我们的密钥，需要管理员处理。",
    Sentence.MODEL_UNKNOWN: "模型服务不认识模型“{model}”。请用 /model 选择另一个。",
    Sentence.MODEL_NO_CREDIT: "模型服务的额度已用完，需要管理员处理。",
    Sentence.MODEL_NONE: "这里还没有可用的模型。管理员可以用 `python -m bots check` 查看原因。",
    Sentence.CONTENT_REFUSED: "模型服务拒绝了这段内容。",
    Sentence.WINDOW_EXCEEDED: "这段对话对模型来说太长了。发送 /new 开始新的对话。",
    Sentence.REQUEST_REFUSED: "模型服务没有接受这个请求。管理员可以在日志中看到原因。",
    Sentence.BUDGET_SPENT_USER: "您目前的用量额度已用完。{when} 起我可以再为您回答。",
    Sentence.BUDGET_SPENT_CHAT: "这个聊天目前的用量额度已用完。{when} 起我可以再在这里回答。",
    Sentence.BUDGET_SPENT_SERVER: "这个服务器目前的用量额度已用完。{when} 起我可以再在这里回答。",
    Sentence.BUDGET_SPENT_TOTAL: "我目前的总用量额度已用完。{when} 起我可以再回答。",
    Sentence.BUDGET_LOW: "（剩余额度不多，由 {model} 回答。）",
    Sentence.STOPPED: "已停止。",
    Sentence.GAVE_UP: "我试了几次都没能回答。已通知管理员；发送 /retry 可再问一次。",
    Sentence.INTERNAL_ERROR: "我这边出了问题。请用 /retry 再试。",
    Sentence.NEW_DONE: "新的对话开始了。之前的消息不再包含在上下文中。",
    Sentence.UNDO_DONE: "已撤回：“{question}”",
    Sentence.UNDO_NOTHING: "没有可以撤回的内容。",
    Sentence.UNDO_RUNNING: "正在生成的回答已停止并撤回。",
    Sentence.RETRY_NOTHING: "没有可以重新提问的内容。",
    Sentence.STOP_DONE: "正在停止。",
    Sentence.STOP_NOTHING: "现在没有正在生成的回答。",
    Sentence.MODEL_CHOOSE: "当前模型是 {current}。切换：/model 名称",
    Sentence.MODEL_CHANGED: "模型已切换为 {name}，上下文保留。",
    Sentence.PERSONA_CHOOSE: "当前角色是 {current}。切换：/persona 名称",
    Sentence.PERSONA_CHANGED: "角色已切换为 {name}，上下文保留。",
    Sentence.EXPORT_DONE: "对话内容：共 {messages} 条消息。",
    Sentence.EXPORT_NOTHING: "还没有可以导出的内容。",
    Sentence.BRANCH_DONE: "对话将从这里继续：“{message}”",
    Sentence.BRANCH_NOTHING: "那条消息不在我和您的对话中。",
    Sentence.CONTEXT_TITLE: "{model} 会看到的内容（{encoding}）：",
    Sentence.CONTEXT_PERSONA: "{tokens} 个词元 · 角色 {name}",
    Sentence.CONTEXT_MESSAGE: "{tokens} 个词元 · {who}：{excerpt}",
    Sentence.CONTEXT_CUT: "较早的 {messages} 条消息（{tokens} 个词元）已被裁去。",
    Sentence.CONTEXT_SUM: "已用 {tokens} / {budget} 个词元。",
    Sentence.CONTEXT_EXACT: "精确计数",
    Sentence.CONTEXT_ESTIMATED: "估算计数",
    Sentence.USAGE_CONVERSATION: "本对话：读取 {prompt} 个词元（{cached} % 来自缓存），生成 {completion} 个，{cost}。",
    Sentence.USAGE_TODAY: "今天：读取 {prompt} 个词元（{cached} % 来自缓存），生成 {completion} 个，{cost}。",
    Sentence.COST_UNKNOWN: "价格未知",
    Sentence.HELP_TITLE: "给我发消息，我就会回答。命令：",
    Sentence.HELP_NEW: "开始新的对话",
    Sentence.HELP_MODEL: "查看或选择模型",
    Sentence.HELP_PERSONA: "查看或选择角色",
    Sentence.HELP_RETRY: "重新回答上一个问题",
    Sentence.HELP_UNDO: "撤回上一个问题和回答",
    Sentence.HELP_STOP: "停止正在生成的回答并保留已有内容",
    Sentence.HELP_CONTEXT: "查看模型会看到的内容",
    Sentence.HELP_USAGE: "查看词元用量和费用",
    Sentence.HELP_EXPORT: "将对话保存为 Markdown 和 JSON",
    Sentence.HELP_HELP: "显示此列表",
    Sentence.HELP_LINE: "{usage} – {meaning}",
    Sentence.ARGUMENT_NAME: "名称",
    Sentence.ARGUMENT_FORMAT: "markdown|json",
    Sentence.ARGUMENT_NONE: "单独使用 /{command}",
    Sentence.ROLE_YOU: "您",
    Sentence.TERMINAL_WELCOME: "Parlour · {model} · {persona} · /help 查看命令，exit 退出",
    Sentence.TERMINAL_LOADING: "正在加载模型 {model} …",
    Sentence.TERMINAL_SAVED: "已保存 {file}",
    Sentence.TERMINAL_RESUMED: "上次有一个回答被中断，现在补上：",
    Sentence.TERMINAL_EARLIER: "对“{question}”的回答：",
    Sentence.TERMINAL_HISTORY: "继续之前的对话。上一个问题是“{question}”：",
    Sentence.TERMINAL_AGAIN: "模型中断后重新开始回答：",
    Sentence.TERMINAL_ELSEWHERE_FAILED: "这个对话的另一个窗口没能得到回答。用 /retry 再问一次。",
    Sentence.TERMINAL_LATER: "回答完成后会显示在这里。",
    Sentence.TERMINAL_NOT_SAVED: "无法保存 {file}：{reason}",
    Sentence.TERMINAL_HINT: "输入 exit 或按 Ctrl-D 退出；再按一次 Ctrl-C 也可退出。",
    Sentence.TERMINAL_LINE_TOO_LONG: "这一行超过 {limit} MB，我没有读取。",
    Sentence.STORE_AWAY: "我现在无法保存消息，因此没有接收您的消息。请稍后重新发送。",
    Sentence.BUTTON_STOP: "停止",
    Sentence.BUTTON_RETRY: "重试",
    Sentence.BUTTON_CONTINUE: "继续",
    Sentence.BUTTON_NOT_YOURS: "只有提问者和管理员可以按这个按钮。",
    Sentence.BUTTON_STALE: "这个按钮已经失效。",
    Sentence.BUTTON_PRESSED: "已经按过了。",
    Sentence.ANSWER_IN_FILE: "回答较长，完整内容见文件。",
    Sentence.DISCORD_ASKS: "{name} 提问：{question}",
    Sentence.DISCORD_ASKS_ABOUT: "{name} 就 {link} 提问：{question}",
    Sentence.DISCORD_EXPLAIN: "请解释这条消息。",
    Sentence.DISCORD_ABOUT_LABEL: "您想了解什么？",
    Sentence.DISCORD_MESSAGE_FORGOTTEN: "我已经不知道是哪条消息了。请重新选择。",
    Sentence.DISCORD_CANNOT_WRITE: "我不能在 {channel} 发言，所以没能在那里回答你。你可以在这里问我。",
    Sentence.GO_ON: "请从刚才停下的地方继续。",
    Sentence.DISCORD_HELP_ASK: "提一个问题",
    Sentence.DISCORD_ARGUMENT_QUESTION: "问题",
    Sentence.TELEGRAM_GREETING: "{name}，您好！给我发消息，我就会回答，也会记住我们聊过的内容。发送 /help 查看我还能做什么。",
    Sentence.TELEGRAM_DESCRIPTION: "有什么都可以问我。我边写边答，记得我们聊过的内容，在群组里被提到时也会回答。",
    Sentence.TELEGRAM_ABOUT: "一个会记住对话的聊天机器人。",
    Sentence.TELEGRAM_INLINE: "提问并发送回答",
    Sentence.WEB_CONVERSATION_UNKNOWN: "这个对话不存在，或已被删除。",
    Sentence.WEB_MESSAGE_UNKNOWN: "那条消息已不在这个对话中。",
    Sentence.WEB_REQUEST_UNREADABLE: "无法读取页面发送的内容（{place}）。请重新加载页面再试。",
    Sentence.WEB_NOT_ANSWERED: "这个问题没能得到回答。您可以再问一次。",
    Sentence.COMMAND_ASK: "提问",
    Sentence.COMMAND_ASK_ABOUT: "就此提问",
    Sentence.COMMAND_BRANCH: "从这里分支",
    Sentence.COMMAND_NEW: "新对话",
    Sentence.COMMAND_RESET: "重置",
    Sentence.COMMAND_MODEL: "模型",
    Sentence.COMMAND_PERSONA: "角色",
    Sentence.COMMAND_RETRY: "重试",
    Sentence.COMMAND_UNDO: "撤回",
    Sentence.COMMAND_STOP: "停止",
    Sentence.COMMAND_CONTEXT: "上下文",
    Sentence.COMMAND_USAGE: "用量",
    Sentence.COMMAND_EXPORT: "导出",
    Sentence.COMMAND_HELP: "帮助",
}

LANGUAGES: dict[str, dict[Sentence, str]] = {"en": ENGLISH, "zh": CHINESE}


def say(sentence: Sentence, language: str, **values: object) -> str:
    """The sentence in the user's language, placeholders filled."""
    return spoken(LANGUAGES, language)[sentence].format(**values)


def spoken(languages: Mapping[str, T], language: str) -> T:
    """Of *languages*, the one that a BCP 47 tag asks for; English where it is not spoken here."""
    return languages.get(language.replace("_", "-").split("-")[0].lower(), languages["en"])
