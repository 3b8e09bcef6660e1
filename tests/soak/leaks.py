"""Counters of a Lumos guest before and after: whatever happened, all of it has been given back."""
import contextlib

# TIME_WAIT lasts a minute; a closed connection may wait as long for its peer.
SETTLE_S = 200


@contextlib.contextmanager
def nothing_leaks(*guests):
    """What runs inside may take what it likes, but must leave every counter of these guests where it was."""
    for guest in guests:
        guest.wait_until(lambda: guest.counters() == guest.counters(), "counters that stand still")
    before = [guest.counters() for guest in guests]
    yield
    for guest, wanted in zip(guests, before):
        last = {}

        def settled():
            last.clear()
            last.update(guest.counters())
            return last == wanted

        try:
            guest.wait_until(settled, "counters at the baseline", SETTLE_S)
        except AssertionError:
            changed = {name: (wanted[name], last[name]) for name in wanted if wanted[name] != last[name]}
            raise AssertionError(f"not given back by {guest.address} (before, after): {changed}") from None
