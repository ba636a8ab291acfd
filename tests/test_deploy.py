"""Dashboard and alerts: every expression is one, and asks for what a process really tells."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from core.domain import InboxDepth, Usage
from core.telemetry.metrics import Metrics
from core.watching import Checked, Ending, Phase, Subject
from tests.support.tree import ROOT

DASHBOARD = json.loads((ROOT / "deploy/grafana-dashboard.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
RULES = [
    rule for group in yaml.safe_load((ROOT / "deploy/alerts.yml").read_text())["groups"] for rule in group["rules"]
]
SCRAPED = frozenset({"instance", "job"})
"""Labels that Prometheus adds to everything it reads."""
FILLED = {"$__rate_interval": "5m", "$platform": ".*", "$model": ".*"}
"""What Grafana puts into an expression."""


def told() -> dict[str, frozenset[str]]:
    """Names and labels of everything that a process tells once it has seen everything happen."""
    metrics = Metrics()
    metrics.waited("web", Phase.QUEUED, 1.0)
    metrics.ended("web", Ending.ANSWERED)
    metrics.failed("ModelBusy")
    metrics.asked("alpha", Usage(prompt=2, completion=1, cost=1))
    metrics.asked_again("alpha", "ModelBusy")
    metrics.penalised("discord", 1.0)
    metrics.refused("discord")
    metrics.opened("streams", 1)
    metrics.served("telegram", on=True)
    metrics.lined_up("openai", 1, 1)
    metrics.moderated(Subject.QUESTION, Checked.PASSED, 0.1)
    page = metrics.exposition(InboxDepth(1, 1, 1, 0.0), 1.0)
    known = {"up": SCRAPED}
    for family in text_string_to_metric_families(page.body.decode()):
        for sample in family.samples:
            known[sample.name] = known.get(sample.name, SCRAPED) | frozenset(sample.labels)
    return known


KNOWN = told()


def parts_of(expression: str) -> list[Any]:
    """The nodes of its syntax tree. Raises ValueError for what is none."""
    for name, value in FILLED.items():
        expression = expression.replace(name, value)
    nodes: list[Any] = []
    promql_parser.walk(promql_parser.parse(expression), nodes.append)
    return nodes


def selectors(expression: str) -> Iterator[Any]:
    for node in parts_of(expression):
        if isinstance(node, promql_parser.MatrixSelector):
            yield node.vector_selector
        elif isinstance(node, promql_parser.VectorSelector):
            yield node


def groupings(expression: str) -> Iterator[frozenset[str]]:
    """The labels that each aggregation keeps, the outermost first."""
    for node in parts_of(expression):
        if isinstance(node, promql_parser.AggregateExpr):
            yield frozenset(node.modifier.labels if node.modifier else ())


def expressions() -> dict[str, str]:
    drawn = {f"{panel['title']} {target['refId']}": target["expr"] for panel in PANELS for target in panel["targets"]}
    return drawn | {rule["alert"]: rule["expr"] for rule in RULES}


@pytest.mark.parametrize("name", expressions())
def test_an_expression_asks_for_what_is_told(name: str) -> None:
    expression = expressions()[name]
    asked = list(selectors(expression))
    assert asked
    for selector in asked:
        labels = {matcher.name for matcher in selector.matchers.matchers}
        assert labels <= KNOWN[selector.name], selector.name
    told_labels = frozenset().union(*(KNOWN[selector.name] for selector in asked))
    assert all(labels <= told_labels for labels in groupings(expression))


def test_everything_that_is_told_is_drawn() -> None:
    drawn = {selector.name for panel in PANELS for target in panel["targets"] for selector in selectors(target["expr"])}
    parlours = {
        name for name in KNOWN if name.startswith("parlour_") and not name.endswith(("_created", "_sum", "_count"))
    }
    assert parlours <= drawn


def test_panels_say_what_they_show_in_which_unit() -> None:
    assert all(panel["description"] and panel["fieldConfig"]["defaults"]["unit"] for panel in PANELS)
    legends = [target["legendFormat"] for panel in PANELS for target in panel["targets"]]
    fields = {field for legend in legends for field in re.findall(r"{{(\w+)}}", legend)}
    assert fields <= frozenset().union(*KNOWN.values())


def test_panels_stand_side_by_side() -> None:
    def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
        across = one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
        return across and one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"]

    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    assert not [pair for pair in combinations(places, 2) if overlap(*pair)]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(places)


def test_alerts_call_when_they_should_and_not_before() -> None:
    promtool = shutil.which("promtool") or shutil.which(ROOT / ".venv/bin/promtool")
    if promtool is None:
        pytest.skip("there is no promtool: requirements/promtool.sh fetches one")
    ran = subprocess.run(
        [promtool, "test", "rules", ROOT / "tests/alerts.yaml"], check=False, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_alert_is_seen_to_call() -> None:
    played = yaml.safe_load((ROOT / "tests/alerts.yaml").read_text())["tests"]
    expected = [look for play in played for look in play["alert_rule_test"] if look["exp_alerts"]]
    assert {look["alertname"] for look in expected} == {rule["alert"] for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_an_alert_says_what_is_wrong_and_how_urgent_it_is(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["description"]
    assert any(isinstance(node, promql_parser.BinaryExpr) for node in parts_of(rule["expr"]))
    used = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["description"]))
    assert used <= next(groupings(rule["expr"]), SCRAPED)
