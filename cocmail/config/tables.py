"""The tables of cocmail.toml as frozen values: every key, its kind, its default, its meaning.

Owns the list of settings. The sample file, the operator's guide and the tests are made from it,
so a key's ``description`` is what people read about it. Refuses to know what other tables say
(that is for the cross-checks). Called by the loader; its values go to all rooms but the core.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from cocmail.config import secrets
from cocmail.config.values import (
    Approvals,
    Attachments,
    Domain,
    Duration,
    DurationOrForever,
    DurationOrOff,
    File,
    Line,
    LogFormat,
    Mail,
    Name,
    Nameserver,
    Port,
    Return,
    Security,
    Share,
    Unsigned,
    Web,
    Words,
    endpoint,
    is_local,
)
from cocmail.core.people import Handle, Member
from cocmail.templates import TAG

_loose = Field(strict=False)  # TOML has no enums: their texts stand for them


class Table(BaseModel):
    """One table of the file."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, validate_default=True, populate_by_name=True
    )


def _tag(value: str) -> str:
    if not TAG.fullmatch(value):
        raise ValueError('should be the code of a language, like "en" or "pt-BR"')
    return value


class Community(Table):
    name: Line = Field(description="what the community is called in letters")
    address: Mail = Field(description="the public address; plus-addressing must reach this inbox")
    delimiter: str = Field("+", description="one character between the local part and a detail")
    language: str = Field(
        "en", description='the language of letters: "en", "de" or one of your own templates'
    )
    templates: File | None = Field(
        None, description="a folder with letters of your own, as LANGUAGE/NAME.txt"
    )
    attachments: Annotated[Attachments, _loose] = Field(
        Attachments.LIST,
        description='what members get of attachments: "list" (names) or "copy" (the files too)',
    )

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str) -> str:
        # RFC 5321 section 4.1.2 atext, less letters and digits, which tokens are made of.
        if not re.fullmatch(r"[!#$%&'*+/=?^_`{|}~.-]", value):
            raise ValueError('should be one character that an address may hold, like "+" or "-"')
        return value

    @field_validator("language")
    @classmethod
    def _language_tag(cls, value: str) -> str:
        return _tag(value)


class Store(Table):
    url: str = Field(
        "sqlite:///cocmail.db",
        description="the database: sqlite:///FILE or postgresql://user@host/db",
    )
    password_file: File | None = Field(None, description="the database's password, for PostgreSQL")
    key_file: File = Field(
        Path("cocmail.key"),
        description="the key that seals all mail; keep a copy elsewhere: nothing opens without it",
    )

    @field_validator("url")
    @classmethod
    def _database(cls, value: str, info: ValidationInfo) -> str:
        words = 'should be "sqlite:///FILE" or "postgresql://user@host/db"'
        try:
            parts = urlsplit(value)
            password = parts.password is not None or "password" in parse_qs(parts.query)
            _ = parts.port
        except ValueError:
            raise ValueError(words) from None
        kind = parts.scheme.partition("+")[0]
        if kind == "postgres":
            raise ValueError('should begin with "postgresql://"')
        if password:
            raise ValueError("should hold no password: write it into a file, see password_file")
        if kind == "postgresql" and (parts.netloc or parts.path.strip("/")):
            return f"postgresql://{value.partition('://')[2]}"
        name = value.partition(":///")[2].partition("?")[0]
        if kind != "sqlite" or not name:
            raise ValueError(words)
        if name == ":memory:":
            raise ValueError('should name a file, like "sqlite:///cocmail.db"; memory forgets')
        base = (info.context or {}).get("base")
        return f"sqlite:///{name if base is None else Path(base) / name}"

    @property
    def sqlite(self) -> Path | None:
        """The database's file, where it is one."""
        return Path(self.url[len("sqlite:///") :]) if self.url.startswith("sqlite:") else None

    def password(self) -> secrets.Secret | None:
        if self.password_file is None:
            return None
        return secrets.read(self.password_file, "[store] password_file")


def _port_by_security(data: Any, ports: dict[Security, int]) -> Any:
    if isinstance(data, dict) and "port" not in data and data.get("security") in tuple(Security):
        return {**data, "port": ports[Security(data["security"])]}
    return data


_SECRETS = ("password_file", "token_file", "token_command")


class Imap(Table):
    host: Line = Field("127.0.0.1", description="the IMAP server")
    port: Port = Field(993, description='its port; left out: 993, or 143 without "tls"')
    security: Annotated[Security, _loose] = Field(
        Security.TLS, description='"tls", "starttls" or "none"'
    )
    username: Line = Field(description="who to log in as")
    password_file: File | None = Field(
        None, description="a file with the password; it, token_file or token_command must be set"
    )
    token_file: File | None = Field(
        None, description="log in by XOAUTH2: a file with the token, read at every login"
    )
    token_command: Words | None = Field(
        None, description="log in by XOAUTH2: a program that prints a token, run at every login"
    )
    ca_file: File | None = Field(
        None, description="whose certificates to trust; left out: the system's"
    )
    mailbox: Line = Field("INBOX", description="where reports arrive")
    archive: Line = Field(
        "Filed", description="where a mail is moved once it is stored; made if missing"
    )
    archive_keep: DurationOrForever = Field(
        timedelta(days=14), description='then it is expunged there; "forever" to keep it'
    )
    junk: str = Field(
        "", description="a spam folder to sweep too; what is in it is set aside, not lost"
    )
    only_results_of: Domain | None = Field(
        None,
        description="for a provider that changes mails, so that signatures break: whose"
        ' Authentication-Results alone count; "microsoft" for Microsoft 365 and outlook.com',
    )

    @model_validator(mode="before")
    @classmethod
    def _port(cls, data: Any) -> Any:
        return _port_by_security(
            data, {Security.TLS: 993, Security.STARTTLS: 143, Security.NONE: 143}
        )

    @field_validator("archive", "junk")
    @classmethod
    def _other_mailbox(cls, value: str, info: ValidationInfo) -> str:
        if value and value == info.data.get("mailbox"):
            raise ValueError("should be another mailbox than where reports arrive")
        if info.field_name == "junk" and value and value == info.data.get("archive"):
            raise ValueError("should be another mailbox than archive")
        return value

    @model_validator(mode="after")
    def _one_secret(self) -> Imap:
        if len([one for one in _SECRETS if getattr(self, one) is not None]) != 1:
            raise ValueError(
                "set one of password_file, token_file and token_command: what to log in with"
            )
        return self

    @property
    def login_key(self) -> str:
        """Which of the three settings says what to log in with."""
        return next(one for one in _SECRETS if getattr(self, one) is not None)

    def secret(self, section: str = "imap") -> secrets.Secret:
        """The password, or the token, where it stands in a file."""
        path = self.password_file or self.token_file
        assert path is not None
        return secrets.read(path, f"[{section}] {self.login_key}")


class Lmtp(Table):
    listen: str = Field(
        "127.0.0.1:8024",
        description='where Postfix hands mail over; or "unix:/run/cocmail/lmtp.sock"',
    )

    @field_validator("listen")
    @classmethod
    def _place(cls, value: str, info: ValidationInfo) -> str:
        if value.startswith("unix:") and len(value) > len("unix:"):
            base = (info.context or {}).get("base")
            return value if base is None else f"unix:{Path(base) / value[len('unix:') :]}"
        try:
            endpoint(value)
        except ValueError as error:
            raise ValueError(f'{error} or "unix:/run/cocmail/lmtp.sock"') from None
        return value

    @property
    def socket(self) -> Path | None:
        """The Unix socket, where it is one."""
        return Path(self.listen[len("unix:") :]) if self.listen.startswith("unix:") else None

    @property
    def endpoint(self) -> tuple[str, int] | None:
        """Host and port, where it is no Unix socket."""
        return None if self.socket else endpoint(self.listen)


class Submission(Table):
    host: Line = Field("127.0.0.1", description="the server that takes our mail")
    port: Port = Field(587, description='its port; left out: 587, or 465 with "tls"')
    security: Annotated[Security, _loose] = Field(
        Security.STARTTLS, description='"tls", "starttls" or "none"'
    )
    username: Line | None = Field(None, description="who to log in as; left out: nobody")
    password_file: File | None = Field(
        None, description="a file with the password; goes with username"
    )
    ca_file: File | None = Field(
        None, description="whose certificates to trust; left out: the system's"
    )

    @model_validator(mode="before")
    @classmethod
    def _port(cls, data: Any) -> Any:
        return _port_by_security(
            data, {Security.TLS: 465, Security.STARTTLS: 587, Security.NONE: 587}
        )

    @model_validator(mode="after")
    def _both_or_neither(self) -> Submission:
        if (self.username is None) != (self.password_file is None):
            raise ValueError("username and password_file go together: set both or neither")
        return self

    def password(self) -> secrets.Secret | None:
        if self.password_file is None:
            return None
        return secrets.read(self.password_file, "[submission] password_file")


class Signing(Table):
    domain: Domain = Field(description="the domain that signs (d=), the community's")
    selector: Domain = Field(description="the name before ._domainkey in DNS (s=)")
    key_file: File = Field(description="the private key, PEM: RSA (2048 bits or more) or Ed25519")

    def key(self) -> secrets.Secret:
        """The PEM text. Refused where everybody on this machine may read it."""
        return secrets.read_pem(self.key_file, "[signing] key_file")


class Authentication(Table):
    nameservers: tuple[Nameserver, ...] = Field(
        (), description='DNS servers for DKIM keys, "IP" or "IP:PORT"; empty: the system\'s'
    )
    trusted_authserv_ids: tuple[Domain, ...] = Field(
        (), description="trust the topmost Authentication-Results of these, which our own MX adds"
    )
    unsigned: Annotated[Unsigned, _loose] = Field(
        Unsigned.CONFIRM, description='commands that prove too little: "confirm" or "refuse"'
    )

    @property
    def nameserver_endpoints(self) -> tuple[tuple[str, int], ...]:
        return tuple(endpoint(server, default_port=53) for server in self.nameservers)


_SCOPE_WORDS = frozenset(("all", "on", "for", "until", "permanently", "because", "including"))


class Mailman(Table):
    url: Web = Field("http://127.0.0.1:8001/3.1", description="Mailman Core's REST API")
    username: Line = Field("restadmin", description="admin_user in mailman.cfg")
    password_file: File = Field(description="a file with admin_pass of mailman.cfg")
    ca_file: File | None = Field(
        None, description="whose certificates to trust for https; left out: the system's"
    )
    sweep_every: Duration = Field(
        timedelta(minutes=5), description="how often the lists are compared with what was decided"
    )
    hook: str | None = Field(
        None, description="where Mailman's plugin tells of changes, so that they are seen at once"
    )
    hook_key_file: File | None = Field(
        None, description="a file with the key that the plugin has too; goes with hook"
    )
    groups: dict[str, tuple[Mail, ...]] = Field(
        default_factory=dict, description="scopes by name: the lists that belong together"
    )
    retired: bool = Field(
        False, description="true: this Mailman is shut down for good; nothing is put back there"
    )

    @field_validator("hook")
    @classmethod
    def _on_this_machine(cls, value: str | None) -> str | None:
        if value is not None and not is_local(endpoint(value)[0]):
            raise ValueError('should be on this machine, like "127.0.0.1:8026"')
        return value

    @model_validator(mode="after")
    def _hook_and_key(self) -> Mailman:
        if (self.hook is None) != (self.hook_key_file is None):
            raise ValueError("hook and hook_key_file go together: set both or neither")
        return self

    @property
    def hook_endpoint(self) -> tuple[str, int] | None:
        return endpoint(self.hook) if self.hook else None

    def hook_key(self, section: str = "mailman") -> secrets.Secret:
        assert self.hook_key_file is not None
        return secrets.read_key(self.hook_key_file, f"[{section}] hook_key_file")

    @field_validator("groups", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError('should be a table: [mailman.groups], with lines like name = ["list"]')
        for name, lists in value.items():
            if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name) or name in _SCOPE_WORDS:
                raise ValueError(
                    "a group's name should be lower-case letters, digits, dots and dashes,"
                    " and no word that a command has a use for, like all or for"
                )
            if not lists:
                raise ValueError("a group should name at least one list")
        return value

    def password(self, section: str = "mailman") -> secrets.Secret:
        return secrets.read(self.password_file, f"[{section}] password_file")


class Postfix(Table):
    addresses: tuple[Mail, ...] = Field(
        min_length=1,
        description="addresses that are no lists and that sanctioned people can't write to either",
    )
    table: File = Field(
        Path("postfix.table"), description="the table that cocmail keeps and Postfix asks"
    )
    server: str = Field(
        "127.0.0.1:25", description="where `cocmail check` asks Postfix what it would reject"
    )

    retired: bool = Field(
        False, description="true: Postfix asks no more; nothing is put back there"
    )

    @field_validator("server")
    @classmethod
    def _place(cls, value: str) -> str:
        endpoint(value)
        return value

    @property
    def endpoint(self) -> tuple[str, int]:
        return endpoint(self.server)


class Policy(Table):
    approvals: Annotated[int, Field(ge=1)] = Field(
        2, description="how many must approve a sanction that ends"
    )
    approvals_permanent: Approvals = Field(
        Share.MAJORITY,
        description='for one that doesn\'t end: a number, "majority" or "two-thirds"',
    )
    voting_period: Duration = Field(timedelta(days=7), description="how long a vote is open")
    objection_within: DurationOrOff = Field(
        None, description='approved, it waits so long for an objection, like "24h"; "": not at all'
    )
    interim_for: Duration = Field(
        timedelta(hours=72), description="an interim measure lapses then unless it is confirmed"
    )
    acknowledge_within: Duration = Field(
        timedelta(hours=24), description="the committee is reminded of an unanswered report then"
    )
    update_within: Duration = Field(
        timedelta(days=14), description="and of a reporter who heard nothing for so long"
    )
    appeal_within: Duration = Field(
        timedelta(days=30), description="how long a respondent may appeal"
    )
    urgent_within: Duration = Field(
        timedelta(hours=4), description="an urgent case nobody touched by then goes to escalate_to"
    )
    escalate_to: tuple[Mail, ...] = Field(
        (), description="people outside the committee, for when too few members may act"
    )
    roster_delay: Duration = Field(
        timedelta(hours=24), description="a change of the committee is told first, in force then"
    )
    tell_owners: bool = Field(
        True, description="a list's other owners learn that a member was removed or held, not why"
    )
    return_: Annotated[Return, _loose] = Field(
        Return.AUTOMATIC,
        alias="return",
        description='when the time is over: "automatic", or "on-request" to the committee',
    )
    history: bool = Field(True, description="tell the committee of earlier cases of a person")
    watch_for: Duration = Field(
        timedelta(days=365), description="a protective watch (/watch) lasts so long"
    )
    counsel_after: DurationOrOff = Field(
        None, description='a longer suspension waits for counsel, like "60d"; "": never'
    )


def _bounded(default: int, least: int, most: int, description: str) -> Any:
    return Field(default, ge=least, le=most, description=description)


class Limits(Table):
    size: int = _bounded(
        50_000_000, 100_000, 64_000_000, "bytes of a mail; keeps memory for the mail behind it"
    )
    header: int = _bounded(
        65_536,
        8_192,
        1_000_000,
        "bytes of a header, a part's too; keeps time from floods of fields",
    )
    header_line: int = _bounded(
        8_192, 998, 65_536, "bytes of a line of it; keeps time from endless names and addresses"
    )
    white_space: int = _bounded(
        10_000,
        500,
        100_000,
        "blanks in a row in a signed mail; keeps time from the signature's check",
    )
    parts: int = _bounded(200, 10, 2_000, "parts of a mail; keeps lists of attachments readable")
    depth: int = _bounded(20, 3, 50, "parts within parts; keeps what takes them apart from falling")
    seconds: int = _bounded(
        10, 1, 60, "processor time for reading one unusual mail, or checking its signature"
    )
    memory: int = _bounded(
        768, 256, 8_192, "megabytes for the process that does so; it ends, and not the daemon"
    )
    readers: int = _bounded(2, 1, 16, "how many such processes there are at most; idle ones end")
    disk_free: int = _bounded(
        200,
        0,
        10_000_000,
        "megabytes that mail leaves free on the store's disk; keeps room for votes and letters",
    )
    from_sender: int = _bounded(
        20, 1, 1_000_000, "mails an hour; keeps one person from burying the others' mail"
    )
    from_domain: int = _bounded(
        100,
        1,
        1_000_000,
        "mails an hour, half for who hasn't written that day; keeps one from writing under many"
        " names",
    )
    in_all: int = _bounded(
        300, 1, 1_000_000, "mails an hour; keeps us from answering whom a flood names"
    )


class Filters(Table):
    directories: tuple[File, ...] = Field(
        (Path("filters.d"),), description="where the inbound filters are, read by name"
    )


class Metrics(Table):
    listen: str = Field(
        "127.0.0.1:9464", description="where Prometheus reads how many and how long, never whose"
    )

    @field_validator("listen")
    @classmethod
    def _place(cls, value: str) -> str:
        endpoint(value)
        return value

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        return endpoint(self.listen)


class Log(Table):
    format: Annotated[LogFormat, _loose] = Field(LogFormat.TEXT, description='"text" or "json"')


class CommitteeMember(Table):
    handle: str = Field(description="a short name for commands and addresses: a-z and 0-9")
    name: Name = Field(description="the member's name")
    addresses: tuple[Mail, ...] = Field(
        min_length=1, description="theirs alone; we write to the first"
    )
    language: str | None = Field(
        None, description="that we write to them in; left out: the community's"
    )

    @field_validator("language")
    @classmethod
    def _language_tag(cls, value: str | None) -> str | None:
        return None if value is None else _tag(value)

    @field_validator("handle")
    @classmethod
    def _plain(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z0-9]{1,32}", value):
            raise ValueError("should be lower-case letters and digits, 32 at most")
        return value

    @property
    def member(self) -> Member:
        return Member(
            handle=Handle(self.handle),
            name=self.name,
            addresses=self.addresses,
            language=self.language or "",
        )
