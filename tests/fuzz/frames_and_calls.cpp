// Frames and socket calls in turns: what a call meets half-way through what a peer does, and the other way
// round.

#include "fuzz/support/calls.hpp"
#include "fuzz/support/world.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
    constexpr unsigned most_actions = 8;
    fuzz::input in(bytes, length);
    fuzz::scene& scene = fuzz::scene::begin(in.byte());
    fuzz::caller caller(scene.machine, scene.user);
    for (unsigned i = 0; i < most_actions && !in.empty(); i++) {
        if (in.flip()) {
            scene.act(in);
        } else {
            caller.act(in);
            fuzz::the_world.settle();
        }
    }
    scene.end();
    return 0;
}
