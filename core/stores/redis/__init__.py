"""The shared store: Redis or Valkey, alone, with Sentinel or as a Cluster."""
