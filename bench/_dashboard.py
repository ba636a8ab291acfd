"""Draws `deploy/grafana-dashboard.json` as it looks after `bench._busy_day`: every panel's expressions are evaluated by a
real Prometheus; the drawing is ours and not Grafana's.

    python -m bench._pictures dashboard         takes six minutes and a prometheus
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from bench._busy_day import HOUR, Prometheus, watched_day
from tests.support.tree import ROOT

DASHBOARD = ROOT / "deploy/grafana-dashboard.json"
FILLED = {"$__rate_interval": "20s", "$platform": ".*", "$model": ".*"}
"""What Grafana puts into an expression. It chooses the interval itself, four times that of the scrapes at least."""
STEP = 2.0
"""Seconds between two points."""
COLUMNS = 24
"""Of Grafana's grid."""
CELL = (0.62, 0.29)
"""Inches of a grid's cell: width and height."""
UNITS = {
    "s": "{:g} s",
    "ops": "{:g}/s",
    "percentunit": "{:.0%}",
    "currencyUSD": "${:g}",
    "bytes": "{:.0f} MB",
    "short": "{:g}",
}
CAPTION = (
    "A day in six minutes: two processes, one Redis, 24 people. Hours of that day below each panel; rates are real ones.\n"
    "Each panel's expressions were evaluated by a real Prometheus and drawn by bench/_dashboard.py, not by Grafana."
)


@dataclass(frozen=True)
class Line:
    """hours and values: of its points."""

    legend: str
    hours: list[float]
    values: list[float]


async def draw_dashboard(file: Path) -> None:
    with TemporaryDirectory() as folder:
        async with watched_day(Path(folder)) as prometheus:
            dashboard = json.loads(DASHBOARD.read_text())
            lines = {panel["id"]: await lines_of(panel, prometheus) for panel in dashboard["panels"]}
    picture(dashboard["panels"], lines).savefig(file, dpi=100, pil_kwargs={"quality": 82})


async def lines_of(panel: dict[str, Any], prometheus: Prometheus) -> list[Line]:
    return [
        line(each, target["legendFormat"], prometheus.began)
        for target in panel.get("targets", [])
        for each in await prometheus.series(filled(target["expr"]), STEP)
    ]


def filled(expression: str) -> str:
    for name, value in FILLED.items():
        expression = expression.replace(name, value)
    return expression


def line(series: dict[str, Any], legend: str, began: float) -> Line:
    named = re.sub(r"{{(\w+)}}", lambda found: str(series["metric"].get(found[1], "")), legend)
    points = [(float(at), float(value)) for at, value in series["values"]]
    return Line(named, [(at - began) / HOUR for at, _ in points], [value for _, value in points])


def picture(panels: list[dict[str, Any]], lines: dict[int, list[Line]]) -> Figure:
    mpl.rcParams.update({"font.size": 7.5, "font.family": "DejaVu Sans"})
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels) + 2
    figure = Figure(figsize=(COLUMNS * CELL[0], rows * CELL[1]), facecolor="#f4f5f5")
    for panel in panels:
        place = panel["gridPos"]
        left, top = place["x"] / COLUMNS, 1 - place["y"] / rows
        if panel["type"] == "row":
            figure.text(left + 0.008, top - 0.75 / rows, panel["title"], weight="bold", fontsize=9.5)
            continue
        width, height = place["w"] / COLUMNS, place["h"] / rows
        box = (left + 0.035, top - height + 2.1 / rows, width - 0.045, height - 3.1 / rows)
        draw(figure.add_axes(box), panel, lines[panel["id"]])
    figure.text(0.008, 0.5 / rows, CAPTION, color="#555555", fontsize=8)
    return figure


def draw(axes: Axes, panel: dict[str, Any], lines: list[Line]) -> None:
    unit = panel["fieldConfig"]["defaults"]["unit"]
    scale = 1e6 if unit == "bytes" else 1.0
    for each in lines:
        values = [value / scale for value in each.values]
        (drawn,) = axes.plot(each.hours, values, linewidth=1, label=each.legend)
        axes.fill_between(each.hours, values, alpha=0.08, color=drawn.get_color(), linewidth=0)
    axes.set_title(panel["title"], loc="left", fontsize=8.5)
    axes.set_xlim(0, 24)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MultipleLocator(3))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda hour, _: f"{hour:.0f}:00" if hour < 24 else ""))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: UNITS[unit].format(value)))
    axes.grid(color="#e3e4e5", linewidth=0.6)
    axes.tick_params(length=0, colors="#555555")
    for side in axes.spines.values():
        side.set_visible(False)
    if lines:
        axes.legend(
            loc="upper left",
            bbox_to_anchor=(-0.01, -0.12),
            ncols=panel["gridPos"]["w"] // 3,
            frameon=False,
            fontsize=6.5,
        )
