"""One script of system calls, two kernels: everything that comes back must be the same (session.py), or be listed in
known.py. Some of the scripts are random ones, always the same; others are made on demand: make differential SEED=7
SCRIPTS=200. What those still find in corners is listed in docs/results.md."""
import concurrent.futures
import fnmatch
import os

import pytest
import scripts_datagrams
import scripts_sockets
import scripts_streams
import scripts_unix
from known import KNOWN
from machines import Linux, Lumos
from random_script import RandomScript
from session import Session

SEED = int(os.environ.get("SEED") or 1)
RANDOM_SCRIPTS = int(os.environ.get("SCRIPTS") or 8)
STEPS = 150
SCRIPTS = (*scripts_sockets.SCRIPTS, *scripts_streams.SCRIPTS, *scripts_unix.SCRIPTS,
           *scripts_datagrams.SCRIPTS,
           *(RandomScript(SEED + number, STEPS) for number in range(RANDOM_SCRIPTS)))
NOT_CALLED = "(not called)"
used = set()  # rows of KNOWN that a difference needed


@pytest.fixture(scope="module")
def linux():
    with Linux() as agent:
        yield agent


@pytest.fixture(scope="module")
def lumos(tmp_path_factory):
    with Lumos(str(tmp_path_factory.mktemp("differential") / "line")) as agent:
        yield agent


def literal(pattern):
    """fnmatch's brackets are of no use here: calls are full of them."""
    return pattern.replace("[", "[[]")


def known(script, call, on_linux, on_lumos):
    for row in KNOWN:
        if (fnmatch.fnmatchcase(script, row.script) and fnmatch.fnmatchcase(call, literal(row.call))
                and (on_linux, on_lumos) == (row.linux, row.lumos)):
            used.add(row)
            return True
    return False


def differences(script, on_linux, on_lumos):
    for call in on_linux | on_lumos:
        expected, found = on_linux.get(call, NOT_CALLED), on_lumos.get(call, NOT_CALLED)
        if found != expected and not known(script, call, expected, found):
            yield f"{call}\n      Linux: {expected}\n      Lumos: {found}"


def run(script, agent):
    session = Session(agent)
    script(session)
    return session.steps


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_same_as_linux(script, linux, lumos):
    with concurrent.futures.ThreadPoolExecutor() as both:
        traces = list(both.map(lambda agent: run(script, agent), (linux, lumos)))
    found = list(differences(script.__name__, *traces))
    assert not found, f"{len(found)} of {len(traces[0])} calls differ:\n" + "\n".join(found[:200])


def test_no_known_difference_is_stale(request):
    """Only when all scripts ran: a row may belong to one that was not asked for."""
    if request.session.testsfailed or len(request.session.items) <= len(SCRIPTS):
        pytest.skip("not all scripts ran and passed")
    stale = [row for row in KNOWN if row not in used]
    assert not stale, f"known differences that are none any more: {stale}"
