"""The project's own source as syntax trees, for the tests of the house rules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """path: from the root, with slashes. name: as it is imported."""

    path: str
    name: str
    text: str
    tree: ast.Module

    def imports(self) -> Iterator[tuple[str, int]]:
        """Every module this one imports, wherever in the file, with its line."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)

    def functions(self) -> Iterator[Function]:
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    def dotted_names(self) -> Iterator[tuple[str, int]]:
        """``asyncio.sleep`` and the like, as they are written."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                yield f"{node.value.id}.{node.attr}", node.lineno


@cache
def modules(*rooms: str) -> tuple[Module, ...]:
    """The modules of these folders, such as ``core`` and ``bots``."""
    files = sorted(file for room in rooms for file in (ROOT / room).rglob("*.py"))
    return tuple(_read(file) for file in files)


def _read(file: Path) -> Module:
    path = file.relative_to(ROOT).as_posix()
    name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    text = file.read_text()
    return Module(path, name, text, ast.parse(text))


def is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def length(function: Function) -> int:
    """Lines from its name to its end, its docstring left out."""
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and len(function.body) > 1
    skipped = (first.end_lineno or first.lineno) - first.lineno + 1 if documented else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - skipped
