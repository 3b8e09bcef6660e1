"""Guests and host servers for the wire tests: every peer here is a program that knows nothing of Lumos."""
import functools
import hashlib
import http.server
import os
import random
import sys
import threading

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "guest"))
import harness  # noqa: E402

BIG_BYTES = 64 << 20


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """A folder that a web server of the host serves: small.txt, big.bin with 64 MiB of noise."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "small.txt").write_text("a small file\n")
    (folder / "big.bin").write_bytes(random.Random(1).randbytes(BIG_BYTES))
    return folder


@pytest.fixture(scope="session")
def big_sha256(served):
    return hashlib.sha256((served / "big.bin").read_bytes()).hexdigest()


@pytest.fixture(scope="session")
def web_server(served):
    """The port of Python's http.server on the host."""
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(served))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


@pytest.fixture(scope="module")
def guest():
    """A guest on QEMU's user-mode network, with an address, and httpd on port 80."""
    with harness.Guest(memory=256, forward=[80, 7, 5000]) as machine:
        machine.wait_for_shell().wait_for_network()
        machine.run("httpd -p 80 /tmp & httpd_started=$!; echoserver & true")
        machine.run("until netstat -ltn | grep -q ':80 '; do sleep 0.1; done")
        yield machine
