"""A whole guest under attack, seen from outside: what it holds, what it counts, and what its processor does."""
import contextlib
import os
import re
import threading
import time

from attacker import ACK, ATTACKER_IP, RST, SYN, Honest, tcp

SLACK_KIB = 512  # what caches and the table of neighbours may keep
IDLE_S = 0.2     # a window in which the processor has to be idle


class Victim:
    def __init__(self, guest, cable):
        self.guest, self.cable = guest, cable
        self.processor = processor_of(guest.console.pid)
        self.echo = Honest(cable, 7)
        self.calm = min(self.latency() for _ in range(3))
        self.settle()
        self.before = self.at_boot = self.held()

    def latency(self):
        """How long the console takes to answer."""
        began = time.monotonic()
        self.guest.run("true", timeout=60)
        return time.monotonic() - began

    @contextlib.contextmanager
    def setting(self, name, value):
        """Of /proc/sys/net, for a while."""
        path = f"/proc/sys/net/{name}"
        usual = " ".join(self.guest.run(f"cat {path}").split())
        self.guest.run(f"echo {value} > {path}")
        try:
            yield
        finally:
            self.guest.run(f"echo {usual} > {path}")

    # ---- what it counts ----

    def counters(self):
        """Drops by their reason, columns of snmp and netstat as "Udp.NoPorts", and the card's errors."""
        lines = self.guest.run("cat /proc/net/drops /proc/net/snmp /proc/net/netstat /proc/net/dev").splitlines()
        counters = {line.split()[0]: int(line.split()[1]) for line in lines if re.fullmatch(r"\w+ +\d+", line)}
        tables = [line for line in lines if re.match(r"[A-Z]\w*: ", line)]
        for names, values in zip(tables[::2], tables[1::2]):
            protocol = names.split(":")[0]
            counters.update({f"{protocol}.{name}": int(value)
                             for name, value in zip(names.split()[1:], values.split()[1:])})
        card = next(line for line in lines if line.strip().startswith("eth0:")).split(":")[1].split()
        counters.update({f"eth0.{name}": int(card[column])
                         for name, column in (("packets", 1), ("errors", 2), ("dropped", 3), ("frame", 5))})
        return counters

    @contextlib.contextmanager
    def counting(self):
        """What the counters have grown by inside, as soon as all that was sent has been dealt with. (Each fence is
        two packets more.)"""
        before = self.counters()
        grown = {}
        yield grown
        self.cable.fence()
        grown.update({name: value - before.get(name, 0) for name, value in self.counters().items()})

    # ---- what it holds ----

    def numbers(self, path, pattern):
        return {name: int(value) for name, value in re.findall(pattern, self.guest.run(f"cat {path}"))}

    def free_kib(self):
        return self.numbers("/proc/meminfo", r"(MemFree): +(\d+)")["MemFree"]

    def bytes_of(self, purpose):
        """Memory that the kernel has given out for "skb", "skb_data", "socket", ..."""
        return self.numbers("/proc/meminfo", r"Tag:(\w+) +(\d+)")[purpose]

    def sockstat(self, protocol, what):
        text = self.guest.run("cat /proc/net/sockstat")
        return int(re.search(rf"{protocol}:.* {what} (\d+)", text).group(1))

    def held(self):
        text = self.guest.run("grep MemFree /proc/meminfo; cat /proc/net/sockstat")
        what = {"free": r"MemFree: +(\d+)", "sockets": r"sockets: used (\d+)", "orphans": r"TCP:.* orphan (\d+)",
                "packets": r"TCP:.* mem (\d+)", "fragments": r"FRAG: inuse (\d+)"}
        return {name: int(re.search(pattern, text).group(1)) for name, pattern in what.items()}

    # ---- what its processor does ----

    def work(self):
        """Seconds of this host's processor that the guest's has had: whatever else this host does, and without what
        QEMU does beside it."""
        with open(self.processor, encoding="ascii") as file:
            return int(file.read().split()[0]) / 1e9

    @contextlib.contextmanager
    def working(self):
        """A list that gets one number: the work() of what was sent inside."""
        spent = []
        self.cable.fence()
        before = self.work()
        yield spent
        self.cable.fence()
        spent.append(self.work() - before)

    def settle(self):
        """Until what is under way has been dealt with; then the processor is idle within a second of its time."""
        self.cable.fence()
        over = self.work()
        while True:
            work, now = self.work(), time.monotonic()
            time.sleep(IDLE_S)
            if self.work() - work < 0.5 * (time.monotonic() - now):
                return
            assert self.work() - over < 1, "the processor is not idle again"

    # ---- after an attack ----

    def wait_until(self, holds, what, seconds=60):
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
            time.sleep(0.1)

    def expect_alive(self):
        self.echo.echo()
        assert self.latency() < max(1, 20 * self.calm)

    def expect_baseline(self, before):
        now = {}

        def reached():
            now.update(self.held())
            return (now["free"] >= before["free"] - SLACK_KIB
                    and all(now[name] <= before[name] for name in now if name != "free"))
        try:
            self.wait_until(reached, "everything given back")
        except AssertionError:
            raise AssertionError(f"held {now}, before the attack {before}") from None


def processor_of(qemu):
    """The file with the time of the thread that is the guest's processor. Needs -name debug-threads=on."""
    for thread in os.listdir(f"/proc/{qemu}/task"):
        with open(f"/proc/{qemu}/task/{thread}/comm", encoding="ascii") as file:
            if file.read().startswith("CPU 0"):
                return f"/proc/{qemu}/task/{thread}/schedstat"
    raise RuntimeError("QEMU does not name its threads")


@contextlib.contextmanager
def running(victim, program, protocol, port):
    """A program of the guest, from when it has its port until it has ended."""
    victim.guest.run(f"{program} & running=$!; true")
    victim.guest.run(f"until netstat -l{protocol[0]}n | grep -q ':{port} '; do sleep 0.1; done")
    try:
        yield
    finally:
        victim.guest.run("kill $running; wait $running; true")


def hold(victim, arguments):
    """The program of hold.c on port 9000."""
    return running(victim, f"/tests/hold 9000 {arguments} > /dev/null", "tcp", 9000)


class Crowd:
    """Connections from many clients (address, port) to port 9000, which answer every segment with the same
    acknowledgment. It is the reflex of the cable until something else is."""

    def __init__(self, cable, clients, window=65535, options=b"", patience=20):
        self.cable, self.window = cable, window
        self.numbers = {}     # next sequence number of the guest, by client
        self.resets = set()   # clients that the guest has reset
        self.news = threading.Condition()
        cable.reflex = self.take
        cable.introduce({address for address, _ in clients})
        deadline = time.monotonic() + patience
        while len(self.numbers) < len(clients):
            assert time.monotonic() < deadline, f"{len(self.numbers)} of {len(clients)} connections"
            for client in clients:
                if client not in self.numbers:
                    address, port = client
                    cable.send(tcp(port, 9000, SYN, 99, options=options, source=address))
            with self.news:
                self.news.wait_for(lambda: len(self.numbers) == len(clients), 0.5)
        cable.fence()  # also the last acknowledgment is there

    def take(self, segment):
        client = segment.peer, segment.peer_port
        with self.news:
            if segment.flags & RST:
                self.resets.add(client)
            elif segment.flags & SYN:
                self.numbers[client] = segment.seq + 1
            if client in self.numbers and client not in self.resets:
                self.say(client, ACK)
            self.news.notify_all()

    def say(self, client, flags, seq=100, payload=b""):
        address, port = client
        self.cable.send(tcp(port, 9000, flags, seq, self.numbers[client], self.window, payload, address))

    def reset(self):
        for client in self.numbers:
            self.say(client, RST)


def attackers(count, first=1024):
    """So many clients at one address."""
    return [(ATTACKER_IP, port) for port in range(first, first + count)]
