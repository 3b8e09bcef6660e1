// The socket layer alone: sequences of calls over all families, options, ioctls and control messages, with
// arguments that are wrong in every way. The first byte chooses which sockets are open already (scene.hpp).

#include "fuzz/support/calls.hpp"
#include "fuzz/support/world.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
    constexpr unsigned most_calls = 8;
    fuzz::input in(bytes, length);
    fuzz::scene& scene = fuzz::scene::begin(in.byte());
    fuzz::caller caller(scene.machine, scene.user);
    for (unsigned i = 0; i < most_calls && !in.empty(); i++) {
        caller.act(in);
        fuzz::the_world.settle();
    }
    scene.end();
    return 0;
}
