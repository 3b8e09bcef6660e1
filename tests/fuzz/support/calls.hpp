#pragma once
// Socket calls as a hostile program makes them: sequences that make sense, with arguments that need not. What
// the system-call layer guarantees is kept: addresses are at most sockaddr_storage, option values at most 512
// bytes of kernel memory, vectors are copied. Everything else is the fuzzer's.

#include "fuzz/support/host.hpp"
#include "fuzz/support/input.hpp"
#include "fuzz/support/scene.hpp"
#include "net/core/socket.hpp"

namespace net {
struct sysctl;
}

namespace fuzz {

class caller {
public:
    caller(host& on, program& user) : on_(on), user_(user) {}

    /// One call that the input describes.
    void act(input& in);

private:
    net::socket* pick(input& in);

    void make(input& in);
    void make_pair(input& in);
    void bind(input& in);
    void connect(input& in);
    void listen(input& in);
    void accept(input& in);
    void name(input& in);
    void send(input& in);
    void receive(input& in);
    void set_option(input& in);
    void get_option(input& in);
    void ioctl(input& in);
    void poll(input& in);
    void shutdown(input& in);
    void close(input& in);
    void surroundings(input& in);
    void report(input& in);
    void set_parameter(const net::sysctl& file, input& in);

    host& on_;
    program& user_;
};

} // namespace fuzz
