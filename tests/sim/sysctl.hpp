#pragma once
// The parameters of a simulated host, as a shell reads and writes the files below /proc/sys/net.

#include "sim/host.hpp"

#include <string>

namespace sim {

/// The text of a file, "ipv4/tcp_sack" say.
std::string read_sysctl(host& of, const char* name);
/// 0, or -errno.
int write_sysctl(host& of, const char* name, const std::string& text);

} // namespace sim
