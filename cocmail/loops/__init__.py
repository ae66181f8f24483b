"""The loops that carry: each knows the ports and the core, and nothing of the world outside."""
