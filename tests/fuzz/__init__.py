"""Whatever bytes arrive: what must hold of each reader of ours, and what looks for bytes for which
it doesn't."""
