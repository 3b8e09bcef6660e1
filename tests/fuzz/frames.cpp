// One stack, fed frames: every layer, TCP in each state. The first byte chooses where it begins (scene.hpp),
// what follows are frames, the passing of time, and a user who reads, writes and closes.

#include "fuzz/support/scene.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
    constexpr unsigned most_actions = 8;
    fuzz::input in(bytes, length);
    fuzz::scene& scene = fuzz::scene::begin(in.byte());
    for (unsigned i = 0; i < most_actions && !in.empty(); i++) {
        scene.act(in);
    }
    scene.end();
    return 0;
}
