"""Pairs of guests for the soak. SOAK=full (make soak) runs the whole lengths, otherwise the short edition."""
import os
import subprocess

import machines
import pytest


@pytest.fixture(scope="session")
def linux():
    """Debian's kernel and busybox are there."""
    try:
        machines.make_linux()
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"no Linux peer: Debian's kernel could not be downloaded ({error})")
    return machines.Linux


def make_pair(folder, make_a, make_b):
    pair = machines.Pair(folder, make_a, make_b)
    yield pair
    pair.close()


@pytest.fixture(scope="module")
def two_lumos(tmp_path_factory):
    yield from make_pair(tmp_path_factory.mktemp("wire"), machines.Lumos, machines.Lumos)


@pytest.fixture(scope="module")
def lumos_and_linux(tmp_path_factory, linux):
    yield from make_pair(tmp_path_factory.mktemp("wire"), machines.Lumos, linux)


@pytest.fixture
def fresh_pair(tmp_path):
    """Two Lumos guests of which a test may destroy one."""
    yield from make_pair(tmp_path, machines.Lumos, machines.Lumos)


@pytest.fixture
def pair(request):
    """A pair by the name of its fixture, for tests that are run with each; its wire is perfect again afterwards."""
    chosen = request.getfixturevalue(request.param)
    yield chosen
    chosen.wire.faults()


@pytest.fixture
def figures(request):
    """Notes a figure of this test in build/reports/soak.txt."""
    folder = os.path.join(machines.harness.ROOT, "build", "reports")
    os.makedirs(folder, exist_ok=True)

    def note(text):
        with open(os.path.join(folder, "soak.txt"), "a", encoding="utf-8") as file:
            file.write(f"{request.node.name}: {text}\n")
    return note


PAIRS = pytest.mark.parametrize("pair", ["two_lumos", "lumos_and_linux"], indirect=True)
# The short edition of what costs much time.
FEWER_PAIRS = pytest.mark.parametrize("pair", ["two_lumos", "lumos_and_linux"][:machines.edition(1, 2)], indirect=True)
