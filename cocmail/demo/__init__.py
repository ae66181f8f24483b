"""The demo: the whole story on real servers in a scratch folder, told and checked.

Owns the story. Knows the daemon only from outside, as docs/interface.md has it: its configuration,
its mail and its `--json`. Called by `cocmail demo` alone.
"""
