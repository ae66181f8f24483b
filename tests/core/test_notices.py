"""Subjects that programs write, and what people write with the same words."""

from __future__ import annotations

import pytest

from cocmail.core.mail import Mail, read


def found(subject: str, sender: str = "a@x.example") -> tuple[bool, bool]:
    one = read(f"From: {sender}\nSubject: {subject}\n\nx".encode())
    assert isinstance(one, Mail)
    return bool(one.automatic), one.doubtful


@pytest.mark.parametrize(
    "subject",
    [
        "Vacation Re: COC-7F3KQ2", "Abwesend: COC-7F3KQ2", "OOO: Your report", "Frånvaro: x",
        "Anna Muster/EXAMPLE/DE ist außer Haus.", "Anna Muster/EXAMPLE is out of the office.",
        "Fravær: x", "Fraværende", "Nieobecny", "Отпуск", "休暇中", "Afwezigheidsbericht",
        "x (Auto Reply)", "Re: Report (out of office)", "Re: x [Automatic reply]",
        "Hors du bureau : x", "Abwesenheitsmeldung", "Poissa: x", "В отпуске: x", "不在のお知らせ",
        "Benachrichtigung zum Übermittlungsstatus (Fehlgeschlagen)",
        "Notificación de estado de entrega (Fallo)", "Échec de la remise", "Mancato recapito",
        "E-Mail-Zustellung fehlgeschlagen", "Échec de la remise : x", "Entrega fallida",
        "Сообщение не доставлено", "系统退信", "Falha na entrega da mensagem",
    ],
)  # fmt: skip
def test_what_a_program_writes_is_a_machine_s_and_shown(subject: str) -> None:
    assert found(subject) == (True, True)


@pytest.mark.parametrize(
    "local",
    ["nicht-antworten", "ne-pas-repondre", "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e",
     "vacation", "no-responder", "nao-responda"],
)  # fmt: skip
def test_an_address_that_nobody_reads_is_a_machine_s(local: str) -> None:
    assert found("Hello", f"{local}@x.example") == (True, True)


@pytest.mark.parametrize(
    "subject",
    [
        "Out of office party harassment", "Out of office party: he touched me", "OOO party photos",
        "Vacation", "Vacation: he followed me there", "Vacation rental scam by a member",
        "Vacation re-posted without consent", "My vacation was ruined by Bob",
        "He was abwesend at the meeting", "Moderator war abwesend: niemand half",
        "Abwesend war nur der Täter", "Abwesende werden verspottet", "Ich war abwesend",
        "Außer Haus hat er mich belästigt", "Er ist außer Haus gefährlich",
        "Bob is out of the office and follows me", "She is out of office for a reason",
        "He was rude (at the office)", "Harassment at a party (out of office)",
        "Re: harassment (again)", "Reply (auto) of the bot insults people",
        "The bot's auto reply is a slur", "His automatic reply insults women",
        "Frånvarande moderatorer", "Frånvaro av moderering", "Fraværende moderator",
        "Fravær av svar fra komiteen", "Nieobecny moderator i obelgi", "Nieobecność moderatora",
        "Отпуск с угрозами", "Отпускает оскорбления в чате", "休暇中に彼に脅された",
        "不在の管理者について", "休假中他骚扰我", "退信里有辱骂", "Afwezige moderatoren",
        "Poissa tolaltani", "Échec de la remise en ordre du salon", "Échec de la modération",
        "Mancato recapito di scuse da parte sua", "Mancato rispetto", "Mancata risposta",
        "Zustellung fehlgeschlagen war seine Ausrede", "Nachricht mit Drohung",
        "Notification de harcèlement", "Notificación de acoso", "Benachrichtigung über Belästigung",
        "Error de moderación", "Entrega fallida y luego insultos", "Absence de modération",
        "En congés il m'a écrit", "Ausente el moderador", "Niet op kantoor lastiggevallen",
        "a/b testing of slurs", "He/him is out of line", "docs/conduct is out of date",
    ],
)  # fmt: skip
def test_what_a_frightened_person_writes_is_a_report(subject: str) -> None:
    assert found(subject) == (False, False)


def test_an_address_that_only_resembles_one_is_a_person_s() -> None:
    for local in ("vacationer", "microsoftexchange", "antworten", "vacation.bob", "repondre"):
        assert found("Hello", f"{local}@x.example") == (False, False)
