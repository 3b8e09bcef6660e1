#include "sim/sysctl.hpp"

#include "net/core/sysctl.hpp"

#include <cstring>

namespace sim {

namespace {

const net::sysctl& find(const char* name) {
    for (size_t i = 0; i < net::sysctl_count; i++) {
        if (std::strcmp(net::sysctls[i].name, name) == 0) {
            return net::sysctls[i];
        }
    }
    ADD_FAILURE() << "no parameter " << name;
    return net::sysctls[0];
}

} // namespace

std::string read_sysctl(host& of, const char* name) {
    std::string text;
    net::report_writer writer = {.context = &text, .write = [](void* to, const char* bytes, size_t length) {
                                     static_cast<std::string*>(to)->append(bytes, length);
                                 }};
    net::sysctl_read(of.stack(), find(name), writer);
    return text;
}

int write_sysctl(host& of, const char* name, const std::string& text) {
    const lib::result<void> outcome = net::sysctl_write(of.stack(), find(name), text.data(), text.size());
    return outcome.ok() ? 0 : -outcome.error().number;
}

} // namespace sim
