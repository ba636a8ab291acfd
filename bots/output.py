"""What the commands print."""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence
from itertools import zip_longest

from core.config_text import plain
from core.redaction import blotted

FULL = (errno.ENOSPC, errno.EDQUOT)
_LONGEST_CELL = 200


def put(text: str) -> None:
    """A line on standard output, at once."""
    if sys.stdout is not None:
        sys.stdout.write(f"{blotted(text)}\n")
        sys.stdout.flush()


def complain(problem: str) -> None:
    """One line on standard error, whatever is in it. Where it goes to a disk that is full it is lost: nobody who is being
    answered is to suffer for it."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(f"parlour: {' '.join(blotted(problem).split())}\n")
    except OSError as error:
        if error.errno not in FULL:
            raise


def columns(rows: Sequence[Sequence[str]]) -> str:
    """The rows with their cells one below the other, control characters escaped."""
    clean = [[plain(cell, _LONGEST_CELL) for cell in row] for row in rows]
    widths = [max(map(len, cells)) for cells in zip_longest(*clean, fillvalue="")]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)) for row in clean)
    return "\n".join(line.rstrip() for line in lines)
