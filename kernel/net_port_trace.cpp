// /dev/trace: the trace ring as a file. Reading gives whole records (kernel/abi/trace.h) from the moment of
// opening on and sleeps while there are none; records that were overwritten before they were read show as one
// record of event TRACE_EVENT_LOST. Writing "+tcp -arp.resolve" switches layers and events on and off.
//
// A reader's position is the number of the next record it has not seen. The ring never waits for a reader.

#include "kernel/net_port_trace.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/abi/trace.h"
#include "kernel/arch/panic.hpp"
#include "kernel/fs/devfs.hpp"
#include "kernel/lib/format.hpp"
#include "kernel/lib/log.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "net/stack.hpp"

namespace net::port {

namespace {

constexpr size_t records_per_copy = 16;
constexpr size_t records_in_panic = 24;
constexpr size_t command_bytes = 512;
constexpr uint64_t trace_rdev = fs::make_rdev(10, 200); // a misc device of our own

stack* traced = nullptr;

/// One open /dev/trace.
struct trace_reader {
    uint64_t position;
    lock waiting{lock_rank::trace};
};

trace_reader& reader_of(fs::file& f) {
    return *static_cast<trace_reader*>(f.private_data);
}

bool has_news(const trace_reader& reader) {
    return traced->trace.written() != reader.position;
}

lib::result<void> open_trace(fs::file& f, void*) {
    auto* reader = new (mm::mem_tag::trace) trace_reader{.position = traced->trace.written()};
    if (reader == nullptr) {
        return lib::error{ENOMEM};
    }
    f.private_data = reader;
    return {};
}

void release_trace(fs::file& f) {
    delete &reader_of(f);
}

lib::result<void> wait_for_records(fs::file& f) {
    trace_reader& reader = reader_of(f);
    if (has_news(reader)) {
        return {};
    }
    if (f.nonblocking()) {
        return lib::error{EAGAIN};
    }
    guard hold(reader.waiting);
    return traced->trace.readers.wait(reader.waiting, [&reader] { return has_news(reader); });
}

trace_record lost_record(uint64_t count) {
    trace_record record{};
    record.time_ns = now();
    record.event = TRACE_EVENT_LOST;
    record.value[0] = count;
    return record;
}

lib::result<size_t> read_trace(fs::file& f, fs::io_buffer& buffer, uint64_t&) {
    if (buffer.remaining() < sizeof(trace_record)) {
        return lib::error{EINVAL};
    }
    TRY(wait_for_records(f));
    // The first place is for a note about lost records, so that needs room for two.
    trace_record records[1 + records_per_copy];
    while (buffer.remaining() >= sizeof(trace_record)) {
        const size_t room = buffer.remaining() / sizeof(trace_record);
        const size_t limit = room <= 2 ? 1 : (room - 1 < records_per_copy ? room - 1 : records_per_copy);
        uint64_t lost = 0;
        const size_t count = traced->trace.read(&reader_of(f).position, records + 1, limit, &lost);
        if (lost != 0 && room > 1) {
            records[0] = lost_record(lost);
            TRY(buffer.copy_out(records, sizeof(trace_record)));
        }
        if (count == 0) {
            break;
        }
        TRY(buffer.copy_out(records + 1, count * sizeof(trace_record)));
    }
    return buffer.done();
}

/// One word: "+tcp", "-arp", "+tcp.state"; without a sign it switches on.
lib::result<void> apply_word(const char* word) {
    const bool on = word[0] != '-';
    return traced->trace.enable(word[0] == '+' || word[0] == '-' ? word + 1 : word, on);
}

bool is_separator(char letter) {
    return letter == ' ' || letter == ',' || letter == '\n' || letter == '\t';
}

/// Applies each word of a text, which is changed meanwhile.
lib::result<void> apply_words(char* text) {
    while (*text != 0) {
        if (is_separator(*text)) {
            text++;
            continue;
        }
        char* end = text;
        while (*end != 0 && !is_separator(*end)) {
            end++;
        }
        const bool last = *end == 0;
        *end = 0;
        TRY(apply_word(text));
        text = last ? end : end + 1;
    }
    return {};
}

lib::result<size_t> write_trace(fs::file&, fs::io_buffer& buffer, uint64_t&) {
    char text[command_bytes];
    const size_t length = buffer.remaining();
    if (length >= sizeof text) {
        return lib::error{EINVAL};
    }
    TRY(buffer.copy_in(text, length));
    text[length] = 0;
    TRY(apply_words(text));
    return length;
}

short poll_trace(fs::file& f, fs::poll_table* table) {
    if (table != nullptr) {
        traced->trace.readers.add_poller(*reinterpret_cast<poll_table*>(table));
    }
    return static_cast<short>(POLLOUT | POLLWRNORM | (has_news(reader_of(f)) ? POLLIN | POLLRDNORM : 0));
}

constexpr fs::file_ops trace_file_ops = {
    .name = "trace",
    .read = read_trace,
    .write = write_trace,
    .poll = poll_trace,
    .ioctl = nullptr,
    .seek = nullptr,
    .read_directory = nullptr,
    .map = nullptr,
    .release = release_trace,
    .seekable = false,
};

/// The last records on the log, one line each: no locks, whatever state the machine is in.
void print_last_records() {
    const uint64_t written = traced->trace.written();
    uint64_t position = written > records_in_panic ? written - records_in_panic : 0;
    if (written == 0) {
        return;
    }
    LOG_ERROR("last trace records:");
    trace_record record;
    uint64_t lost = 0;
    while (traced->trace.read(&position, &record, 1, &lost) == 1) {
        if (record.event >= static_cast<uint16_t>(trace_event::count)) {
            continue;
        }
        const trace_event_description& what = describe(static_cast<trace_event>(record.event));
        LOG_ERROR("  %lu.%06lu cpu%u task%u sock%lu skb%lu %s.%s %s=%lx %s=%lx %s=%lx %s=%lx",
                  static_cast<unsigned long>(record.time_ns / second),
                  static_cast<unsigned long>(record.time_ns % second / microsecond), record.cpu, record.task,
                  static_cast<unsigned long>(record.sock), static_cast<unsigned long>(record.skb), what.layer,
                  what.name, what.values[0], static_cast<unsigned long>(record.value[0]), what.values[1],
                  static_cast<unsigned long>(record.value[1]), what.values[2],
                  static_cast<unsigned long>(record.value[2]), what.values[3],
                  static_cast<unsigned long>(record.value[3]));
    }
}

} // namespace

lib::result<void> start_trace(stack& in, const char* names) {
    traced = &in;
    TRY(fs::register_device("trace", S_IFCHR | 0600, trace_rdev, trace_file_ops, nullptr, open_trace));
    arch::set_panic_hook(print_last_records);
    if (names == nullptr) {
        return {};
    }
    char text[command_bytes];
    lib::format(text, sizeof text, "%s", names);
    if (!apply_words(text).ok()) {
        LOG_WARNING("trace=%s: not all of these are layers or events", names);
    }
    return {};
}

} // namespace net::port
