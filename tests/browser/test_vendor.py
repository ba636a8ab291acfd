"""What the page uses of others is what their packages held, and comes with their licences."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from tests.support.tree import ROOT

FOLDER = ROOT / "bots" / "web" / "static" / "vendor"
WISHED = ROOT / "requirements" / "vendor" / "package.json"


def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / "manifest.json").read_text())
    return loaded


def test_every_file_is_as_it_was_bundled() -> None:
    files = {path.relative_to(FOLDER).as_posix(): path for path in FOLDER.rglob("*") if path.is_file()}
    files.pop("manifest.json")
    assert {name: sha256(path.read_bytes()).hexdigest() for name, path in files.items()} == manifest()["files"]


def test_every_package_comes_with_its_licence() -> None:
    packages = manifest()["packages"]
    assert {package["licence"] for package in packages} <= {"MIT", "BSD-2-Clause", "BSD-3-Clause"}
    assert all("opyright" in (FOLDER / package["file"]).read_text() for package in packages)


def test_the_versions_are_the_ones_asked_for() -> None:
    wished = json.loads(WISHED.read_text())["devDependencies"]
    bundled = {package["name"]: package["version"] for package in manifest()["packages"]}
    assert {name: version for name, version in wished.items() if name != "esbuild"}.items() <= bundled.items()
