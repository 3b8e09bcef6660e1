"""A program or a whole machine ends without a word in the middle of a transfer. Its peer must find out, and nothing
may stay behind."""
import itertools

from conftest import FEWER_PAIRS
from leaks import nothing_leaks
from machines import PATIENCE, Lumos, edition
from transfers import expect_no_connections

PORT = 5002
ROUNDS = edition(1, 10)


def lumos_ones(pair):
    return [machine for machine in (pair.a, pair.b) if machine.system == "lumos"]


def start_endless_transfer(sender, receiver):
    """Both shells have the program's number in $pid."""
    sender.run(sender.send_command(PORT, "/dev/zero") + " & pid=$!")
    sender.wait_for_listener(PORT)
    receiver.run(f"nc {sender.address} {PORT} < /dev/null > /dev/null & pid=$!")
    receiver.wait_until(lambda: any(f":{PORT}" in line for line in receiver.connections()), "a connection")


@FEWER_PAIRS
def test_kill_9(pair):
    """Who is killed is closed by its kernel: with FIN when it was sending, with RST when data still comes."""
    with nothing_leaks(*lumos_ones(pair)):
        for sender, victim in itertools.product((pair.a, pair.b)[:edition(1, 2)], ("sender", "receiver")):
            for _ in range(ROUNDS):
                receiver = pair.other(sender)
                killed, survivor = (sender, receiver) if victim == "sender" else (receiver, sender)
                start_endless_transfer(sender, receiver)
                killed.run("kill -9 $pid; wait $pid", check=False)
                survivor.run("wait $pid", timeout=30 * PATIENCE, check=False)
                # A reader sees the end of the data; a writer is refused.
                assert (survivor.status == 0) == (survivor is receiver)
                expect_no_connections(killed)
                expect_no_connections(survivor)


def test_power_loss_of_the_receiver(fresh_pair):
    """Half-open (RFC 9293 §3.5.1): what the sender repeats meets a machine that knows nothing of it, which resets."""
    survivor, victim = fresh_pair.a, fresh_pair.b
    with nothing_leaks(survivor):
        start_endless_transfer(survivor, victim)
        victim.drop_power()
        fresh_pair.b = Lumos(fresh_pair.wire, "b")
        survivor.run("wait $pid", timeout=120 * PATIENCE, check=False)
        assert survivor.status != 0
        expect_no_connections(survivor)


def test_power_loss_of_the_sender(fresh_pair):
    """Who only listens hears nothing at all, so programs set a time: wget -T."""
    survivor, victim = fresh_pair.a, fresh_pair.b
    victim.run("head -c 50000000 /dev/zero > /tmp/big", timeout=30 * PATIENCE)
    victim.serve()
    with nothing_leaks(survivor):
        fresh_pair.wire.faults(both="rate 4 Mbit/s")
        survivor.run(f"wget -q -T 5 -O /dev/null http://{victim.address}/big & pid=$!")
        survivor.wait_until(survivor.connections, "a connection")
        victim.drop_power()
        survivor.run("wait $pid", timeout=60 * PATIENCE, check=False)
        assert survivor.status == 4
        # Its FIN would be repeated for minutes, unless there is somebody to answer it.
        fresh_pair.wire.faults()
        fresh_pair.b = Lumos(fresh_pair.wire, "b")
