"""Very many short connections: nothing may stay behind, on either side."""
import re
import time

from leaks import nothing_leaks
from machines import PATIENCE, edition

CONNECTIONS = edition(1000, 100_000)
CLIENTS = 4
ROUNDS = edition(1, 20)


def test_churn(two_lumos, figures):
    client, server = two_lumos.a, two_lumos.b
    server.run("echoserver 7 & true")
    server.wait_for_listener(7)
    each = CONNECTIONS // CLIENTS // ROUNDS
    figures(f"baseline: {server.counters()}")
    started = time.monotonic()
    with nothing_leaks(client, server):
        for _ in range(ROUNDS):
            command = " ".join([f"/tests/churn {server.address} 7 {each} &"] * CLIENTS)
            output = client.run(f"{command} wait", timeout=300 * PATIENCE)
            assert re.findall(r"(\d+) connections, (\d+) failed", output) == [(str(each), "0")] * CLIENTS, output
        seconds = time.monotonic() - started
    total = each * CLIENTS * ROUNDS
    figures(f"{total} connections in {seconds:.0f} s, counters of both machines at the baseline: {server.counters()}")
