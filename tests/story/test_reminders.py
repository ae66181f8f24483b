"""What waits is told, and to nobody who is away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.story.conftest import NewHouse, folded


def test_an_unanswered_report_is_told_at_once_but_not_to_who_is_away(new_house: NewHouse) -> None:
    house = new_house(policy={"acknowledge_within": "12s", "update_within": "12s"})
    case = house.report()
    until = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    case.say(house.bob, f"/away until {until}")
    assert "no reminders" in folded(case.hears(house.bob, "answer").text)
    told = case.hears(house.alice, "reminder", "nobody has answered")
    assert told.header("Reply-To") == case.copies["alice"].header("Reply-To")
    case.hears(house.carol, "reminder", "nobody has answered")
    # Silence for long is no emergency: the day's first digest, and of one case, so a reminder.
    case.hears(house.alice, "reminder", "should have heard from you")
    assert "bob (away until" in folded(case.settle().text)
    assert not case.heard(house.bob, "reminder")
    assert not case.heard(house.carol, "message", "away")
    after = house.now()
    case.say(house.bob, "/back")
    case.hears(house.bob, "reminder", "first answer", after=after)
