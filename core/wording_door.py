"""What is said to those who come to the web page and are not let in, or not with that: as `core.wording`."""

from __future__ import annotations

from enum import StrEnum

from core.wording import filled, spoken


class Notice(StrEnum):
    """The value is the code that programs read."""

    INVALID = "invalid"
    SIGN_IN = "sign_in"
    FOREIGN = "foreign"
    NOT_FOUND = "not_found"
    METHOD = "method_not_allowed"
    TOO_SLOW = "too_slow"
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    WRONG_HOST = "wrong_host"
    TOO_MANY = "too_many"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"
    LOGIN_TITLE = "login_title"
    LOGIN_LABEL = "login_label"
    LOGIN_BUTTON = "login_button"
    LOGIN_WRONG = "login_wrong"
    LOGIN_SLOWLY = "login_slowly"


ENGLISH: dict[Notice, str] = {
    Notice.INVALID: "I could not read this request.",
    Notice.SIGN_IN: "Please sign in with the token first.",
    Notice.FOREIGN: "This request came from another site, so I did not carry it out.",
    Notice.NOT_FOUND: "There is nothing here.",
    Notice.METHOD: "That cannot be done here.",
    Notice.TOO_SLOW: "This request took too long to arrive. Please send it again.",
    Notice.TOO_LARGE: "This is larger than I can take. Please send less at once.",
    Notice.NOT_JSON: "I take JSON here, and this is something else.",
    Notice.WRONG_HOST: "I am not served under this name. The operator can set it as web.url.",
    Notice.TOO_MANY: "This was too much at once. Please try again in a moment.",
    Notice.INTERNAL: "Something went wrong on my side. Please try again.",
    Notice.UNAVAILABLE: "I cannot do this right now. Please try again in a moment.",
    Notice.LOGIN_TITLE: "Sign in",
    Notice.LOGIN_LABEL: "Token",
    Notice.LOGIN_BUTTON: "Continue",
    Notice.LOGIN_WRONG: "That is not the token.",
    Notice.LOGIN_SLOWLY: "Too many attempts. Please wait {seconds:second|seconds} and try again.",
}

CHINESE: dict[Notice, str] = {
    Notice.INVALID: "我无法读取这个请求。",
    Notice.SIGN_IN: "请先用令牌登录。",
    Notice.FOREIGN: "这个请求来自其他网站，因此没有执行。",
    Notice.NOT_FOUND: "这里什么都没有。",
    Notice.METHOD: "这里不能这样操作。",
    Notice.TOO_SLOW: "这个请求传输太慢。请重新发送。",
    Notice.TOO_LARGE: "内容太大，我无法接收。请减少一次发送的内容。",
    Notice.NOT_JSON: "这里只接收 JSON，而这不是。",
    Notice.WRONG_HOST: "我不在这个域名下提供服务。管理员可以把它设为 web.url。",
    Notice.TOO_MANY: "一次太多了。请稍后再试。",
    Notice.INTERNAL: "我这边出了点问题。请再试一次。",
    Notice.UNAVAILABLE: "现在无法完成。请稍后再试。",
    Notice.LOGIN_TITLE: "登录",
    Notice.LOGIN_LABEL: "令牌",
    Notice.LOGIN_BUTTON: "继续",
    Notice.LOGIN_WRONG: "令牌不正确。",
    Notice.LOGIN_SLOWLY: "尝试次数过多。请等待 {seconds} 秒后再试。",
}

LANGUAGES: dict[str, dict[Notice, str]] = {"en": ENGLISH, "zh": CHINESE}


def tell(notice: Notice, language: str, **values: object) -> str:
    """As `core.wording.say`."""
    return filled(spoken(LANGUAGES, language)[notice], values, language)
