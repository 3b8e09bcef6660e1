// See recorder.hpp.

#include "sim/recorder.hpp"

#include "net/stack.hpp"

#include <cstdlib>
#include <cstring>

namespace sim {

void recorder::note(const frame& bytes) {
    uint64_t word = bytes.size();
    note(word);
    size_t at = 0;
    for (; at + sizeof(word) <= bytes.size(); at += sizeof(word)) {
        std::memcpy(&word, bytes.data() + at, sizeof(word));
        note(word);
    }
    word = 0;
    std::memcpy(&word, bytes.data() + at, bytes.size() - at);
    note(word);
}

void recorder::open(const std::string& path) {
    capture_ = std::make_unique<::wire::capture>((path + ".pcapng").c_str());
    trace_.reset(std::fopen((path + ".trace").c_str(), "w"));
    if (trace_ == nullptr) {
        std::perror(path.c_str());
        std::abort();
    }
}

void recorder::add_interface(const std::string& name) {
    if (capture_ != nullptr) {
        capture_->add_interface(name);
    }
}

void recorder::write_frame(unsigned interface, net::port::time_ns when, const frame& bytes) {
    if (capture_ != nullptr) {
        capture_->write(interface, when, bytes, "");
    }
}

void recorder::write_trace(unsigned host, net::stack& of) {
    trace_record records[64];
    uint64_t& position = trace_positions_[host];
    uint64_t lost = 0;
    while (const size_t count = of.trace.read(&position, records, 64, &lost)) {
        for (size_t i = 0; i < count; i++) {
            const trace_record& each = records[i];
            const net::trace_event_description& what =
                net::describe(static_cast<net::trace_event>(each.event));
            std::fprintf(trace_.get(), "%12.6f host %u %s.%s", static_cast<double>(each.time_ns) / 1e9, host,
                         what.layer, what.name);
            if (each.sock != 0) {
                std::fprintf(trace_.get(), " sock %llu", static_cast<unsigned long long>(each.sock));
            }
            for (unsigned value = 0; value < 4; value++) {
                if (what.values[value][0] != '\0') {
                    std::fprintf(trace_.get(), " %s=%llu", what.values[value],
                                 static_cast<unsigned long long>(each.value[value]));
                }
            }
            std::fputc('\n', trace_.get());
        }
    }
}

void recorder::flush() {
    if (capture_ != nullptr) {
        capture_->flush();
        std::fflush(trace_.get());
    }
}

} // namespace sim
