"""Keys and seals: made once, hidden always, and every wrong key file told in one line."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from cocmail.adapters.store import load_keys, make_key_file
from cocmail.adapters.vault import derive, fresh_key, seal, unseal
from cocmail.core.errors import Permanent, SoundnessError


def _refusal(path: Path) -> str:
    with pytest.raises(Permanent) as caught:
        load_keys(path)
    said = str(caught.value)
    assert said.startswith("key_file: ")
    assert "\n" not in said
    return said


def test_a_made_key_file_is_its_owners_alone_and_loads(tmp_path: Path) -> None:
    path = tmp_path / "cocmail.key"
    make_key_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(base64.b64decode(path.read_text())) == 32
    assert load_keys(path) == load_keys(path)
    with pytest.raises(FileExistsError):
        make_key_file(path)


def test_each_bad_key_file_gets_a_line_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "cocmail.key"
    assert "does not exist" in _refusal(path)
    path.write_text("rubbish\n")
    path.chmod(0o640)
    assert "chmod 600" in _refusal(path)
    path.chmod(0o600)
    assert "does not hold a key" in _refusal(path)
    path.write_bytes(base64.b64encode(b"too short"))
    assert "does not hold a key" in _refusal(path)
    folder = tmp_path / "folder"
    folder.mkdir()
    assert "can't be read" in _refusal(folder)


def test_no_key_shows_in_a_repr() -> None:
    keys = derive(b"m" * 32)
    assert repr(keys) == "Keys()"
    assert str(keys) == "Keys()"


def test_each_use_has_a_key_of_its_own() -> None:
    keys = derive(b"m" * 32)
    values = [getattr(keys, name) for name in keys.__dataclass_fields__]
    assert len(set(values)) == len(values) == 7
    assert derive(b"n" * 32).lookup != keys.lookup


def test_a_seal_opens_with_its_key_in_its_place_only() -> None:
    key = fresh_key()
    sealed = seal(key, b"who reported", "event:c1")
    assert b"reported" not in sealed
    assert seal(key, b"who reported", "event:c1") != sealed
    assert unseal(key, sealed, "event:c1") == b"who reported"
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for args in (
        (fresh_key(), sealed, "event:c1"),
        (key, sealed, "event:c2"),
        (key, changed, "event:c1"),
        (key, b"", "event:c1"),
        (key, b"\x02" + sealed[1:], "event:c1"),
    ):
        with pytest.raises(SoundnessError):
            unseal(*args)


async def test_the_core_makes_the_same_digests(world) -> None:
    from cocmail.core.minting import Minter
    from cocmail.core.people import Address

    minter = Minter(
        token_key=world.keys.token,
        lookup_key=world.keys.lookup,
        community=Address("conduct@example.org"),
    )
    for text in ("abcdef", "<x@example.org>", "rita@example.net", "bro\udc80ken"):
        assert minter.digest(text) == world.keys.digest(text)
