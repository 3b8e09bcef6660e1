// See observer.hpp.

#include "threads/observer.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/abi/inet.h"
#include "kernel/abi/netdevice.h"
#include "kernel/abi/packet.h"
#include "net/ipv4/arp.hpp"
#include "net/ipv4/route.hpp"
#include "sim/program.hpp"

#include <cstring>

namespace threads {
namespace {

constexpr auto pause = std::chrono::milliseconds(2);

} // namespace

observer::observer(sim::lab& in, sim::host& of, uint32_t neighbour)
    : lab_(in), host_(of), neighbour_(neighbour), thread_([this] { work(); }) {}

observer::~observer() {
    stop_ = true;
    process_.kill();
    thread_.join();
}

void observer::work() {
    process_.id = 50;
    process::become(process_);
    try {
        while (!stop_) {
            look_around();
            std::this_thread::sleep_for(pause);
        }
    } catch (const sim::program_killed&) {
    }
}

void observer::look_around() {
    switch (lab_.random(7)) {
    case 0:
        return read_reports();
    case 1:
        return read_trace();
    case 2:
        return change_routes();
    case 3:
        return change_neighbours();
    case 4:
        return ask_interface();
    case 5:
        return capture();
    default:
        return ping();
    }
}

void observer::read_reports() {
    size_t bytes = 0;
    net::report_writer counts = {.context = &bytes, .write = [](void* context, const char*, size_t length) {
                                     *static_cast<size_t*>(context) += length;
                                 }};
    for (size_t i = 0; i < net::report_count; i++) {
        bytes = 0;
        net::reports[i].write(host_.stack(), counts);
        LAB_CHECK(lab_, bytes != 0);
    }
}

/// Records are whole, whoever writes meanwhile: nothing in them is of another record or of none.
void observer::read_trace() {
    net::trace_ring& trace = host_.stack().trace;
    LAB_CHECK(lab_, trace.enable(lab_.chance(70) ? "all" : "tcp", lab_.chance(70)).ok());
    if (trace.written() == 0) {
        return;
    }
    trace_record some[200];
    uint64_t lost = 0;
    const size_t count = trace.read(&trace_position_, some, std::size(some), &lost);
    for (size_t i = 0; i < count; i++) {
        LAB_CHECK(lab_, some[i].event < static_cast<uint16_t>(net::trace_event::count));
        LAB_CHECK(lab_, some[i].cpu == 0 && some[i].time_ns <= lab_.now());
    }
}

void observer::change_routes() {
    const net::route_key elsewhere = {.destination =
                                          0xc0a80000 + (static_cast<uint32_t>(lab_.random(4)) << 8),
                                      .netmask = 0xffffff00,
                                      .gateway = neighbour_,
                                      .device = &host_.card().device};
    if (net::add_route(host_.stack(), elsewhere).ok()) {
        LAB_CHECK(lab_, net::remove_route(host_.stack(), elsewhere).ok());
    }
}

void observer::change_neighbours() {
    const net::arp_entry stranger = {.address = 0x0a0000c8,
                                     .device = &host_.card().device,
                                     .mac = {0x02, 0, 0, 0, 1, 200},
                                     .permanent = lab_.chance(50)};
    if (net::arp_set(host_.stack(), stranger).ok()) {
        (void)net::arp_delete(host_.stack(), stranger.address, stranger.device);
    }
    // Forgotten while in use: it must be asked for again.
    if (lab_.chance(5)) {
        (void)net::arp_delete(host_.stack(), neighbour_, &host_.card().device);
    }
}

void observer::ask_interface() {
    sim::user_socket socket(host_, SOCK_DGRAM);
    ifreq request = {};
    std::strcpy(request.ifr_name, "eth0");
    LAB_CHECK(lab_, socket.ok());
    LAB_CHECK(lab_, socket.ioctl(SIOCGIFADDR, &request) == 0);
    LAB_CHECK(lab_, socket.ioctl(SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) != 0);
}

void observer::capture() {
    sim::user_socket socket(host_, SOCK_RAW, lib::swap_bytes(uint16_t{ETH_P_ALL}), AF_PACKET);
    LAB_CHECK(lab_, socket.ok());
    for (int i = 0; i < 5 && socket.poll(POLLIN, 50 * net::port::millisecond) != 0; i++) {
        LAB_CHECK(lab_, socket.recv(2000).result > 0);
    }
}

void observer::ping() {
    sim::user_socket socket(host_, SOCK_DGRAM, IPPROTO_ICMP);
    LAB_CHECK(lab_, socket.ok());
    const std::string question("\x08\0\0\0\0\0\0\0hello", 13);
    if (socket.send_to(question, neighbour_, 0) < 0) {
        return; // nobody is there at the moment
    }
    if ((socket.poll(POLLIN, 200 * net::port::millisecond) & POLLIN) != 0) {
        const sim::received answer = socket.recv();
        LAB_CHECK(lab_, answer.result < 0 || answer.data.substr(8) == "hello");
    }
}

} // namespace threads
