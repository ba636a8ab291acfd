"""The tests; `stories` reads as the description of the service."""
