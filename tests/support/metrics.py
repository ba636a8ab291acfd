"""Reading what Prometheus would read."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from core.watching import Exposition


def sample(exposition: Exposition, name: str, **labels: str) -> float | None:
    """The value of that name with exactly these labels; None where there is none."""
    families = text_string_to_metric_families(exposition.body.decode())
    found = (sample for family in families for sample in family.samples)
    return next((each.value for each in found if each.name == name and each.labels == labels), None)
