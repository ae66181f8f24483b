"""Run by Mailman's own Python, on Mailman's own model: what the plugin does in there.

Owns the changes that are tried, one transaction each. Knows nothing of cocmail, which isn't there.
Called by test_plugin_trial.py: `python plugin_trial.py WHAT ARGUMENTS`; prints JSON.
"""

import json
import re
import sys
from datetime import datetime
from pathlib import Path

from mailman.config import config
from mailman.core.initialize import initialize


def changes(configuration):
    """For each change whether the plugin was to tell of it."""
    initialize(configuration)
    from mailman.handlers.after_delivery import AfterDelivery
    from mailman.interfaces.action import Action
    from mailman.interfaces.bans import IBanManager
    from mailman.interfaces.domain import IDomainManager
    from mailman.interfaces.listmanager import IListManager
    from mailman.interfaces.mailinglist import SubscriptionPolicy
    from mailman.interfaces.member import DeliveryStatus, MemberRole
    from mailman.interfaces.usermanager import IUserManager
    from zope.component import getUtility

    domain = getUtility(IDomainManager).add("lists.test")
    lists, users = getUtility(IListManager), getUtility(IUserManager)
    here, other = lists.create("a@lists.test"), lists.create("b@lists.test")
    here.post_id = 1
    mal, zoe = users.create_user("mal@people.test"), users.create_user("zoe@people.test")
    first, second = mal.addresses[0], users.create_address("mal2@people.test")
    mal.link(second)
    for address in (first, second):
        address.verified_on = datetime(2026, 1, 1)
    mal.preferred_address = first
    member, owner = here.subscribe(first), here.subscribe(zoe.addresses[0], MemberRole.owner)
    config.db.commit()

    class Ear:
        knows_of_some = False
        heard = 0

        def changed(self, held):
            self.heard += 1

    ear = config.plugins["cocmail_mailman"]._teller = Ear()
    told = {}

    def tried(what, change):
        before = ear.heard
        change()
        config.db.commit()
        told[what] = ear.heard > before

    def put(row, **values):
        def change():
            for name, value in values.items():
                setattr(row, name, value)

        return change

    bans = IBanManager(here)
    tried("a post is delivered", lambda: AfterDelivery().process(here, None, {}))
    tried("a post bounces", put(member, bounce_score=2, last_bounce_received=datetime(2026, 1, 2)))
    tried("a warning", put(member, total_warnings_sent=1, last_warning_sent=datetime(2026, 1, 2)))
    tried("bounces stop mail", put(member.preferences, delivery_status=DeliveryStatus.by_bounces))
    tried("a digest", put(here, volume=2, digest_last_sent_at=datetime(2026, 1, 2)))
    tried("a policy", put(here, subscription_policy=SubscriptionPolicy.moderate))
    tried("a domain's words", put(domain, description="the lists"))
    tried("a name", put(mal, display_name="M."))
    tried("a name of an address", put(first, display_name="M."))
    tried("the same action again", put(member, moderation_action=member.moderation_action))

    tried("a moderation action", put(member, moderation_action=Action.accept))
    tried("no moderation action", put(member, moderation_action=None))
    tried("a role", put(owner, role=MemberRole.moderator))
    tried("an entry's address", put(member, address=second))
    tried("a preferred address", put(mal, preferred_address=second))
    tried("an address is let go", lambda: mal.unlink(first))
    tried("an address is another's", lambda: zoe.link(first))
    tried("a ban", lambda: bans.ban("eve@people.test"))
    tried("an end of a ban", lambda: bans.unban("eve@people.test"))
    tried("a new address", lambda: users.create_address("eve@people.test"))
    tried("a subscription", lambda: other.subscribe(second))
    tried("an unsubscription", lambda: other.members.get_member(second.email).unsubscribe())
    tried("a new list", lambda: lists.create("c@lists.test"))
    tried("an end of a list", lambda: lists.delete(other))
    tried("a list of another name", put(here, list_name="d"))
    return told


def answers(port, nobody_s, key, *whom):
    """Whether somebody is held after an answer, when that is old, and when no more come."""
    from cocmail_mailman.plugin import BELIEVE_FOR, Teller

    def held():
        return teller.holds([address], where)

    address, where = whom
    teller = Teller("127.0.0.1", int(port), key.encode())
    teller._tell(60)
    found = {"now": held()}
    teller._believed -= BELIEVE_FOR + 1
    found["old"] = held()
    teller._tell(60)
    found["again"] = held()
    teller._port = int(nobody_s)
    teller._tell(60)
    return found | {"away": held()}


def begins(configuration, section, *urls):
    """Why the plugin would not tell at each of these; "": it would."""
    initialize(configuration)
    plugin = config.plugins["cocmail_mailman"]
    section = Path(section)
    text = section.read_text()
    said = {}
    for url in urls:
        section.write_text(re.sub("(?m)^url:.*", f"url: {url}", text))
        try:
            plugin._configured()
            said[url] = ""
        except ValueError as wrong:
            said[url] = str(wrong)
    return said


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
