"""The only rooms where a third-party client or a database appears."""
