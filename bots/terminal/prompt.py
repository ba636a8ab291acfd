"""A screen for people: a line editor with completion, answers that grow while they are written."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from prompt_toolkit import PromptSession
from prompt_toolkit.application import in_terminal
from prompt_toolkit.completion import Completer
from prompt_toolkit.formatted_text import ANSI
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.input.typeahead import store_typeahead
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import Output
from rich.console import Console

from bots.terminal.render import Drawn, plain
from bots.terminal.screen import Interrupt, Past
from bots.terminal.stream import LiveView, View
from core.ports import Clock
from core.wording import Sentence, say

PROMPT = ANSI("\x1b[1;36m❯\x1b[0m ")


@dataclass(frozen=True, slots=True)
class Device:
    """What is typed on and drawn on; without input and output it is the terminal that the process was started in."""

    console: Console
    input: Input | None = None
    output: Output | None = None


class PromptScreen:
    def __init__(self, device: Device, clock: Clock, completer: Completer, language: str) -> None:
        self._console = device.console
        self._clock = clock
        self._language = language
        self._kept = ""
        self._hinted = False
        self._history = InMemoryHistory()
        self._session: PromptSession[str] = PromptSession(
            PROMPT,
            completer=completer,
            history=self._history,
            key_bindings=_keys(),
            prompt_continuation="  ",
            input=device.input,
            output=device.output,
        )

    async def read(self) -> str | None:
        """Ctrl-C empties the line; at an empty line it says how to leave, and leaves the second time."""
        while True:
            kept, self._kept = self._kept, ""
            try:
                text = await self._session.prompt_async(default=kept)
            except EOFError:
                return None
            except KeyboardInterrupt:
                if self._interrupted():
                    return None
            else:
                self._hinted = False
                return text

    def _interrupted(self) -> bool:
        """Whether Ctrl-C at the prompt means to leave."""
        if self._session.default_buffer.text:
            return False
        leaves, self._hinted = self._hinted, True
        if not leaves:
            self.say(say(Sentence.TERMINAL_HINT, self._language))
        return leaves

    def say(self, text: str) -> None:
        self._console.print(plain(text, "yellow"))

    def keep(self, text: str) -> None:
        """It stands at the next prompt, ready to be sent again."""
        self._kept = text

    def greet(self, welcome: str, past: Past | None) -> bool:
        self.note(welcome)
        if past is not None:
            for question in past.questions:
                self._history.append_string(question)
            self.note(past.title)
            self._console.print(Drawn(past.answer))
            self._console.print()
        return past is not None

    def note(self, text: str) -> None:
        self._console.print(plain(text, "dim"))

    async def interject(self, title: str, text: str) -> None:
        """Above the prompt, which keeps what is typed so far."""
        async with in_terminal():
            self.note(title)
            self._console.print(Drawn(text))
            self._console.print()

    @asynccontextmanager
    async def answering(self, interrupt: Interrupt) -> AsyncIterator[View]:
        view = LiveView(self._console, self._clock, say(Sentence.TERMINAL_AGAIN, self._language))
        with self._listening(interrupt), view:
            yield view

    @contextmanager
    def _listening(self, interrupt: Interrupt) -> Iterator[None]:
        """Ctrl-C calls *interrupt*, as a key or as a signal; what else is typed waits for the next prompt."""
        keyboard = self._session.input
        loop = asyncio.get_running_loop()

        def typed() -> None:
            for press in keyboard.read_keys():
                if press.key == Keys.ControlC:
                    interrupt()
                elif press.key != Keys.CPRResponse:
                    store_typeahead(keyboard, [press])

        loop.add_signal_handler(signal.SIGINT, interrupt)
        try:
            with keyboard.raw_mode(), keyboard.attach(typed):
                yield
        finally:
            loop.remove_signal_handler(signal.SIGINT)


def _keys() -> KeyBindings:
    bindings = KeyBindings()

    @bindings.add("escape", "enter")
    def _newline(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return bindings
