"""What a script reads, and what somebody who watches it."""

from __future__ import annotations

import io

from bots.terminal.pipe import PipeScreen


async def test_a_number_in_line_is_for_who_watches_and_not_for_the_script() -> None:
    output, notes = io.StringIO(), io.StringIO()
    async with PipeScreen(0, output, notes, "en").answering(lambda: None) as view:
        view.wait("You are number 2 in line.")
        view.draft("Hel")
        view.finish("Hello.")
    assert (output.getvalue(), notes.getvalue()) == ("Hello.\n", "You are number 2 in line.\n")
