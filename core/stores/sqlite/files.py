"""Where an SQLite store lies, and making it there."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote

from core.errors import ConfigError
from core.stores.sqlite.problems import file_problem

_OWNER_ONLY_FILE = 0o600
_OWNER_ONLY_DIRECTORY = 0o700


def file_of(url: str) -> Path:
    """Raises ConfigError for an address of another kind."""
    name = unquote(url.removeprefix("sqlite:///"))
    if not url.startswith("sqlite:///") or not name.strip() or "\0" in name:
        raise ConfigError("store: an SQLite file is written sqlite:///relative/file.db or sqlite:////absolute/file.db")
    return Path(name)


def create_file(file: Path) -> None:
    """With its directory, if they are not there. Their owner alone can read them. Raises StoreError."""
    try:
        file.parent.mkdir(mode=_OWNER_ONLY_DIRECTORY, parents=True, exist_ok=True)
    except OSError as error:
        raise file_problem(error, "create the directory", file.parent) from error
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY_FILE))
    except OSError as error:
        raise file_problem(error, "open the store", file) from error
