#pragma once
// An end of a wire: where frames come from and go to. Neither kind loses a frame that the other side is there
// to take: who cannot send waits.

#include "tests/wire/link/frame.hpp"

#include <optional>
#include <string>
#include <sys/un.h>

namespace wire {

enum class send_result : uint8_t { sent, nobody_there, must_wait };

class end {
public:
    /// From "dgram:OWN,OTHER" or "tap:NAME". Throws std::invalid_argument or std::system_error.
    explicit end(const std::string& description);
    ~end();
    end(const end&) = delete;
    end& operator=(const end&) = delete;

    /// The next frame, or none for now.
    std::optional<frame> receive();
    send_result send(const frame& content);

    /// Descriptors to wait on: for receive(), and for send() when it must wait.
    int receiving() const { return in_; }
    int sending() const { return out_; }

private:
    void open_tap(const std::string& name);
    void open_dgram(const std::string& own, const std::string& other);

    int in_ = -1;
    int out_ = -1;
    bool connected_ = false;
    std::string own_path_;
    sockaddr_un other_ = {}; ///< of a datagram socket
};

} // namespace wire
