#pragma once
// Intel 82540EM, the gigabit card that QEMU and Bochs emulate ("e1000").
//
// Two steps, because QEMU's card is deaf for a second after its receiver was configured: probe_e1000() runs
// as soon as there is memory and starts the receiver, register_e1000() connects the cards to the network
// stack when there is one. Frames that arrive in between wait in the ring.

#include "kernel/lib/result.hpp"

namespace net {
class stack;
}

namespace drv {

/// Finds every card, reads its address, sets up its rings and starts its receiver. Once, at boot, after
/// scan_pci(); sleeps not. Cards that do not work are logged and left alone.
void probe_e1000();

/// Registers the cards as eth0, eth1, ... and requests their interrupts. Once, process context. A card that
/// cannot be registered is logged and left alone.
void register_e1000(net::stack& in);

} // namespace drv
