"""What all tests share: a server that this machine doesn't have skips a test, except in CI.

`make test` installs them where it may, and names what it could not. In CI nothing may be skipped,
so there a missing server is a failure.
"""

import os
from collections.abc import Generator

import pytest

from cocmail.lab.process import NotInstalled


def _skipping(item: pytest.Item) -> Generator[None, object, object]:
    try:
        return (yield)
    except NotInstalled as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


pytest_runtest_setup = pytest.hookimpl(wrapper=True)(_skipping)
pytest_runtest_call = pytest.hookimpl(wrapper=True)(_skipping)
