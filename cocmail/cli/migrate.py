"""`cocmail migrate`: bring the store to this version's schema.

Owns nothing but the words. Refuses to know the schema (adapters.store). Called by an operator
after an upgrade, with the daemon stopped.
"""

from __future__ import annotations

from cocmail import parts
from cocmail.adapters import store
from cocmail.cli import output


async def migrate() -> None:
    """Bring the store to this version's schema. Stop the daemon first, and keep a backup."""
    place = output.settings().store
    keys = store.load_keys(place.key_file)
    done = await store.migrate(
        place.url, keys=keys, clock=parts.SystemClock(), password_file=place.password_file
    )
    if output.call().json:
        output.say_json({"before": done.before, "after": done.after})
    elif done.before == done.after:
        output.say("The store has this version's schema already; nothing was done.")
    elif done.before is None:
        output.say(f"The store was empty; it now has schema {done.after}.")
    else:
        output.say(f"The store's schema was {done.before} and is now {done.after}.")
