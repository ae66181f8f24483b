"""The pure core: values in, values out. No await, clock, randomness, file, socket or logger."""
