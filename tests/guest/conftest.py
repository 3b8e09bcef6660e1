"""Guests that several tests share."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
import harness  # noqa: E402

collect_ignore = ["test_sanitizers.py"] if harness.VARIANT == harness.MODE else []


@pytest.fixture(scope="module")
def guest():
    """A guest at its prompt, with the test programs, for all tests of a module."""
    with harness.Guest() as machine:
        yield machine.wait_for_shell()
