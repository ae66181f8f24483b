"""The calls that change a Mailman list: one step of a plan at a time.

Owns how each act is done so that it may be repeated, stays silent (no welcome, no goodbye), and
leaves nothing else changed: Mailman verifies an address, or sets a user's language, as it goes.
Refuses to know why, and to believe that it worked. Called by adapters.mailman in its threads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from cocmail.adapters.mailman_connection import Answered, MailmanConnection, has_path, quoted
from cocmail.core.enforcement import Act, Role, Row, Step
from cocmail.core.errors import Temporary
from cocmail.core.people import Address

_MOST_DUPLICATES = 20  # of one ban, made by a race; measured: 3
_NOT_PREFERENCES = ("self_link", "http_etag")


class MailmanChanges:
    def __init__(self, connection: MailmanConnection) -> None:
        self._connection = connection
        self.missed_a_list = False  # one that was to be changed is gone

    def apply(self, step: Step, list_id: str) -> bool:
        """As ports.Lists.apply. A list or row that is gone by now is no error: the next
        observation will tell."""
        with _gone_is_done():
            match step.act:
                case Act.BAN:
                    made = [self._ban(text, list_id) for text in step.bans]
                    for text in step.former:
                        self._unban(text, list_id)
                    return all(made[:1])  # what else was refused is seen to be missing
                case Act.UNBAN:
                    for text in step.bans:
                        self._unban(text, list_id)
                case Act.TAKE_OFF:
                    self._take_off(step, list_id)
                case Act.MODERATE:
                    for row in step.rows:
                        self._moderate(row.member_id, row.action)
                case Act.PUT_BACK:
                    return self._put_back(step, list_id)
                case Act.PREFER:
                    for row in step.rows:
                        path = f"users/{quoted(row.user)}/preferences"
                        self._set_preferences(path, row.preferences or {})
        return True

    def preferences(self, member_id: str) -> Mapping[str, object] | None:
        """What is explicitly set for this row alone; None: there is no such row any more."""
        return self._read_preferences(f"members/{quoted(member_id)}/preferences")

    def own_preferences(self, user: str) -> Mapping[str, object] | None:
        """What is explicitly set for all of a user's lists; None: there is no such user."""
        return self._read_preferences(f"users/{quoted(user)}/preferences")

    def discard_requests(self, list_id: str, addresses: Collection[Address]) -> None:
        """Silently, unlike a rejection."""
        path = f"lists/{quoted(list_id)}/requests"
        for entry in self._waiting(path, "email", addresses):
            self._settle(f"{path}/{quoted(entry['token'])}")

    def discard_held(self, list_id: str, addresses: Collection[Address]) -> int:
        """How many. On SQLite Mailman gives a settled post's number to the next one, so each is
        looked at once more before it goes, and all are looked for when they have gone."""
        path = f"lists/{quoted(list_id)}/held"
        fields = ("request_id", "sender", "message_id")
        found = self._waiting(path, "sender", addresses, fields=fields)
        for entry in found:
            one = f"{path}/{entry['request_id']}"
            with _gone_is_done():
                if self._connection.get(one).get("message_id") == entry["message_id"]:
                    self._settle(one)
        if found and self._waiting(path, "sender", addresses, fields=fields):
            raise Temporary("a held post does not go away")
        return len(found)

    def _waiting(
        self, path: str, whose: str, addresses: Collection[Address], **more: Any
    ) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = []
        with _gone_is_done():
            entries = self._connection.entries(path, **more)
        return [e for e in entries if Address(str(e.get(whose, ""))).is_among(addresses)]

    def _settle(self, path: str) -> None:
        with _gone_is_done():  # somebody else was quicker
            self._connection.post(path, action="discard")

    # -- bans ----------------------------------------------------------------------------------

    def _ban(self, text: str, list_id: str) -> bool:
        try:
            self._connection.post(_bans(list_id), email=text)
        except Answered as answer:
            if answer.status == 400 and answer.says("already banned"):
                return False
            raise
        return True

    def _unban(self, text: str, list_id: str) -> None:
        """A race leaves duplicates, of which each DELETE takes one; and a DELETE answers 204
        without effect where only a pattern or a wider ban covers the address."""
        path = f"{_bans(list_id)}/{quoted(text)}"
        for _ in range(_MOST_DUPLICATES):
            with _gone_is_done():
                self._connection.delete(path)
                self._connection.get(path)
                if any(e["email"] == text for e in self._connection.entries(_bans(list_id))):
                    continue
            return
        raise Temporary("a ban does not go away")

    # -- rosters -------------------------------------------------------------------------------

    def _take_off(self, step: Step, list_id: str) -> None:
        if step.role is Role.MEMBER:
            # At once, whatever the list's policy, without a goodbye; as user and as address.
            self._connection.delete(
                f"lists/{quoted(list_id)}/roster/member", emails=[str(step.address)]
            )
            return
        for row in step.rows:  # not /roster/owner, which takes the membership too
            self._connection.delete(f"members/{quoted(row.member_id)}")

    def _moderate(self, member_id: str, action: str | None) -> None:
        self._connection.patch(f"members/{quoted(member_id)}", moderation_action=action or "")

    def _put_back(self, step: Step, list_id: str) -> bool:
        there = self._once(step, list_id)
        missing = [row for row in step.rows if row.mode not in there]
        for row in missing:
            if not self._subscribe(row, list_id):
                return False
        if missing:
            there = {str(one["subscription_mode"]): one for one in self._found(step, list_id)}
        # Mailman has no path for one with a "/": it stays verified.
        if not all(row.verified for row in step.rows) and has_path(step.address):
            self._connection.post(f"addresses/{quoted(step.address)}/unverify")
        for row in step.rows:
            entry = there.get(row.mode)
            if entry is None:
                continue
            member_id = str(entry["member_id"])
            wanted = dict(row.preferences or {})
            path = f"members/{quoted(member_id)}/preferences"
            if self.preferences(member_id) != wanted:
                self._set_preferences(path, wanted)
            if entry.get("moderation_action") != row.action:
                self._moderate(member_id, row.action)
        return True

    def _once(self, step: Step, list_id: str) -> dict[str, dict[str, Any]]:
        """The rows of a place by their mode. Mailman looks whether somebody is there before it
        puts them there: asked twice at one time, as after an answer that came too late, it does
        so twice. Then none is left to stand."""
        entries = self._found(step, list_id)
        there = {str(entry["subscription_mode"]): entry for entry in entries}
        if len(there) == len(entries):
            return there
        if step.role is Role.MEMBER:
            self._take_off(step, list_id)
        else:
            for entry in entries:
                self._connection.delete(f"members/{quoted(str(entry['member_id']))}")
        return {}

    def _found(self, step: Step, list_id: str) -> list[dict[str, Any]]:
        entries = self._connection.find(
            subscriber=str(step.address), list_id=list_id, role=str(step.role)
        )
        return [entry for entry in entries if entry["email"].lower() == step.address]

    def _subscribe(self, row: Row, list_id: str) -> bool:
        """False where a ban forbids it."""
        user = self._user(row)
        subscriber = str(row.address)
        whose = row.user or user
        if row.mode == "as_user" and user == whose and self._preferred(user) == row.address:
            subscriber = user
        fields: dict[str, Any] = {
            "list_id": list_id,
            "subscriber": subscriber,
            "role": str(row.role),
        }
        if row.role is Role.MEMBER:
            fields |= dict.fromkeys(("pre_verified", "pre_confirmed", "pre_approved"), True)
            fields["send_welcome_message"] = False
        try:
            self._connection.post("members", **fields)
        except Answered as answer:
            if answer.says("banned"):
                return False
            if answer.says("no such list"):  # with 400, unlike all else that is gone
                self.missed_a_list = True
                return True
            if answer.says("pending"):  # a request of theirs stands in the way of their return
                self.discard_requests(list_id, [row.address])
                self._connection.post("members", **fields)
            elif not answer.says("already"):
                raise
        return True

    def _user(self, row: Row) -> str:
        """The id of whose the address is now; of one that has no path we can only ask whether it
        is whose it was."""
        with _gone_is_done():
            if has_path(row.address):
                record = self._connection.get(f"addresses/{quoted(row.address)}", "email")
                return str(record.get("user", "")).rpartition("/")[2]
            if row.user:
                found = self._connection.entries(f"users/{quoted(row.user)}/addresses")
                if any(entry["email"].lower() == row.address for entry in found):
                    return row.user
        return ""

    def _preferred(self, user: str) -> Address | None:
        try:
            record = self._connection.get(f"users/{quoted(user)}/preferred_address", "email")
        except Answered as answer:
            if answer.status == 404:
                return None
            raise
        return Address(record["email"])

    def _read_preferences(self, path: str) -> Mapping[str, object] | None:
        try:
            found = self._connection.get(path, *_NOT_PREFERENCES)
        except Answered as answer:
            if answer.status == 404:
                return None
            raise
        return {name: value for name, value in found.items() if name not in _NOT_PREFERENCES}

    def _set_preferences(self, path: str, wanted: Mapping[str, object]) -> None:
        self._connection.delete(path)  # a PATCH can set, but never unset
        if wanted:
            self._connection.patch(path, **wanted)


@contextmanager
def _gone_is_done() -> Iterator[None]:
    """A list, an entry, a request that is gone by now is no error."""
    try:
        yield
    except Answered as answer:
        if answer.status != 404:
            raise


def _bans(list_id: str) -> str:
    return f"lists/{quoted(list_id)}/bans" if list_id else "bans"
