"""The lowering: pure functions from network to network."""
