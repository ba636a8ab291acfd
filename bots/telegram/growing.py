"""Markdown that is still being written: what is half there is completed as it will be, so that no sign of markup is seen
for a moment as if it were text.

It is a guess, and only for the time of writing: where it is wrong, the last version of a message shows what was written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bots.shared.split import fenced_lines
from bots.telegram.markup import balanced, is_formula

_BLOCK = re.compile(r"\n[ \t>]*\n|\n(?=[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t])|(?<=\n)(?=[ \t>]*#{1,6} )")
"""Where the last lines begin at the latest: markup within a line reaches no further back."""
_ONLY_SIGNS = re.compile(r"(?:\A|(?<=\n))[ \t>]*(?:[-=+*_#~:|]+|`{1,2})[ \t]*\Z")
"""A last line that may become a rule, a heading, an item, a fence."""
_CUT_FENCE = re.compile(r"\n[ \t>]*(?:`{1,2}|~{1,2})\Z")
_TABLE = re.compile(r"(?:\A|(?<=\n))(?P<head>[ \t>]*\|(?!\|)[^\n]*)(?P<more>(?:\n[ \t>]*\|[^\n]*)*)\n?\Z")
_BARRED = re.compile(r"(?<!\\)\|")
_TOKEN = re.compile(
    r"(?P<formula>\$\$|\\[(\[]|(?<![\w$])\$(?=[^\s\d$]))|\\.|(?P<ticks>`+)|(?P<run>\*+|_+|~~|\|\|)", re.DOTALL
)
_CLOSED_BY = {"$$": "$$", "\\(": "\\)", "\\[": "\\]", "$": "$"}
_HALF_LINK = re.compile(r"!?\[(?P<text>(?:[^\[\]\\]|\\.|\[[^\[\]]*\]){0,300})(?:\](?:\((?:[^)\n]*))?)?\Z")
_HALF_SIGN = re.compile(r"(?:!?\[|!|\\|&#?\w{0,8}|~|\||<(?=https?:[^\s<>]*\Z))\Z|<(?=https?:[^\s<>]*\Z)")
_CUT_COMMAND = re.compile(r"(?:\\[A-Za-z]*|[\^_])\Z")


def completed(markdown: str) -> str:
    """*markdown* as it will look when what was begun is finished."""
    *_, (_, _, fence) = [("", None, None), *fenced_lines(markdown)]
    if fence is not None:
        return _CUT_FENCE.sub("", markdown)
    markdown = _ONLY_SIGNS.sub("", markdown)
    begins = max((found.end() for found in _BLOCK.finditer(markdown)), default=0)
    tail = markdown[begins:]
    if table := _TABLE.search(tail):
        return markdown if "\n" in table["more"][1:] else markdown[: begins + table.start()] + _with_rule(table["head"])
    return markdown[:begins] + _Tail(tail).completed()


def _with_rule(head: str) -> str:
    """The first line of a table with all that makes it one."""
    columns = len(_BARRED.findall(head.rstrip().removesuffix("|")))
    indent = head[: head.index("|")]
    return f"{head}\n{indent}{'|-' * max(1, columns)}|"


@dataclass(slots=True)
class _Tail:
    """The last lines, read from left to right. open: the signs that wait for their like. clear: up to where all is
    code, formula or otherwise done with."""

    text: str
    open: list[str] = field(default_factory=list)
    clear: int = 0

    def completed(self) -> str:
        place = 0
        while token := _TOKEN.search(self.text, place):
            place = token.end()
            if token["run"]:
                self._emphasis(token)
            elif token["ticks"] or token["formula"]:
                end = self._end_of(token)
                if end is None:
                    return self.text[: token.start()] + self._cut(token) + self._closers()
                place = self.clear = end
        return self.text[: self.clear] + _without_half(self.text[self.clear :]) + self._closers()

    def _end_of(self, token: re.Match[str]) -> int | None:
        """Where what *token* begins ends; None where that is not written yet."""
        if token["ticks"]:
            closing = re.compile(rf"(?<!`){token['ticks']}(?!`)").search(self.text, token.end())
            return closing.end() if closing else None
        closed_by = _CLOSED_BY[token["formula"]]
        end = self.text.find(closed_by, token.end())
        if end >= 0:
            return end + len(closed_by)
        return None if is_formula(self.text[token.end() :]) else token.end()

    def _cut(self, token: re.Match[str]) -> str:
        """Code or a formula without its end."""
        rest = self.text[token.end() :]
        if token["ticks"]:
            rest = rest.rstrip("`")
            return token["ticks"] + rest + token["ticks"] if rest.strip() else ""
        formula = _CUT_COMMAND.sub("", rest.rstrip("$\\")).strip()
        mark = "$" if token["formula"] in {"$", "\\("} else "$$"
        return mark + balanced(formula) + mark if formula else ""

    def _emphasis(self, token: re.Match[str]) -> None:
        run, (begins, ends) = token["run"], self._flanks(token)
        if ends:
            run = self._closing(run)
        if token.end() == len(self.text):
            self.text = self.text[: len(self.text) - len(run)]
        elif run and begins:
            self.open.append(run)

    def _closing(self, run: str) -> str:
        """What is left of *run* when it has closed what it can."""
        while run and any(mark[0] == run[0] for mark in self.open):
            while self.open[-1][0] != run[0]:
                self.open.pop()
            mark = self.open.pop()
            if len(mark) > len(run):
                self.open.append(mark[len(run) :])
            run = run[len(mark) :]
        return run

    def _flanks(self, token: re.Match[str]) -> tuple[bool, bool]:
        """Whether a run of signs can begin emphasis, and whether it can end it."""
        before, after = self.text[: token.start()][-1:], self.text[token.end() :][:1]
        begins, ends = bool(after.strip()), bool(before.strip())
        if token["run"][0] == "_" or (before + after).isascii():
            begins, ends = begins and not before.isalnum(), ends and not after.isalnum()
        return begins, ends

    def _closers(self) -> str:
        return "".join(reversed(self.open))


def _without_half(text: str) -> str:
    """*text* without the signs of a link that is not whole."""
    text = _HALF_SIGN.sub("", text)
    return _HALF_LINK.sub(lambda found: found["text"], text)
