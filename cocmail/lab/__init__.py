"""Real servers on free loopback ports in a scratch folder, for the demo and the tests.

Owns how each is configured, started, waited for and stopped. Knows nothing of cocmail: the daemon
is driven from outside, and these are what it talks to. Each is synchronous and a context manager.
Called by `cocmail.demo` and by tests; the import contracts keep everybody else out.

A server dies with the thread that started it, so start servers from a main thread.
"""
