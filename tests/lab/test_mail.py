"""What a correspondent writes is soundly signed, and the sink keeps what it is sent."""

import smtplib
import threading
from email import message_from_bytes

import dkim
import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest

from cocmail.lab.correspondent import Attachment, Correspondent, key_of_domain
from cocmail.lab.dns import Dns, Mode
from cocmail.lab.sink import Sink
from cocmail.lab.waiting import NotInTime

ALICE = Correspondent("alice@example.org", "Alice Ünal", dkim_key=key_of_domain("example.org"))


def txt(server: Dns, name: str) -> bytes | None:
    query = dns.message.make_query(name, "TXT")
    answer, _ = dns.query.udp_with_fallback(query, "127.0.0.1", 30, server.port)
    for record in answer.answer:
        return b"".join(record[0].strings)
    return None


def verifies(server: Dns, mail: bytes) -> bool:
    def lookup(name: bytes, timeout: int = 5) -> bytes | None:
        return txt(server, name.decode())

    return bool(dkim.verify(mail, dnsfunc=lookup))


def test_a_signature_verifies_until_the_mail_is_changed() -> None:
    with Dns() as server:
        ALICE.publish(server)
        mail = ALICE.write("conduct+x@example.org", "Gruß", "ägain", html="<p>ägain</p>")
        assert verifies(server, mail)
        assert not verifies(server, mail.replace(b"conduct+x@", b"conduct+y@"))
        server.withdraw("mail._domainkey.example.org")
        assert not verifies(server, mail)


def test_an_answer_threads_quotes_and_goes_to_reply_to() -> None:
    first = ALICE.write(
        "conduct@example.org", "Help", "a\nb", headers={"Reply-To": "r@example.org"}
    )
    answer = message_from_bytes(ALICE.answer(first, "/approve"))
    assert answer["To"] == "r@example.org"
    assert answer["Subject"] == "Re: Help"
    assert answer["In-Reply-To"] == message_from_bytes(first)["Message-ID"]
    assert "in-reply-to" in answer["DKIM-Signature"]
    body = answer.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert body.startswith(b"/approve\r\n\r\nOn ")
    assert b"> a\r\n> b\r\n" in body


def test_unsigned_mail_and_attachments() -> None:
    note = Attachment(name="note.txt", content=b"hi", kind="text/plain")
    mail = ALICE.write("conduct@example.org", "x", "y", sign=False, attachments=[note])
    assert b"DKIM-Signature" not in mail
    assert b'filename="note.txt"' in mail


def test_dns_can_fail_and_be_silent() -> None:
    query = dns.message.make_query("nobody.example.org", "TXT")
    with Dns() as server:
        for mode, code in ((Mode.ANSWER, dns.rcode.NXDOMAIN), (Mode.SERVFAIL, dns.rcode.SERVFAIL)):
            server.mode = mode
            assert dns.query.udp(query, "127.0.0.1", 30, server.port).rcode() == code
            assert dns.query.tcp(query, "127.0.0.1", 30, server.port).rcode() == code
        server.mode = Mode.SILENT
        with pytest.raises(dns.exception.Timeout):
            dns.query.udp(query, "127.0.0.1", 0.2, server.port)


def test_the_sink_waits_refuses_and_goes_down() -> None:
    mail = ALICE.write("bob@example.net", "x", "y")
    with Sink() as sink:

        def send(recipient: str) -> None:
            with smtplib.SMTP("127.0.0.1", sink.port, timeout=60) as smtp:
                smtp.sendmail("alice@example.org", [recipient], mail)

        late = threading.Timer(0.1, send, ["bob@example.net"])
        late.start()
        caught = sink.wait_for(lambda one: one.is_for("BOB@example.net"), 60)
        late.join()
        assert caught.sender == "alice@example.org"
        assert caught.data == mail
        assert caught.header("Subject") == "x"
        sink.refusals["bob@example.net"] = "450 4.2.0 later"
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            send("bob@example.net")
        sink.refusals.clear()
        sink.after_data = "554 5.6.0 no"
        with pytest.raises(smtplib.SMTPDataError):
            send("bob@example.net")
        sink.after_data = None
        sink.stop()
        with pytest.raises(OSError):
            send("bob@example.net")
        sink.start()
        send("carol@example.net")
        assert len(sink.messages) == 2
        with pytest.raises(NotInTime, match="dave's mail"):
            sink.wait_for(lambda one: one.is_for("dave@example.net"), 0.05, what="dave's mail")


def test_a_sink_with_a_password_wants_it() -> None:
    with Sink(username="conduct", password="secret") as sink:
        with smtplib.SMTP("127.0.0.1", sink.port, timeout=60) as smtp:
            with pytest.raises(smtplib.SMTPSenderRefused):
                smtp.sendmail("a@example.org", ["b@example.org"], b"Subject: x\r\n\r\n")
            with pytest.raises(smtplib.SMTPAuthenticationError):
                smtp.login("conduct", "wrong")
            smtp.login("conduct", "secret")
            smtp.sendmail("a@example.org", ["b@example.org"], b"Subject: x\r\n\r\n")
        assert len(sink.messages) == 1
