"""Counters of a Lumos guest before and after: whatever happened, all of it has been given back."""
import contextlib

from machines import edition

# TIME_WAIT lasts a minute; a closed connection may wait as long for its peer.
SETTLE_S = 200
# What is left of a closed connection for that minute. The short edition does not wait for it.
NOT_COMPARED = edition({"TCP tw", "bytes of socket"}, set())


def compared(guest):
    return {name: value for name, value in guest.counters().items() if name not in NOT_COMPARED}


@contextlib.contextmanager
def nothing_leaks(*guests):
    """What runs inside may take what it likes, but must leave every counter of these guests where it was."""
    for guest in guests:
        guest.wait_until(lambda: compared(guest) == compared(guest), "counters that stand still")
    before = [compared(guest) for guest in guests]
    yield
    for guest, wanted in zip(guests, before):
        last = {}

        def settled():
            last.clear()
            last.update(compared(guest))
            return last == wanted

        try:
            guest.wait_until(settled, "counters at the baseline", SETTLE_S)
        except AssertionError:
            changed = {name: (wanted[name], last[name]) for name in wanted if wanted[name] != last[name]}
            raise AssertionError(f"not given back by {guest.address} (before, after): {changed}") from None
