// The runner of the simulation: build/sim/sim [SCENARIO [SEED]].

#include "sim/simulation.hpp"

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
    const uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 0) : 1;
    for (const sim::scenario& each : sim::all_scenarios()) {
        if (argc > 1 && sim::find_scenario(argv[1]) != &each) {
            continue;
        }
        const sim::outcome result = sim::run_simulation({.what = &each, .seed = seed});
        std::printf("ok %s: %llu bytes in %.3f s\n", each.name,
                    static_cast<unsigned long long>(result.verified_bytes),
                    static_cast<double>(result.duration) / 1e9);
    }
}
