"""Two languages over real servers: each hears in their own, and what was voted on leaves."""

from __future__ import annotations

from typing import Any

Stage = Any  # conftest's House, Case, Person

OWN = """\
Subject: [{{ reference }}] Ein Brief von {{ community }}

Guten Tag. Wir haben Sie ausgeschlossen, und zwar
{% if seconds %}für {{ seconds | span }}{% else %}bis zum {{ until | when }}{% endif %}.

{{ reason }}

Die Eintragungen folgen. Mit freundlichem Gruß
"""


def inside(ballot: str) -> str:
    """The letter that a ballot shows, between its lines."""
    return " ".join(ballot.split("=" * 40)[1].split())


def test_each_hears_in_their_own_language(new_house: Stage) -> None:
    house = new_house(started=False, community={"language": "de", "templates": "letters"})
    text = house.configuration.read_text()
    for member in (house.alice, house.carol):
        theirs = f'addresses = ["{member.address}"]'
        text = text.replace(theirs, f'{theirs}\nlanguage = "en"')
    house.configuration.write_text(text)
    own = house.directory / "letters/de"
    own.mkdir(parents=True)
    (own / "letter-suspend.txt").write_text(OWN)
    house.start()

    reporter = house.somebody("Rae Rivera")
    after = house.now()
    headers = {"Content-Language": "en-GB"}
    house.post(reporter.write(house.address, "Help", "A teal xylophone.", headers=headers))
    acknowledgement = house.mail(reporter, "acknowledgement", after=after)
    assert "The conduct committee of Example Community" in acknowledgement.text

    case = house.report()
    assert "Das Komitee für den Verhaltenskodex" in case.acknowledgement.text
    assert "Eine Meldung ist eingegangen" in case.copies["bob"].text
    assert "A report has come in" in case.copies["carol"].text

    mallory = house.somebody("Mallory Moss")
    house.lists.join("announce", mallory.address)
    ballots = case.propose(f"/sanction suspend {mallory.address} for 90 days because es reicht")
    assert "Nötig sind 2 Stimmen dafür" in ballots["bob"].text
    assert "2 approvals of 3 who may vote" in " ".join(ballots["carol"].text.split())
    shown = {inside(ballot.text) for ballot in ballots.values()}
    assert len(shown) == 1, "the letter has one language, whoever reads the ballot"
    case.vote(ballots, house.alice, house.carol)
    letter = house.mail(mallory, "letter")
    assert " ".join(letter.text.split()) == shown.pop()
    assert "und zwar für 90 Tage" in " ".join(letter.text.split())
    assert "Ein Brief von Example Community" in letter.header("Subject")
    outcome = house.mail(case.reporter, "outcome")
    assert "hat eine Maßnahme beschlossen" in " ".join(outcome.text.split())
    assert house.call("check").stdout.count("letters: in de, en; 1 of your own")
