"""The rules of the house, read from the source: who may import whom, who may know what, how long things may be."""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter
from statistics import median, quantiles

import pytest

from core import errors
from core.wording import LANGUAGES
from tests.support.tree import Module, is_within, length, modules

SOURCE = modules("core", "bots")
EVERYTHING = modules("core", "bots", "tests", "bench")

DOORS = {
    "openai": ("core/llm/openai.py",),
    "redis": ("core/stores/redis/",),
    "sqlite3": ("core/stores/sqlite/",),
    "cryptography": ("core/stores/sealing.py",),
    "discord": ("bots/discord/",),
    "telegram": ("bots/telegram/",),
    "starlette": ("bots/web/",),
    "uvicorn": ("bots/web/",),
    "itsdangerous": ("bots/web/",),
    "xllamacpp": ("core/llm/local_server.py",),
    "dotenv": ("core/config.py",),
    "platformdirs": ("core/config.py",),
    "prometheus_client": ("core/telemetry/metrics.py",),
    "opentelemetry": ("core/telemetry/",),
    "yaml": ("core/config_text.py", "core/config_syntax.py"),
    "prompt_toolkit": ("bots/terminal/",),
    "random": ("core/chance.py",),
    "secrets": ("core/chance.py",),
    "uuid": ("core/chance.py",),
    "time": ("core/clock.py", "core/chance.py"),  # an identifier begins with the time it was made
}
"""Which library is known where, and nowhere else."""

CALLS = {
    "asyncio.sleep": ("core/clock.py",),
    "asyncio.timeout": ("core/clock.py",),
    "asyncio.timeout_at": ("core/clock.py",),
    "asyncio.wait_for": ("core/clock.py",),
    "datetime.now": (),
    "datetime.utcnow": (),
    "os.environ": ("core/config.py",),
    "os.getenv": ("core/config.py",),
}

WIRED = ("core.stores", "core.llm", "core.telemetry")
"""Rooms that only wiring builds from; the others know them as Protocols."""

CONFIG = tuple(
    f"core.config_{part}"
    for part in (
        "access",
        "fields",
        "keys",
        "limits",
        "models",
        "moderation",
        "platforms",
        "problems",
        "text",
        "schema",
        "syntax",
        "telemetry",
    )
)
FLOORS = (
    ("core.wording", "core.wording_chinese", "core.wording_names"),
    ("core.wording_door", "core.wording_page"),
    (
        "core.domain",
        "core.domain_sharing",
        "core.domain_limits",
        "core.domain_moderation",
        "core.errors",
        "core.completions",
        "core.redaction",
    ),
    (
        "core.ports",
        "core.ports_people",
        "core.ports_sharing",
        "core.ports_limits",
        "core.ports_moderation",
        "core.tracing",
        "core.watching",
        "core.clock",
        "core.chance",
        "core.tasks",
        "core.config",
        *CONFIG,
    ),
    ("core.conversations", "core.inbox", "core.limits", "core.stores", "core.llm", "core.telemetry"),
    ("bots.shared", "bots.output", "bots.crashing"),
    ("bots.terminal", "bots.discord", "bots.telegram", "bots.web"),
    ("bots.wiring",),
    ("bots.serving",),
    ("bots.checking", "bots.listing", "bots.people"),
    ("bots.cli",),
    ("bots.__main__",),
)
"""From the ground up: a module imports from its own floor or from below."""


def _own_imports(module: Module) -> set[str]:
    known = {other.name for other in SOURCE}
    found = set()
    for name, _ in module.imports():
        parts = name.split(".")
        candidates = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
        found |= {next((candidate for candidate in candidates if candidate in known), "")}
    return found - {"", module.name}


def _floor(name: str) -> int | None:
    return next((level for level, rooms in enumerate(FLOORS) if any(is_within(name, room) for room in rooms)), None)


@pytest.mark.parametrize("library", DOORS)
def test_a_library_is_known_behind_its_door_only(library: str) -> None:
    outside = [
        f"{module.path}:{line}"
        for module in SOURCE
        for name, line in module.imports()
        if is_within(name, library) and not module.path.startswith(DOORS[library])
    ]
    assert not outside


@pytest.mark.parametrize("call", CALLS)
def test_time_sleep_and_environment_have_one_reader(call: str) -> None:
    outside = [
        f"{module.path}:{line}"
        for module in SOURCE
        for name, line in module.dotted_names()
        if name == call and module.path not in CALLS[call]
    ]
    assert not outside


def test_core_knows_no_platform() -> None:
    assert not [
        module.path for module in modules("core") if any(is_within(name, "bots") for name, _ in module.imports())
    ]


def test_imports_point_down() -> None:
    upwards = [
        f"{module.name} → {name}"
        for module in SOURCE
        for name in _own_imports(module)
        if (here := _floor(module.name)) is not None and (there := _floor(name)) is not None and there > here
    ]
    assert not upwards


def test_every_module_has_its_floor() -> None:
    packages = {"core", "bots"}
    assert not [module.name for module in SOURCE if module.name not in packages and _floor(module.name) is None]


def test_stores_models_and_logs_are_built_by_wiring_alone() -> None:
    strangers = [
        f"{module.name} → {name}"
        for module in SOURCE
        for name in _own_imports(module)
        for room in WIRED
        if is_within(name, room) and not is_within(module.name, room) and module.name != "bots.wiring"
    ]
    assert not strangers


def test_no_platform_knows_another() -> None:
    platforms = ("bots.terminal", "bots.discord", "bots.telegram", "bots.web")
    strangers = [
        f"{module.name} → {name}"
        for module in SOURCE
        for name in _own_imports(module)
        for home in platforms
        for other in platforms
        if home != other and is_within(module.name, home) and is_within(name, other)
    ]
    assert not strangers


def test_there_is_no_import_cycle() -> None:
    graph = {module.name: _own_imports(module) for module in SOURCE}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as cycle:
        pytest.fail(" → ".join(cycle.args[1]))


def test_own_code_is_imported_at_the_top() -> None:
    hidden = [
        f"{module.path}:{node.lineno}"
        for module in SOURCE
        for function in module.functions()
        for node in ast.walk(function)
        if (isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in {"core", "bots"})
        or (isinstance(node, ast.Import) and any(alias.name.split(".")[0] in {"core", "bots"} for alias in node.names))
    ]
    assert not hidden


def test_functions_are_short() -> None:
    lengths = {
        f"{module.path}:{function.name}": length(function) for module in SOURCE for function in module.functions()
    }
    assert not {name: lines for name, lines in lengths.items() if lines > 50}
    assert median(lengths.values()) <= 8
    assert quantiles(lengths.values(), n=100)[94] <= 30


def test_files_are_of_a_size_one_can_read() -> None:
    assert not [module.path for module in EVERYTHING if module.text.count("\n") > 400]


def test_functions_take_few_parameters() -> None:
    def many(arguments: ast.arguments) -> bool:
        named = [arg for arg in (*arguments.posonlyargs, *arguments.args) if arg.arg not in {"self", "cls"}]
        return len(named) + len(arguments.kwonlyargs) > 5

    crowded = [
        f"{module.path}:{function.name}" for module in SOURCE for function in module.functions() if many(function.args)
    ]
    assert not crowded


def test_only_the_outermost_loop_catches_everything() -> None:
    def is_broad(handler: ast.ExceptHandler) -> bool:
        names = {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)} if handler.type else set()
        return handler.type is None or bool(names & {"Exception", "BaseException"})

    broad = [
        module.path
        for module in SOURCE
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler) and is_broad(node)
    ]
    assert broad == ["core/inbox/worker.py"]


def test_every_exception_from_a_rule_gives_its_reason() -> None:
    mark = re.compile(r"# (?:noqa(?::[^#]*)?|type: ignore(?:\[[^]]*\])?)\s*(?P<reason>#\s*\w.*)?$")
    bare = [
        f"{module.path}:{number}"
        for module in EVERYTHING
        for number, line in enumerate(module.text.splitlines(), 1)
        if (found := mark.search(line)) and not found["reason"] and "re.compile" not in line
    ]
    assert not bare


def test_sentences_stand_in_wording_and_nowhere_else() -> None:
    """Of the rooms that users read from: what the operator reads on the command line stands with its command."""
    spoken = {text.strip() for table in LANGUAGES.values() for text in table.values()}
    chinese = re.compile(r"[\u4e00-\u9fff]")
    rooms = [module for module in SOURCE if not module.path.startswith("core/wording")]
    strays = [
        f"{module.path}:{node.lineno}"
        for module in rooms
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if (node.value.strip() in spoken - {""} and " " in node.value.strip()) or chinese.search(node.value)
    ]
    assert not strays


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    drawn: dict[str, str] = {}
    branch: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"^(?P<indent>[│├└─ ]*)(?P<name>[A-Z]\w+)\b", line)
        if found is None or line.startswith("What"):
            continue
        depth = len(found["indent"]) // 4
        drawn[found["name"]] = branch[depth - 1] if depth else "Exception"
        branch[depth:] = [found["name"]]
    classes = [item for item in vars(errors).values() if isinstance(item, type) and issubclass(item, Exception)]
    assert drawn == {item.__name__: item.__bases__[0].__name__ for item in classes}
