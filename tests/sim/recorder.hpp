#pragma once
// The history of a run: a hash over every event and frame, by which two runs are compared, and on demand
// what a person wants to see of a failure: a capture of all frames and the trace records of all stacks.

#include "sim/line.hpp"
#include "tests/wire/link/capture.hpp"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

namespace sim {

class recorder {
public:
    /// Adds to the hash.
    void note(uint64_t word) { hash_ = (hash_ ^ word) * 0x9e3779b97f4a7c15 ^ hash_ >> 29; }
    void note(const frame& bytes);
    uint64_t hash() const { return hash_; }

    /// From now on also writes PATH.pcapng and PATH.trace.
    void open(const std::string& path);
    bool is_open() const { return capture_ != nullptr; }
    void add_interface(const std::string& name);
    void write_frame(unsigned interface, net::port::time_ns when, const frame& bytes);
    /// The trace records that a stack has written since the last call for this host.
    void write_trace(unsigned host, net::stack& of);
    void forget_trace(unsigned host) { trace_positions_[host] = 0; }
    void flush();

private:
    uint64_t hash_ = 1;
    std::unique_ptr<::wire::capture> capture_;
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> trace_{nullptr, std::fclose};
    std::map<unsigned, uint64_t> trace_positions_;
};

} // namespace sim
