// The list of scenarios.

#include "sim/lab.hpp"
#include "sim/scenarios/scenarios.hpp"

namespace sim {
namespace {

constexpr scenario scenarios[] = {
    {.name = "bulk", .body = bulk},
};

} // namespace

std::span<const scenario> all_scenarios() {
    return scenarios;
}

} // namespace sim
