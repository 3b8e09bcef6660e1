// A cable between two network cards, with faults. README.md in this folder says how it is used.

#include "tests/wire/link/capture.hpp"
#include "tests/wire/link/end.hpp"
#include "tests/wire/link/faults.hpp"

#include <csignal>
#include <cstring>
#include <ctime>
#include <iostream>
#include <memory>
#include <poll.h>
#include <stdexcept>
#include <unistd.h>

namespace {

/// Frames that wait for a receiver that takes none, before the sender has to wait, too.
constexpr size_t longest_backlog = 1000;

uint64_t clock_ns(clockid_t which) {
    timespec time;
    clock_gettime(which, &time);
    return time.tv_sec * 1'000'000'000ull + time.tv_nsec;
}
uint64_t now_ns() {
    return clock_ns(CLOCK_MONOTONIC);
}

struct options {
    std::string ends[2];
    std::string scripts[2];
    uint64_t seed = 1;
    const char* pcap = nullptr;
};

/// One direction: from an end, through the faults, to the other end.
struct way {
    way(wire::end& source, wire::end& sink, const std::string& script, uint64_t seed, unsigned number)
        : from(source), to(sink), faults(script, seed, now_ns()), first_interface(number * 2) {}

    wire::end& from;
    wire::end& to;
    wire::direction faults;
    unsigned first_interface;           ///< of the capture: frames sent; the next one: frames received
    std::optional<wire::frame> waiting; ///< has arrived, but the receiver does not take it yet
    uint64_t lost_with_nobody_there = 0;

    bool has_room() const { return faults.under_way() < longest_backlog || !waiting; }
    uint64_t next_event_ns() const { return waiting ? wire::never_ns : faults.next_arrival_ns(); }
};

class cable {
public:
    explicit cable(const options& given)
        : a_(given.ends[0]), b_(given.ends[1]),
          seed_(given.seed), ways_{{a_, b_, given.scripts[0], seed_, 0},
                                   {b_, a_, given.scripts[1], seed_ + 1, 1}} {
        if (given.pcap != nullptr) {
            capture_ = std::make_unique<wire::capture>(given.pcap);
            for (auto name : {"a sent", "b received", "b sent", "a received"}) {
                capture_->add_interface(name);
            }
        }
    }

    /// Carries frames until its standard input ends.
    void run() {
        bool commanded = true;
        while (commanded) {
            pollfd wanted[5] = {{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}};
            uint64_t next_ns = wire::never_ns;
            for (int i = 0; i < 2; i++) {
                way& each = ways_[i];
                wanted[1 + i] = {
                    .fd = each.has_room() ? each.from.receiving() : -1, .events = POLLIN, .revents = 0};
                wanted[3 + i] = {
                    .fd = each.waiting ? each.to.sending() : -1, .events = POLLOUT, .revents = 0};
                next_ns = std::min(next_ns, each.next_event_ns());
            }
            sleep_until(next_ns, wanted);
            for (way& each : ways_) {
                take_in(each);
                give_out(each);
            }
            if (wanted[0].revents != 0) {
                commanded = read_commands();
            }
        }
    }

private:
    static void sleep_until(uint64_t when_ns, pollfd (&wanted)[5]) {
        timespec left = {};
        uint64_t now = now_ns();
        if (when_ns > now) {
            left.tv_sec = (when_ns - now) / 1'000'000'000;
            left.tv_nsec = (when_ns - now) % 1'000'000'000;
        }
        ppoll(wanted, 5, when_ns == wire::never_ns ? nullptr : &left, nullptr);
    }

    void take_in(way& on) {
        while (on.has_room()) {
            std::optional<wire::frame> got = on.from.receive();
            if (!got) {
                return;
            }
            if (capture_) {
                wire::frame content = *got;
                std::string comment = on.faults.send(std::move(*got), now_ns());
                record(on.first_interface, content, comment);
            } else {
                on.faults.send(std::move(*got), now_ns());
            }
            give_out(on);
        }
    }

    void give_out(way& on) {
        while (on.waiting || (on.waiting = on.faults.receive(now_ns()))) {
            switch (on.to.send(*on.waiting)) {
            case wire::send_result::must_wait:
                return;
            case wire::send_result::sent:
                record(on.first_interface + 1, *on.waiting, "");
                break;
            case wire::send_result::nobody_there:
                on.lost_with_nobody_there++;
                break;
            }
            on.waiting.reset();
        }
    }

    void record(unsigned interface, const wire::frame& content, const std::string& comment) {
        if (capture_) {
            capture_->write(interface, clock_ns(CLOCK_REALTIME), content, comment);
        }
    }

    /// False at the end of the input.
    bool read_commands() {
        char bytes[4096];
        ssize_t length = read(STDIN_FILENO, bytes, sizeof bytes);
        if (length <= 0) {
            return false;
        }
        input_.append(bytes, length);
        for (size_t end; (end = input_.find('\n')) != input_.npos; input_.erase(0, end + 1)) {
            std::cout << answer(input_.substr(0, end)) << std::endl;
        }
        return true;
    }

    std::string answer(const std::string& line) {
        size_t space = line.find(' ');
        std::string command = line.substr(0, space);
        std::string argument = space == line.npos ? "" : line.substr(space + 1);
        try {
            if (command == "ab") {
                ways_[0].faults.set_script(argument, seed_, now_ns());
            } else if (command == "ba") {
                ways_[1].faults.set_script(argument, seed_ + 1, now_ns());
            } else if (command == "seed") {
                seed_ = std::stoull(argument);
            } else if (command == "stats") {
                return "ab " + report(ways_[0]) + "\nba " + report(ways_[1]);
            } else if (command == "flush") {
                if (capture_) {
                    capture_->flush();
                }
            } else {
                return "error unknown command " + command;
            }
        } catch (const std::invalid_argument& error) {
            return std::string("error ") + error.what();
        }
        return "ok";
    }

    static std::string report(const way& of) {
        return of.faults.report() + "; nobody there: " + std::to_string(of.lost_with_nobody_there);
    }

    wire::end a_, b_;
    uint64_t seed_;
    way ways_[2];
    std::unique_ptr<wire::capture> capture_;
    std::string input_;
};

options parse_options(char** arguments) {
    options out;
    unsigned ends = 0;
    for (; *arguments != nullptr; arguments++) {
        std::string word = *arguments;
        if (word.starts_with("--")) {
            const char* value = *++arguments;
            if (value == nullptr) {
                throw std::invalid_argument(word + " needs a value");
            }
            if (word == "--ab") {
                out.scripts[0] = value;
            } else if (word == "--ba") {
                out.scripts[1] = value;
            } else if (word == "--seed") {
                out.seed = std::stoull(value);
            } else if (word == "--pcap") {
                out.pcap = value;
            } else {
                throw std::invalid_argument("unknown option " + word);
            }
        } else if (ends < 2) {
            out.ends[ends++] = word;
        } else {
            throw std::invalid_argument("more than two ends");
        }
    }
    if (ends != 2) {
        throw std::invalid_argument(
            "usage: link END_A END_B [--ab SCRIPT] [--ba SCRIPT] [--seed N] [--pcap FILE]");
    }
    return out;
}

} // namespace

int main(int, char** arguments) {
    std::signal(SIGPIPE, SIG_IGN);
    try {
        cable whole(parse_options(arguments + 1));
        std::cout << "ready" << std::endl;
        whole.run();
    } catch (const std::exception& error) {
        std::cerr << "link: " << error.what() << std::endl;
        return 1;
    }
}
