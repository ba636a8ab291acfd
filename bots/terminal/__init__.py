"""The terminal: a conversation in a shell, or over a pipe."""
