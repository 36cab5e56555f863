"""Models: the networks, by name."""
