#include "tests/wire/link/capture.hpp"

#include <cerrno>
#include <system_error>

namespace wire {
namespace {

constexpr uint32_t section_header_block = 0x0a0d0d0a;
constexpr uint32_t interface_description_block = 1;
constexpr uint32_t enhanced_packet_block = 6;
constexpr uint32_t byte_order_magic = 0x1a2b3c4d;
constexpr uint16_t option_end = 0;
constexpr uint16_t option_comment = 1;
constexpr uint16_t option_interface_name = 2;
constexpr uint16_t option_time_resolution = 9;
constexpr uint16_t link_type_ethernet = 1;

template <class Number>
void append(frame& to, Number value) {
    auto bytes = reinterpret_cast<const uint8_t*>(&value);
    to.insert(to.end(), bytes, bytes + sizeof value);
}

template <class Bytes>
void append_padded(frame& to, const Bytes& bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
    to.resize((to.size() + 3) / 4 * 4);
}

void append_option(frame& to, uint16_t code, std::string_view value) {
    append(to, code);
    append(to, static_cast<uint16_t>(value.size()));
    append_padded(to, value);
}

} // namespace

capture::capture(const char* path) : file_(std::fopen(path, "wb")) {
    if (file_ == nullptr) {
        throw std::system_error(errno, std::generic_category(), path);
    }
    frame body;
    append(body, byte_order_magic);
    append(body, uint16_t{1}); // version 1.0
    append(body, uint16_t{0});
    append(body, UINT64_MAX); // the section's length is not known
    write_block(section_header_block, body);
}

capture::~capture() {
    std::fclose(file_);
}

void capture::add_interface(std::string_view name) {
    frame body;
    append(body, link_type_ethernet);
    append(body, uint16_t{0});
    append(body, uint32_t{0}); // no limit of length
    append_option(body, option_interface_name, name);
    append_option(body, option_time_resolution, "\x09"); // 10^-9 s
    append_option(body, option_end, "");
    write_block(interface_description_block, body);
}

void capture::write(unsigned interface, uint64_t time_ns, const frame& content, std::string_view comment) {
    frame body;
    body.reserve(content.size() + 64);
    append(body, uint32_t{interface});
    append(body, static_cast<uint32_t>(time_ns >> 32));
    append(body, static_cast<uint32_t>(time_ns));
    append(body, static_cast<uint32_t>(content.size()));
    append(body, static_cast<uint32_t>(content.size()));
    append_padded(body, content);
    if (!comment.empty()) {
        append_option(body, option_comment, comment);
        append_option(body, option_end, "");
    }
    write_block(enhanced_packet_block, body);
}

void capture::flush() {
    std::fflush(file_);
}

void capture::write_block(uint32_t type, const frame& body) {
    uint32_t length = static_cast<uint32_t>(body.size()) + 12;
    std::fwrite(&type, sizeof type, 1, file_);
    std::fwrite(&length, sizeof length, 1, file_);
    std::fwrite(body.data(), 1, body.size(), file_);
    std::fwrite(&length, sizeof length, 1, file_);
}

} // namespace wire
