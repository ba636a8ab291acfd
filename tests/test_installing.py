"""The ways to install it: what can run here runs, the others are read as what reads them would."""

from __future__ import annotations

import ast
import asyncio
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import pytest
import yaml

from bots.cli import make_parser
from core.config import InboxConfig, parse_config
from tests.support.completions import KEY, CompletionsServer, answer
from tests.support.installed import ROOMS, build_wheel, install, serving
from tests.support.programs import run
from tests.support.tree import ROOT

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
KUBERNETES = yaml.safe_load((ROOT / "deploy/kubernetes.yaml").read_text())["items"]
SCHEMAS = json.loads((ROOT / "tests/support/kubernetes/schemas.json").read_text())
UNIT = (ROOT / "deploy/parlour.service").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
DRAIN = InboxConfig().drain
IN_CLUSTER = next(item for item in KUBERNETES if item["kind"] == "ConfigMap")["data"]["config.yaml"]
LEAVE = parse_config(IN_CLUSTER, {}).web.leave or 0.0


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def parlour(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(wheel, tmp_path_factory.mktemp("installed") / "venv")


def test_the_wheel_holds_all_of_it_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        packed = {name for name in opened.namelist() if ".dist-info/" not in name}
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*") if file.is_file()]
    assert packed == {file.relative_to(ROOT).as_posix() for file in files if "__pycache__" not in file.parts}


async def test_an_installed_one_answers_in_any_folder_and_remembers_in_another(parlour: Path, tmp_path: Path) -> None:
    async with CompletionsServer() as model:
        model.plan(answer("Nice to meet you, Ada!"), answer("Your name is Ada."))
        given = {"HOME": str(tmp_path), "OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": model.url}
        for folder, question, expected in (
            ("here", "My name is Ada.", "Nice to meet you, Ada!"),
            ("there", "What is my name?", "Your name is Ada."),
        ):
            (tmp_path / folder).mkdir()
            said = await run(parlour, "chat", folder=tmp_path / folder, given=f"{question}\n", **given)
            assert (said.code, said.out) == (0, f"{expected}\n"), said.err
        assert "My name is Ada." in [message["content"] for message in model.bodies[1]["messages"]]
    assert not list((tmp_path / "here").iterdir())


async def test_an_installed_one_serves_the_page_and_the_image_sees_that_it_is_well(
    parlour: Path, tmp_path: Path
) -> None:
    async with serving(parlour, "run", folder=tmp_path) as port, httpx2.AsyncClient() as browser:
        await all_of_the_page(browser, f"http://127.0.0.1:{port}")
        well = await run(sys.executable, *health_check(), folder=tmp_path, PORT=str(port))
        assert well.code == 0, well.err
    gone = await run(sys.executable, *health_check(), folder=tmp_path, PORT=str(port))
    assert gone.code == 1


async def test_the_zip_for_azure_serves_the_page(tmp_path: Path) -> None:
    archive = tmp_path / "parlour.zip"
    made = await run("make", "azure-zip", f"ZIP={archive}", folder=ROOT)
    assert made.code == 0, made.err
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(tmp_path / "site")
    assert not list((tmp_path / "site").rglob("__pycache__"))
    requirements = (tmp_path / "site" / "requirements.txt").read_text().splitlines()[-1]
    assert (tmp_path / "site" / requirements.removeprefix("-r ")).is_file()
    command = (sys.executable, *startup("docs/install.md").split()[1:])
    async with serving(*command, folder=tmp_path / "site") as port, httpx2.AsyncClient() as browser:
        await all_of_the_page(browser, f"http://127.0.0.1:{port}")


def startup(document: str) -> str:
    """The command that Azure is told to start."""
    found = re.search(r'--startup-file "(python -m bots [^"]+)"', (ROOT / document).read_text())
    assert found
    return found[1]


async def all_of_the_page(browser: httpx2.AsyncClient, url: str) -> None:
    page = await browser.get(url)
    assert page.status_code == 200, page.text
    parts = [part for part in re.findall(r'(?:href|src)="([^"]+\.(?:js|css|svg))"', page.text) if ":" not in part]
    assert parts
    answers = await asyncio.gather(*(browser.get(f"{url}/{part.lstrip('/')}") for part in parts))
    assert {each.status_code for each in answers} == {200}


def health_check() -> list[str]:
    found = re.search(r"^HEALTHCHECK .*?CMD (\[.*?\])$", DOCKERFILE, re.MULTILINE | re.DOTALL)
    assert found
    words: list[str] = ast.literal_eval(found[1])
    assert words[0] == "python"
    return words[1:]


def test_the_image_is_built_of_files_that_reach_it() -> None:
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = re.findall(r"^COPY (?!--from)(\S+) \S+$", DOCKERFILE, re.MULTILINE)
    assert copied
    assert {name.split("/")[0] for name in kept} == set(copied)
    assert all((ROOT / name).exists() for name in kept)


def test_the_image_serves_as_nobody_who_owns_its_files() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert "\nUSER 10001:10001\n" in last
    assert "--owner=10001" in last
    assert not re.findall(r"^COPY .*--chown", last, re.MULTILINE)


def test_compose_is_what_its_schema_says() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("resource", KUBERNETES, ids=lambda item: f"{item['kind']} {item['metadata']['name']}")
def test_a_manifest_is_what_its_schema_says(resource: dict[str, Any]) -> None:
    """Strictly: a key that Kubernetes does not know is refused."""
    jsonschema.validate(resource, {**SCHEMAS, "$ref": f"#/$defs/{resource['kind']}"})


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [item for item in KUBERNETES if item["kind"] == kind]


def pods() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """What runs, and the one container in it."""
    for item in [*of_kind("Deployment"), *of_kind("StatefulSet")]:
        pod = item["spec"]["template"]["spec"]
        yield item, pod["containers"][0]


def test_manifests_select_what_there_is() -> None:
    labels = [item["spec"]["template"]["metadata"]["labels"] for item, _ in pods()]
    budgets = [item["spec"]["selector"]["matchLabels"] for item in of_kind("PodDisruptionBudget")]
    wanted = budgets + [item["spec"]["selector"] for item in of_kind("Service")]
    assert all(any(each.items() <= label.items() for label in labels) for each in wanted)
    names = {item["metadata"]["name"] for item in of_kind("Deployment")}
    assert {item["metadata"]["name"] for item in of_kind("PodDisruptionBudget")} == names


def test_nobody_in_the_cluster_is_root_or_writes_to_an_image() -> None:
    for item, container in pods():
        assert item["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_the_configuration_of_the_cluster_can_be_read() -> None:
    assert (
        parse_config(IN_CLUSTER, {"REDIS_URL": "redis://parlour-redis:6379/0"}).store == "redis://parlour-redis:6379/0"
    )


def test_running_answers_get_their_time_wherever_it_is_told_to_end() -> None:
    for item in of_kind("Deployment"):
        pod = item["spec"]["template"]["spec"]
        waits = LEAVE + DRAIN if item["metadata"]["name"] == "parlour-web" else 0.0
        assert pod["terminationGracePeriodSeconds"] > waits + DRAIN
        assert item["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    ours = [service for service in COMPOSE["services"].values() if service["image"] == "parlour"]
    assert len(ours) == 2
    assert all(int(service["stop_grace_period"].removesuffix("s")) > DRAIN for service in ours)
    assert int(setting("TimeoutStopSec").removesuffix("s")) > DRAIN


def test_a_server_that_ends_answers_until_its_probe_has_failed() -> None:
    (probe,) = (container["readinessProbe"] for item, container in pods() if item["metadata"]["name"] == "parlour-web")
    assert probe["httpGet"]["path"] == "/readyz"
    assert probe["periodSeconds"] * probe["failureThreshold"] < LEAVE


def setting(name: str) -> str:
    """Of the unit for systemd."""
    found = re.search(rf"^{name}=(.*)$", UNIT, re.MULTILINE)
    assert found
    return found[1]


def test_every_way_starts_a_command_that_exists() -> None:
    started = [service["command"] for service in COMPOSE["services"].values() if service["image"] == "parlour"]
    started += [container["args"] for item, container in pods() if item["kind"] == "Deployment"]
    started += [shlex.split(setting("ExecStart"))[1:], json.loads(DOCKERFILE.splitlines()[-1].removeprefix("CMD "))]
    for words in started:
        assert make_parser().parse_args(words).platforms == words[1:]


def test_redis_forgets_nothing_where_it_comes_along() -> None:
    redis = next(container for item, container in pods() if item["kind"] == "StatefulSet")
    for words in (COMPOSE["services"]["redis"]["command"], redis["args"]):
        said = " ".join(words)
        assert "--appendonly yes" in said
        assert "--maxmemory-policy noeviction" in said


def test_systemd_understands_the_unit_and_calls_it_safe(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze here")
    file = tmp_path / "parlour.service"
    file.write_text(UNIT.replace(setting("ExecStart").split()[0], sys.executable))
    for command in (["verify"], ["security", "--offline=true", "--threshold=20"]):  # tenths: 2.0 of 10
        done = subprocess.run(["systemd-analyze", *command, file], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr


def test_uv_leaves_out_what_the_lock_leaves_out() -> None:
    lines = (ROOT / "requirements/overrides.txt").read_text().splitlines()[1:]
    assert lines == tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["override-dependencies"]
