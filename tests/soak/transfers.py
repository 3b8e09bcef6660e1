"""Files sent from one machine to the other by the programs that both systems have, compared by SHA-256."""
import machines

SOURCE, RECEIVED = "/tmp/source", "/tmp/received"
PORT = 5001


def by_http(sender, receiver, timeout):
    """The receiver fetches: wget from httpd."""
    sender.serve()
    url = f"http://{sender.address}{SOURCE.replace('/tmp', '')}"
    receiver.run(receiver.fetch_command(url, RECEIVED), timeout=timeout)


def by_nc(sender, receiver, timeout):
    """The receiver connects, and has closed its direction before the data comes."""
    sender.run(sender.send_command(PORT, SOURCE) + " & pid=$!")
    sender.wait_for_listener(PORT)
    receiver.run(receiver.receive_command(sender.address, PORT, RECEIVED), timeout=timeout)
    sender.run("wait $pid", timeout=timeout)


WAYS = {"http": by_http, "nc": by_nc}


def transfer(way, sender, receiver, size, timeout):
    """Fails when a byte differs, or a connection is left over."""
    digest = sender.make_file(SOURCE, size)
    WAYS[way](sender, receiver, timeout)
    assert receiver.sha256(RECEIVED) == digest
    for machine in (sender, receiver):
        expect_no_connections(machine)
        machine.run(f"rm -f {SOURCE} {RECEIVED}")


def expect_no_connections(machine, seconds=20 * machines.PATIENCE):
    """Also those that wait for a last ACK over a bad wire are gone."""
    machine.wait_until(lambda: not machine.connections(), f"the end of connections of {machine.address}", seconds)
