"""Claim, hold, answer, finish: the worker and its leases."""
