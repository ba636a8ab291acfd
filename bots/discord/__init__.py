"""Discord: servers, threads and direct messages."""
