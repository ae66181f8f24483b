"""Every bad thing gets its line and key, all of them at once; no message repeats a value."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from cocmail.config import NOT_YET, ConfigurationError, Settings, find, load, parse, warnings
from cocmail.config.sample import sample, settings

PLACE = Path("/etc/cocmail/cocmail.toml")
SAMPLE = sample()


def good(text: str = SAMPLE) -> Settings:
    return parse(text, PLACE)


def bad(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        parse(text, PLACE)
    return caught.value.lines


def swap(old: str, new: str) -> str:
    assert old in SAMPLE
    return SAMPLE.replace(old, new, 1)


def test_the_sample_loads_and_holds_the_defaults() -> None:
    found = good()
    assert found.policy.interim_for == timedelta(hours=72)
    assert found.imap
    assert found.imap.password_file == Path("/etc/cocmail/imap.password")
    assert found.store.sqlite == Path("/etc/cocmail/cocmail.db")
    assert found.unused() == ()


def test_a_sample_with_every_setting_taken_in_loads_too() -> None:
    everything = re.sub(r"(?m)^#(?=[a-z\[])", "", SAMPLE)
    everything = everything.replace('password_file = "database.password"\n', "")
    everything = re.sub(r"(?m)^token_(file|command) = .*\n", "", everything)
    found = good(everything)
    assert found.signing
    assert found.signing.selector == "cocmail"
    assert found.lmtp
    assert found.lmtp.endpoint == ("127.0.0.1", 8024)
    assert found.groups.keys() == {"sig-node"}
    # Set to what does nothing, these are not worth a line.
    assert set(found.unused()) == {
        f"[{one.table}] {one.key}" for one in NOT_YET if one.harmless in (None, False)
    } - {"[policy] counsel_after"}


@pytest.mark.parametrize("setting", list(settings()), ids=lambda one: f"{one.table} {one.key}")
def test_every_setting_refuses_a_value_of_the_wrong_kind(setting: object) -> None:
    from cocmail.config.sample import Setting

    assert isinstance(setting, Setting)
    if setting.key == "groups":
        text = swap("#sig-node = [", "sig-node = 1979-05-27 #")
    else:
        text = re.sub(
            rf"(?ms)^(#?)({re.escape(setting.table)}\n.*?^)#?{setting.key} = [^\n]*",
            rf"\g<2>{setting.key} = 1979-05-27",
            SAMPLE,
            count=1,
        )
    lines = bad(text)
    number = text[: text.index("1979")].count("\n") + 1
    assert any(
        line.startswith(f"{PLACE}:{number}: {setting.table} {setting.key}") for line in lines
    )


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ("approvals = 2", "approvals = 0", "[policy] approvals", "at least 1"),
        ("approvals = 2", 'approvals = "2"', "[policy] approvals", "without quotes"),
        ("approvals = 2", "aprovals = 2", "[policy] aprovals", "did you mean approvals?"),
        ("[policy]", "[polcy]", "[polcy]", "did you mean policy?"),
        ("port = 993", "port = 0", "[imap] port", "at least 1"),
        ("port = 993", "port = 65536", "[imap] port", "at most 65535"),
        ('security = "tls"', 'security = "ssl"', "[imap] security", '"tls", "starttls" or "none"'),
        ('archive = "Filed"', 'archive = "INBOX"', "[imap] archive", "another mailbox"),
        ('archive_keep = "14d"', 'archive_keep = "soon"', "[imap] archive_keep", '"forever"'),
        ('junk = ""', 'junk = "Filed"', "[imap] junk", "another mailbox"),
        ('#password_file = "submission', 'password_file = "', "[submission]", "go together"),
        ('password_file = "imap.', 'password = "', "[imap] password", "password_file"),
        ('"7d"', '"7 months"', "[policy] voting_period", "90 days"),
        ('"7d"', '"0s"', "[policy] voting_period", "at least 1s"),
        ('"7d"', '"9999999w"', "[policy] voting_period", "hundred years"),
        (
            'permanent = "majority"',
            'permanent = "most"',
            "[policy] approvals_permanent",
            '"two-thirds"',
        ),
        ('delimiter = "+"', 'delimiter = "++"', "[community] delimiter", "one character"),
        ('delimiter = "+"', 'delimiter = "d"', "[community] delimiter", "one character"),
        ('"conduct@example.org"', '"conduct"', "[community] address", "one plain mail address"),
        ('"conduct@', f'"{"c" * 32}@', "[community] address", "too long"),
        ('"conduct@', '"con+duct@', "[community] delimiter", "stands in the address"),
        ('"sqlite:///cocmail.db"', '"sqlite://"', "[store] url", "postgresql://"),
        ('"sqlite:///cocmail.db"', '"sqlite:///:memory:"', "[store] url", "name a file"),
        ('"sqlite:///cocmail.db"', '"postgres://h/d"', "[store] url", "postgresql://"),
        ('"sqlite:///cocmail.db"', '"postgresql://u:pw@h/d"', "[store] url", "password_file"),
        ('"sqlite:///cocmail.db"', '"postgresql://h/d?password=pw"', "[store] url", "no password"),
        ('#password_file = "d', 'password_file = "d', "[store] password_file", "no password"),
        ('"http://127.0.0.1:8001/3.1"', '"127.0.0.1"', "[mailman] url", "REST"),
        ('"http://127.0.0.1:8001/3.1"', '"http://a:b@h/3.1"', "[mailman] url", "password_file"),
        ('"http://127.0.0.1:8001/3.1"', '"http://h/"', "[mailman] url", "/3.1"),
        ("#sig-node = [", "all = [", "[mailman] groups", "no word that a command has a use for"),
        ("#sig-node = [", "sig-node = [] #", "[mailman] groups", "at least one list"),
        ("nameservers = []", 'nameservers = ["ns1"]', "[authentication] nameservers", "IP address"),
        ('handle = "alice"', 'handle = "Alice"', "[[committee]] handle", "lower-case"),
        ('name = "Alice', 'name = "A\\nlice', "[[committee]] name", "one line"),
        ('["alice@', '["conduct+x@', "[[committee]] addresses", "the community's own"),
        ('["alice@example.org"]', "[]", "[[committee]] addresses", "not be empty"),
        ("[[committee]]\n", "[committee]\n", "[committee]", "write [[committee]]"),
        ("[log]", "[[log]]", "[log]", "write [log]"),
        ('#listen = "127.0.0.1:8024"', '[lmtp]\nlisten = "8024"', "[lmtp] listen", "unix:"),
        (
            "escalate_to = []",
            'escalate_to = ["alice@example.org"]',
            "[policy] escalate_to",
            "outs",
        ),
        *(
            ("[log]", f'[postfix]\naddresses = ["{one}"]\n[log]', "[postfix] addresses", words)
            for one, words in (
                ("Conduct@example.org", "take that one out"),
                ("conduct+jobs@example.org", "take that one out"),
                ("abuse@example.org", "take that one out"),
                ("postmaster+x@lists.example.org", "take that one out"),
                ("info", "one plain mail address"),
            )
        ),
        ("[log]", "[postfix]\naddresses = []\n[log]", "[postfix] addresses", "not be empty"),
        ('#server = "127.0.0.1:25"', '[postfix]\nserver = "smtp"', "[postfix] server", "a port"),
        ('#hook = "127.0.0.1:8026"', 'hook = "127.0.0.1:8026"', "[mailman]", "go together"),
        ('#hook = "127.0.0.1:', 'hook = "192.0.2.1:', "[mailman] hook", "on this machine"),
        ('#hook = "127.0.0.1:8026"', 'hook = "8026"', "[mailman] hook", "a host and a port"),
        ("[imap]\n", "[imap\n", "not TOML", "column"),
        ("approvals = 2", "approvals = two", "not TOML", "quotes"),
        ("[log]", "[policy]", "not TOML", "second time"),
    ],
)
def test_each_mistake_names_its_line_and_key(old: str, new: str, key: str, words: str) -> None:
    if key == "[[committee]] name":
        old, new = 'name = "Alice Example"', 'name = "Alice\\nExample"'
    text = swap(old, new)
    lines = [line for line in bad(text) if key in line]
    assert lines, bad(text)
    assert words in lines[0]
    assert re.match(rf"{re.escape(str(PLACE))}:\d+: ", lines[0])


def test_mistakes_are_said_all_at_once_in_the_order_of_lines() -> None:
    text = SAMPLE
    for old, new in (
        ('name = "Example Community"\n', ""),
        ("port = 993", 'port = "993"'),
        ("approvals = 2", "approvals = 0\nvotes = 3"),
        ('format = "text"', 'format = "xml"'),
        ("[filters]", "[filter]"),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    text += '[[committee]]\nhandle = "alice"\nname = "Al"\naddresses = ["alice@example.org"]\n'
    lines = bad(text)
    keys = [re.sub(r"^\S+:\d+: (.*?): .*", r"\1", line) for line in lines]
    assert keys == [
        "[community] name",
        "[imap] port",
        "[policy] approvals",
        "[policy] votes",
        "[filter]",
        "[log] format",
        "[[committee]] handle",
        "[[committee]] addresses",
    ]
    numbers = [int(line.split(":")[1]) for line in lines]
    assert numbers == sorted(numbers)
    assert numbers[-2:] == [text.count("\n") - 2, text.count("\n")]


def test_no_message_repeats_an_address_or_a_secret() -> None:
    text = SAMPLE.replace('"alice@example.org"', '"oscar@@example.org", "mallory"')
    text = text.replace('username = "conduct"', 'username = "conduct"\npassword = "hunter2"')
    said = "\n".join(bad(text))
    assert "mallory" not in said
    assert "oscar" not in said
    assert "empty" not in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("community", "who you are"),
        ("submission", "takes our mail"),
        ("mailman", "REST"),
        ("committee", "[[committee]]"),
        ("imap", "[imap], [lmtp] or both"),
    ],
)
def test_a_missing_table_is_said(table: str, words: str) -> None:
    blocks = re.split(r"(?m)^(?=#? ?\[)", SAMPLE)
    kept = [one for one in blocks if not re.match(rf"\[\[?{table}[\].]+\S*\n", one)]
    said = bad("".join(kept))
    assert any(f"[{table}]" in line and "missing" in line and words in line for line in said)


def test_an_empty_file_says_all_that_is_missing() -> None:
    assert len(bad("")) == 5


def test_lmtp_alone_is_enough() -> None:
    text = re.sub(r"(?ms)^\[imap\].*?(?=^# Mail is pushed)", "[lmtp]\n", SAMPLE)
    assert good(text).imap is None


def test_ports_follow_security_where_none_is_named() -> None:
    text = swap("port = 993\n", "").replace('security = "tls"', 'security = "starttls"')
    found = good(text).imap
    assert found
    assert found.port == 143


def test_several_instances_of_mailman() -> None:
    text = SAMPLE.replace("[mailman]", "[mailmans.one]").replace("[mailman.groups]", "")
    text += '[mailmans.two]\nurl = "https://two.example/3.1"\npassword_file = "two"\n'
    text += 'sweep_every = "2m"\n'
    found = good(text)
    assert found.mailman is None
    assert list(found.sites) == ["mailmans.one", "mailmans.two"]
    assert found.sweep_every == timedelta(minutes=2)
    both = good(text.replace("[mailmans.one]", "[mailman]"))
    assert list(both.sites) == ["", "mailmans.two"]


def test_a_group_may_hold_lists_of_several_mailmans() -> None:
    text = SAMPLE.replace("#sig-node = [", "sig-node = [")
    text += '[mailmans.two]\nurl = "https://two.example/3.1"\npassword_file = "two"\n'
    text += '[mailmans.two.groups]\nsig-node = ["node@two.example"]\nother = ["o@two.example"]\n'
    found = good(text)
    assert found.groups["sig-node"][-1] == "node@two.example"
    assert len(found.groups["sig-node"]) == 3
    assert found.groups["other"] == ("o@two.example",)


@pytest.mark.parametrize(
    ("more", "at", "words"),
    [
        ("[mailmans.two]\npassword_file = 'p'\n", "[mailmans.two] url", "[mailman] has this url"),
        (
            "[mailmans.two]\nurl = 'http://[::1]:8001/3.1'\npassword_file = 'p'\n"
            "groups = { sig = ['sig-node@lists.example.org'] }\n",
            "[mailmans.two] groups",
            "stands under [mailman] too",
        ),
        ("[mailmans.Two]\npassword_file = 'p'\n", "[mailmans.Two]", "lower-case"),
        ("[mailmans.two]\nuser = 'x'\npassword_file = 'p'\n", "[mailmans.two] user", "username"),
    ],
)
def test_what_two_mailmans_say_against_each_other(more: str, at: str, words: str) -> None:
    text = SAMPLE.replace("#sig-node = [", "sig-node = [") + more
    assert any(at in line and words in line for line in bad(text))


def test_one_mailman_has_to_be_in_use() -> None:
    text = SAMPLE.replace("[mailman]\n", "[mailman]\nretired = true\n").replace(
        "retired = false\n", ""
    )
    assert any("no Mailman is left" in line for line in bad(text))


def test_all_that_is_accepted_is_in_use() -> None:
    text = swap("escalate_to = []", 'escalate_to = ["ombud@example.net"]')
    text = text.replace('#attachments = "list"', 'attachments = "copy"')
    assert good(text).unused() == ()


def test_what_is_allowed_and_perhaps_not_meant_is_a_warning() -> None:
    said = "\n".join(warnings(good()))
    assert "approvals: 2 are needed and the committee has 1" in said
    assert "escalate_to: empty" in said
    assert "security: the password" in "\n".join(
        warnings(good(swap('security = "tls"', 'security = "none"').replace("127.0.0.1", "mx")))
    )


def test_settings_are_frozen_and_hide_people() -> None:
    found = good()
    with pytest.raises(ValueError):
        found.policy.approvals = 1  # type: ignore[misc]
    assert "alice@" not in repr(found)
    assert "Alice" not in repr(found)


def test_lines_are_found_among_hard_values(tmp_path: Path) -> None:
    text = SAMPLE.replace(
        'name = "Example Community"',
        'name = """Example # [x]\n= "quoted" \\""" """ # a comment\n',
    ).replace("directories = [", 'directories = [ # "]\n  "a]b",\n  \'c"\',\n  ')
    text = text.replace('format = "text"', 'format = "xml"')
    number = text[: text.index("xml")].count("\n") + 1
    assert any(f":{number}: [log] format" in line for line in bad(text.replace("\n", "\r\n")))


def test_find(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COCMAIL_CONFIG", raising=False)
    assert find() == PLACE
    monkeypatch.setenv("COCMAIL_CONFIG", "/srv/c.toml")
    assert find() == Path("/srv/c.toml")
    assert find(Path("here.toml")) == Path("here.toml")


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    for path, content in ((tmp_path / "none", None), (tmp_path / "b", b"\xff"), (tmp_path, None)):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ConfigurationError, match=str(path)) as caught:
            load(path)
        assert len(caught.value.lines) == 1


def test_secrets_are_read_late_and_hide(tmp_path: Path) -> None:
    (tmp_path / "cocmail.toml").write_text(SAMPLE)
    found = load(tmp_path / "cocmail.toml")
    with pytest.raises(ConfigurationError, match=r"mailman\.password.*no such file"):
        found.mailman.password()
    (tmp_path / "mailman.password").write_text("hunter2\n")
    assert found.mailman.password() == "hunter2"
    assert "hunter2" not in repr(found.mailman.password())
    (tmp_path / "mailman.password").write_text("")
    with pytest.raises(ConfigurationError, match="empty"):
        found.mailman.password()


def test_a_signing_key_that_everybody_may_read_is_refused(tmp_path: Path) -> None:
    text = re.sub(r"(?m)^#(?=(\[signing|domain|selector|key_file))", "", SAMPLE)
    (tmp_path / "cocmail.toml").write_text(text)
    found = load(tmp_path / "cocmail.toml").signing
    assert found
    (tmp_path / "dkim.pem").write_text("-----BEGIN PRIVATE KEY-----\n")
    (tmp_path / "dkim.pem").chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        found.key()
    (tmp_path / "dkim.pem").chmod(0o600)
    assert found.key().startswith("-----BEGIN")


def test_a_table_left_out_names_files_beside_the_configuration() -> None:
    left = "[community]\nname = 'X'\naddress = 'conduct@example.org'\n[submission]\n"
    left += "[lmtp]\n[mailman]\npassword_file = 'p'\n"
    left += "[[committee]]\nhandle = 'a'\nname = 'A'\naddresses = ['a@example.net']\n"
    found = parse(left, PLACE)
    assert found.store.key_file == PLACE.parent / "cocmail.key"
    assert found.store.sqlite == PLACE.parent / "cocmail.db"
    assert found.filters.directories == (PLACE.parent / "filters.d",)


def test_a_language_is_one_that_there_are_letters_in(tmp_path: Path) -> None:
    for line, key in (
        ('\nlanguage = "en"', "[community] language"),
        ('\n#language = "en"', "[[committee]] language"),
    ):
        (said,) = bad(swap(line, '\nlanguage = "eo"'))
        assert key in said
        assert "there are: de, en" in said
    own = tmp_path / "letters" / "eo"
    own.mkdir(parents=True)
    (own / "letter.txt").write_text("Subject: x\n\nx")
    text = swap('\nlanguage = "en"', '\nlanguage = "eo"').replace("#templates", "templates")
    found = parse(text, tmp_path / "cocmail.toml")
    assert (found.community.language, found.community.templates) == ("eo", tmp_path / "letters")


def test_a_member_may_have_a_language(tmp_path: Path) -> None:
    found = good(SAMPLE.replace('#language = "en"\n', 'language = "de"\n'))
    assert found.roster.members[0].language == "de"
    assert good().roster.members[0].language == ""


def test_each_mailman_s_plugin_has_a_port_of_its_own() -> None:
    second = '\n[mailmans.old]\nurl = "http://127.0.0.1:8002/3.1"\npassword_file = "p"\n'
    hook = 'hook = "127.0.0.1:8026"\nhook_key_file = "hook.key"\n'
    text = SAMPLE.replace("#hook", "hook") + second + hook
    assert any("[mailmans.old] hook" in line and "its own port" in line for line in bad(text))


PASSWORD = 'password_file = "imap.password"'


def test_a_token_stands_in_a_file_or_a_program_prints_it() -> None:
    found = good(swap(PASSWORD, 'token_file = "imap.token"')).imap
    assert found
    assert (found.login_key, found.token_file) == ("token_file", PLACE.parent / "imap.token")
    for command in ('["bin/token", "a b"]', "\"bin/token 'a b'\""):
        found = good(swap(PASSWORD, f"token_command = {command}")).imap
        assert found
        assert found.token_command == (str(PLACE.parent / "bin/token"), "a b")
    found = good(swap(PASSWORD, 'token_command = "mutt_oauth2"')).imap
    assert found
    assert found.token_command == ("mutt_oauth2",)  # to be found in PATH


@pytest.mark.parametrize(
    ("said", "at", "words"),
    [
        ("", "[imap]", "set one of password_file, token_file and token_command"),
        (f'{PASSWORD}\ntoken_file = "t"', "[imap]", "set one of password_file, token_file"),
        ("token_command = []", "[imap] token_command", "name a program"),
        ('token_command = ""', "[imap] token_command", "name a program"),
        ("token_command = [1]", "[imap] token_command", "a list of words"),
        ('token_command = "it\'s"', "[imap] token_command", "close its quotes"),
        ('token_command = ["a\\nb"]', "[imap] token_command", "plain text"),
        ('token = "ya29"', "[imap] token", "never written in this file"),
    ],
)
def test_what_to_log_in_with_is_said_once(said: str, at: str, words: str) -> None:
    lines = bad(swap(PASSWORD, said))
    assert any(f"{at}: " in line and words in line for line in lines), lines
    assert not any("ya29" in line for line in lines)


SECOND = '\n[imaps.second]\nusername = "reports"\npassword_file = "p"\n'


def test_several_mailboxes_have_a_table_each() -> None:
    found = good(SAMPLE + SECOND + 'mailbox = "Reports"\nonly_results_of = "Microsoft"\n')
    assert list(found.accounts) == ["imap", "imaps.second"]
    assert found.accounts["imaps.second"].mailbox == "Reports"
    assert found.accounts["imaps.second"].only_results_of == "microsoft"
    alone = re.sub(r"(?ms)^\[imap\].*?(?=^# Mail is pushed)", SECOND, SAMPLE)
    assert list(good(alone).accounts) == ["imaps.second"]
    same = SECOND.replace("reports", "conduct")
    assert len(good(SAMPLE + same + 'mailbox = "Lists"\n').accounts) == 2  # of one account


@pytest.mark.parametrize(
    ("more", "at", "words"),
    [
        ("", "[imaps.second] mailbox", "[imap] mailbox is this folder of this account"),
        ('mailbox = "inbox"\n', "[imaps.second] mailbox", "[imap] mailbox is this folder"),
        ('mailbox = "Filed"\narchive = "B"\n', "[imap] archive", "go round for ever"),
        ('mailbox = "A"\narchive = "INBOX"\n', "[imaps.second] archive", "go round for ever"),
        ('mailbox = "A"\njunk = "inbox"\n', "[imaps.second] junk", "[imap] mailbox is this"),
        ('mailbox = "A"\npassword = "x"\n', "[imaps.second] password", "never written in this"),
    ],
)
def test_no_folder_is_swept_twice_and_no_mail_goes_round(more: str, at: str, words: str) -> None:
    lines = bad(SAMPLE + SECOND.replace("reports", "conduct") + more)
    assert any(f"{at}: " in line and words in line for line in lines), lines


def test_names_of_mailboxes() -> None:
    assert any("lower-case" in line for line in bad(SAMPLE + SECOND.replace("second", "Second")))
    assert any("[imaps.NAME]" in line for line in bad(SAMPLE + "\n[imaps]\nx = 1\n"))
    assert any("did you mean imaps" in line for line in bad(SAMPLE + "\n[imapss.a]\nx = 1\n"))


def test_a_private_authority_reaches_who_checks_certificates(tmp_path: Path) -> None:
    from cocmail import servers

    (tmp_path / "imap.password").write_text("secret\n")
    text = SAMPLE.replace("#ca_file = ", "ca_file = ")
    found = parse(text, tmp_path / "cocmail.toml")
    assert found.imap
    assert servers.imap_settings("imap", found.imap).ca_file == tmp_path / "imap-ca.pem"
    submission = servers.submission(found)
    assert submission._settings.ca_file == tmp_path / "submission-ca.pem"
