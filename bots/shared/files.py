"""New files: whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

ANYBODY = 0o666
"""Whoever the process' umask lets."""


def create(file: Path, content: bytes, mode: int = ANYBODY) -> None:
    """Writes *content* into *file*. Raises FileExistsError where there is one, and OSError, which names it and leaves no half
    of it."""
    opened = os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb")
    try:
        with opened:
            opened.write(content)
    except OSError as problem:
        file.unlink()  # it is of use to nobody, and would be in the way of the next try
        raise OSError(problem.errno, problem.strerror, str(file)) from problem
