"""Parlour's core: knows no platform and no vendor."""
