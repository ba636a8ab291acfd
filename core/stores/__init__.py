"""Two backends, one contract suite."""
