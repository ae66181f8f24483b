"""What bans a place, whose that is, and whether it bars who would come back there.

Owns the bans: ours come with a sanction and go with it, those of others stay. Refuses to know
what stands on a roster. Asked wider before narrower, and the bare address before its tags.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from cocmail.core.coverage import Facts, Reach
from cocmail.core.enforcement import (
    STILL_OFF,
    Act,
    Ban,
    Place,
    Word,
    ban_text,
    former_texts,
    tags_text,
)
from cocmail.core.people import Address
from cocmail.core.planning.sheet import Sheet
from cocmail.core.proof import BAN_STAYS, PATTERN_STAYS

_At = tuple[str | None, Address]


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What bans one place."""

    ban: Ban
    ours: bool
    tags_theirs: bool  # by somebody who bans as we do
    wider: bool | None  # what bans more than this bans it too: by ours, by others', or None

    @property
    def effective(self) -> bool:
        return bool(self.ban.exact or self.ban.pattern)

    @property
    def former(self) -> tuple[str, ...]:
        return self.ban.former if self.ours else ()


@dataclass(kw_only=True)
class Bans:
    """Those of one site, as they will be."""

    sheet: Sheet
    banned: dict[_At, bool] = field(default_factory=dict)  # True: by ours
    freed: set[_At] = field(default_factory=set)  # whose tags may come back
    left: set[_At] = field(default_factory=set)  # by ours that cover the list no longer

    def __post_init__(self) -> None:
        self.site = self.sheet.site
        self.seen = {(ban.list, ban.address): ban for ban in self.site.observed.bans}

    def settle(self, place: Place) -> None:
        at = (place.list, place.address)
        claims = [
            reach
            for reach in self.site.in_force(place)
            if reach.keeps_off and reach.covers(place) and reach.everywhere is (place.list is None)
        ]
        leaving = self.site.ended(place)
        found = self._found(place)
        ban, ours = found.ban, found.ours
        if claims:
            self._claim(place, claims, found)
        kept = not claims and any(r.records[place] is None for r in self.site.keepers(place))
        stays = bool(ours and ban.exact and (kept or (leaving and not self.sheet.gives_back)))
        if claims or stays or ban.pattern or (ban.exact and not (ours and leaving)):
            self.banned[at] = bool(claims or (stays and ban.tags))
        if kept and ban.exact:
            self.left.add(at)
        if leaving and not (claims or kept):
            self._free(place, leaving, found)
        elif leaving:
            self.sheet.outlasted[place] = STILL_OFF

    def _found(self, place: Place) -> _Found:
        at = (place.list, place.address)
        ban = self.seen.get(at) or Ban(list=place.list, address=place.address)
        recorded = [reach.records[place] for reach in self.site.recorded(place)]
        ours = None in recorded
        if not ours and any(text in ban.former for text in former_texts(place.address)[:1]):
            ban = replace(ban, pattern=True)
        tags_theirs = bool(ban.exact and ban.tags)
        if recorded:
            tags_theirs = not ours and any(facts and facts.get("tags") for facts in recorded)
        return _Found(ban=ban, ours=ours, tags_theirs=tags_theirs, wider=self._wider(place))

    def _claim(self, place: Place, claims: list[Reach], found: _Found) -> None:
        ban, wider, effective = found.ban, found.wider, found.effective
        base: Facts = None
        if effective and not found.ours:
            base = {"exact": bool(ban.exact), "pattern": ban.pattern, "tags": found.tags_theirs}
        missing = []
        if not effective and wider is None:
            missing.append(ban_text(place.address))
        above = self.seen.get((None, place.address)) if wider is False else None
        stay = above is not None and above.tags and (None, place.address) not in self.freed
        tagged = ban.tags or found.tags_theirs or wider or stay
        if not tagged:
            missing.append(tags_text(place.address))
        if missing or found.former:
            banned = effective or wider is not None or found.former
            now = Word.BANNED if banned else Word.ABSENT
            self.sheet.step(
                Act.BAN, place, now, Word.BANNED, claims, bans=missing, former=found.former
            )
        for reach in claims:
            if place not in reach.records or (not effective and reach.records[place] is not None):
                self.sheet.note(reach, place, base)

    def _free(self, place: Place, leaving: list[Reach], found: _Found) -> None:
        ban, ours = found.ban, found.ours
        bare, tags = ban_text(place.address), tags_text(place.address)
        leftover = [bare] * bool(ours and ban.exact)
        leftover += [tags] * bool(ban.tags and not found.tags_theirs)
        leftover += found.former
        if tags in leftover and self.sheet.gives_back:
            self.freed.add((place.list, place.address))
        if leftover:
            others = ban.pattern or found.wider is not None or (ban.exact and not ours)
            then = Word.BANNED if others else Word.ABSENT
            now = Word.BANNED if bare in leftover or found.former else then
            self.sheet.step(Act.UNBAN, place, now, then, leaving, bans=leftover)
        if ban.pattern and not (ours and ban.exact):
            self.sheet.texts[place] = PATTERN_STAYS
        elif (ban.exact and not ours) or found.wider is False:
            self.sheet.texts[place] = BAN_STAYS
        elif found.wider:
            self.sheet.outlasted[place] = STILL_OFF

    def _wider(self, place: Place) -> bool | None:
        """A ban of ours takes in every plus-tag."""
        levels = (None,) if place.list is None else (None, place.list)
        bare = place.address.untagged
        if bare != place.address and any(self.banned.get((level, bare)) for level in levels):
            return True
        return None if place.list is None else self.banned.get((None, place.address))

    def over(self, place: Place) -> bool | None:
        """Whether a ban bars this place when all steps are done: by ours, by others', or None."""
        found = []
        for level in (None, place.list):
            for address in dict.fromkeys((place.address, place.address.untagged)):
                by_ours = self.banned.get((level, address))
                ban = self.seen.get((level, address))
                tagged = ban is not None and ban.tags and (level, address) not in self.freed
                tags = address == place.address or by_ours or tagged
                if by_ours is not None and tags:
                    found.append(by_ours or (level, address) in self.left)
        return any(found) if found else None
