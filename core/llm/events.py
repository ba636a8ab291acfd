"""Server-sent events out of bytes (WHATWG HTML, section 9.2: "Server-sent events")."""

from __future__ import annotations

from core.errors import ModelGarbled

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes without a line end after which a body is no stream of events. A chunk of an answer has a few hundred."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Event = tuple[bytes, bytes]
"""An event's name (mostly empty) and its data."""


class EventReader:
    """Splits a byte stream into events, wherever the pieces were cut, also inside a character."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._held = 0
        self._after_return = False
        self._name = b""
        self._data: list[bytes] = []
        self._begun = False

    def feed(self, data: bytes) -> list[Event]:
        """The events that *data* completes. Raises ModelGarbled for a line without end."""
        if self._after_return and data[:1] == b"\n":
            data = data[1:]
        self._after_return = data[-1:] == b"\r"
        if b"\n" not in data and b"\r" not in data:
            return self._hold(data)
        lines = (b"".join(self._pieces) + data).splitlines()
        self._pieces = []
        self._held = 0
        if data[-1:] not in {b"\n", b"\r"}:
            self._hold(lines.pop())
        return self._events(lines)

    def end(self) -> list[Event]:
        """What the stream's last, unfinished event holds: some servers leave out the line end."""
        return self._events([b"".join(self._pieces), b""])

    def _hold(self, data: bytes) -> list[Event]:
        self._pieces.append(data)
        self._held += len(data)
        if self._held > LONGEST_LINE:
            raise ModelGarbled("a line without end")
        return []

    def _events(self, lines: list[bytes]) -> list[Event]:
        events: list[Event] = []
        if not self._begun and lines:
            lines[0] = lines[0].removeprefix(_BYTE_ORDER_MARK)
            self._begun = True
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[5:])
            elif not line and self._data:
                events.append((self._name, b"\n".join(self._data).strip()))
                self._name, self._data = b"", []
            elif line.startswith(b"event:"):
                self._name = line[6:].strip()
        return events
