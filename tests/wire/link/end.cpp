#include "tests/wire/link/end.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdexcept>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace wire {
namespace {

/// The longest frame of QEMU's network layer is smaller.
constexpr size_t largest_frame = 70000;

int check(int result, const std::string& what) {
    if (result < 0) {
        throw std::system_error(errno, std::generic_category(), what);
    }
    return result;
}

sockaddr_un unix_address(const std::string& path) {
    sockaddr_un out = {.sun_family = AF_UNIX, .sun_path = {}};
    if (path.empty() || path.size() >= sizeof out.sun_path) {
        throw std::invalid_argument("not a socket's path: " + path);
    }
    std::memcpy(out.sun_path, path.data(), path.size());
    return out;
}

} // namespace

end::end(const std::string& description) {
    size_t colon = description.find(':');
    std::string kind = description.substr(0, colon);
    std::string rest = colon == description.npos ? "" : description.substr(colon + 1);
    size_t comma = rest.find(',');
    if (kind == "tap") {
        open_tap(rest);
    } else if (kind == "dgram" && comma != rest.npos) {
        open_dgram(rest.substr(0, comma), rest.substr(comma + 1));
    } else {
        throw std::invalid_argument("not an end of a wire: " + description);
    }
}

end::~end() {
    close(in_);
    if (out_ != in_) {
        close(out_);
    }
    if (!own_path_.empty()) {
        unlink(own_path_.c_str());
    }
}

void end::open_tap(const std::string& name) {
    in_ = out_ = check(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), "/dev/net/tun");
    ifreq request = {};
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
    check(ioctl(in_, TUNSETIFF, &request), "tap device " + name);
}

/// Two sockets: a connected one, whose poll() tells when the receiver has room again, would hear nobody else,
/// not even a guest that was started anew.
void end::open_dgram(const std::string& own, const std::string& other) {
    sockaddr_un own_address = unix_address(own);
    other_ = unix_address(other);
    in_ = check(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
    out_ = check(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
    unlink(own.c_str());
    check(bind(in_, reinterpret_cast<sockaddr*>(&own_address), sizeof own_address), own);
    own_path_ = own;
}

std::optional<frame> end::receive() {
    static thread_local uint8_t buffer[largest_frame];
    ssize_t length = read(in_, buffer, sizeof buffer);
    if (length <= 0) {
        return std::nullopt;
    }
    return frame(buffer, buffer + length);
}

send_result end::send(const frame& content) {
    bool is_socket = other_.sun_family == AF_UNIX;
    if (is_socket && !connected_) {
        connected_ = connect(out_, reinterpret_cast<sockaddr*>(&other_), sizeof other_) == 0;
        if (!connected_) {
            return send_result::nobody_there;
        }
    }
    if (write(out_, content.data(), content.size()) >= 0) {
        return send_result::sent;
    }
    if (errno == EAGAIN || errno == ENOBUFS) {
        return send_result::must_wait;
    }
    connected_ = false;
    return send_result::nobody_there;
}

} // namespace wire
