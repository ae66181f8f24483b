"""A member's answer as large providers sign it, with the h= that the corpora show (tests/corpora/
providers.py): whether a command in it runs at once, or is asked about and runs by /confirm.
"""

from __future__ import annotations

import pytest

from tests.attacks.kit import Post
from tests.attacks.signer import key, sign

GOOGLE = "mime-version:to:message-id:date:from:subject:references:in-reply-to"
MICROSOFT = "from:date:subject:message-id:content-type:mime-version"
APPLE = "to:from:subject:date:message-id:content-type:mime-version"
YAHOO = "date:from:to:subject:from:subject"
YANDEX = "from:to:subject:date"
MAIL_RU = "content-type:message-id:reply-to:date:mime-version:subject:to:from"

ANSWERS = "In-Reply-To: <a@example.org>\r\nReferences: <a@example.org>\r\n"
ALTERNATIVE = 'multipart/alternative; boundary="000000000000b1"'
TWO_FORMS = (
    '--000000000000b1\nContent-Type: text/plain; charset="UTF-8"\n\n/approve\n\n> your ballot\n'
    '--000000000000b1\nContent-Type: text/html; charset="UTF-8"\n\n<div>/approve</div>\n'
    "--000000000000b1--"
)


@pytest.mark.parametrize(
    ("signed", "more", "became"),
    [
        (GOOGLE, ANSWERS, "ran"),
        (MICROSOFT, ANSWERS, "asked"),  # To is open
        (APPLE, ANSWERS, "asked"),  # In-Reply-To is open
        (APPLE, "", "ran"),
        (YAHOO, ANSWERS, "asked"),  # Message-ID is open
        (YANDEX, ANSWERS, "asked"),
        (MAIL_RU, ANSWERS, "asked"),
        (MAIL_RU, "", "ran"),
    ],
    ids=[
        "google",
        "microsoft",
        "apple",
        "apple-anew",
        "yahoo",
        "yandex",
        "mail.ru",
        "mail.ru-anew",
    ],
)
def test_an_answer_as_a_provider_signs_it(signed: str, more: str, became: str) -> None:
    post = Post()
    mail = post.written(TWO_FORMS, content_type=ALTERNATIVE, more=more)
    fields = [name for name in signed.split(":") if f"\r\n{name}:" in mail.decode().lower()]
    fields += ["from"] if "from" not in fields else []
    assert post.arrives(sign(mail, key("bob"), "bob.example", fields=fields)) == became
    assert post.votes() == ({"bob": "approve"} if became == "ran" else {})
    if became == "asked":
        asked = post.letter("member:bob", "confirmation")
        (about,) = post.found.held
        to = post.room.address(post.case, "member:bob", "confirm", about)
        assert asked.to == "bob@bob.example"
        confirm = post.written("/confirm", to=to, more=more)
        assert post.arrives(sign(confirm, key("bob"), "bob.example", fields=fields)) == "ran"
        assert post.votes() == {"bob": "approve"}
