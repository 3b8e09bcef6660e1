// build/threads/sim-threads [--seeds N] [--first SEED] [--scale PERCENT] [SCENARIO...]: runs scenarios on
// real threads under ThreadSanitizer, which makes the exit status 66 if it has found a race. The first seed
// is drawn from the date if not given.

#include "threads/run.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

namespace {

struct wishes {
    uint64_t seeds = 1;
    uint64_t first = static_cast<uint64_t>(std::time(nullptr) / 86400) * 1'000'000;
    unsigned scale_percent = 10;
    std::vector<std::string> names;
};

wishes parse(int argc, char** argv) {
    wishes out;
    for (int i = 1; i < argc; i++) {
        const auto number = [&](const char* option) {
            if (std::strcmp(argv[i], option) != 0 || i + 1 >= argc) {
                return false;
            }
            i++;
            return true;
        };
        if (number("--seeds")) {
            out.seeds = std::strtoull(argv[i], nullptr, 0);
        } else if (number("--first")) {
            out.first = std::strtoull(argv[i], nullptr, 0);
        } else if (number("--scale")) {
            out.scale_percent = static_cast<unsigned>(std::strtoul(argv[i], nullptr, 0));
        } else {
            out.names.emplace_back(argv[i]);
        }
    }
    return out;
}

} // namespace

int main(int argc, char** argv) {
    const wishes wanted = parse(argc, argv);
    std::printf("seeds %llu to %llu on real threads\n", static_cast<unsigned long long>(wanted.first),
                static_cast<unsigned long long>(wanted.first + wanted.seeds - 1));
    for (uint64_t seed = wanted.first; seed < wanted.first + wanted.seeds; seed++) {
        for (const sim::scenario& each : sim::all_scenarios()) {
            const bool named =
                std::find(wanted.names.begin(), wanted.names.end(), each.name) != wanted.names.end();
            if (named || (wanted.names.empty() && each.random)) {
                const threads::outcome result =
                    threads::run({.what = &each, .seed = seed, .scale_percent = wanted.scale_percent});
                std::printf("ok threads.%s seed %llu: %llu bytes in %.2f s\n", each.name,
                            static_cast<unsigned long long>(seed),
                            static_cast<unsigned long long>(result.verified_bytes),
                            std::chrono::duration<double>(result.duration).count());
                std::fflush(stdout);
            }
        }
    }
}
