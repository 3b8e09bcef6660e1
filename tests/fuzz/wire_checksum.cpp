// The checksum at any alignment, length and split against the plain sum of RFC 1071, and the incremental
// update of RFC 1624 against summing again.

#include "fuzz/support/frame.hpp"
#include "fuzz/support/input.hpp"
#include "fuzz/support/world.hpp"
#include "net/wire/checksum.hpp"

#include <memory>

using fuzz::require;
using namespace net::wire;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
    fuzz::input in(bytes, length);
    const unsigned skew = in.below(8);
    const size_t split = in.byte();
    const uint32_t source = in.number();
    const uint32_t destination = in.number();
    const std::span<const uint8_t> message = in.rest();
    const std::unique_ptr<uint8_t[]> memory(new uint8_t[skew + message.size()]);
    uint8_t* exact = memory.get() + skew;
    std::memcpy(exact, message.data(), message.size());

    const uint16_t whole = checksum_finish(checksum_add(0, exact, message.size()));
    require(lib::swap_bytes(whole) == fuzz::plain_checksum(message), "one run");

    const size_t first = split < message.size() ? split : message.size();
    uint64_t sum = checksum_add_at(0, exact, first, 0);
    sum = checksum_add_at(sum, exact + first, message.size() - first, first);
    require(checksum_finish(sum) == whole, "two runs");

    uint8_t ip[20] = {};
    ip[9] = 17;
    for (unsigned i = 0; i < 4; i++) {
        ip[12 + i] = static_cast<uint8_t>(source >> (24 - 8 * i));
        ip[16 + i] = static_cast<uint8_t>(destination >> (24 - 8 * i));
    }
    const auto size = static_cast<uint32_t>(message.size());
    const uint64_t pseudo = pseudo_header_sum(source, destination, 17, size);
    require(lib::swap_bytes(checksum_finish(checksum_add(pseudo, exact, message.size()))) ==
                fuzz::plain_checksum(message, fuzz::pseudo_header(ip, size)),
            "with a pseudo-header");

    if (message.size() >= 2) {
        uint16_t before = 0;
        std::memcpy(&before, exact, sizeof(before));
        const auto after = static_cast<uint16_t>(source);
        std::memcpy(exact, &after, sizeof(after));
        const uint16_t summed_again = checksum_finish(checksum_add(0, exact, message.size()));
        const uint16_t updated = checksum_update(whole, before, after);
        // One's complement has two zeros: only a message of nothing but zeros tells them apart (RFC 1624 §3).
        require(updated == summed_again || (updated == 0 && summed_again == 0xffff), "an update");
    }
    return 0;
}
