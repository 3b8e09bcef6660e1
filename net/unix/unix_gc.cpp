// Garbage. A message may carry a socket, also the one in whose queue it lies: then nothing but the message
// keeps it open, and nobody can ever read the message. The same goes for any ring of sockets that carry each
// other. Counting references does not find them, so they are looked for when a socket of the family is
// closed:
//
//   count   how often each socket is carried by a message; when that is all of the references to its open
//           file, no program has it
//   mark    from the sockets that programs have, all that can be reached: through messages, and through the
//           connections that wait at a listener
//   sweep   the queues of those that were not reached
//
// The table's lock keeps socks from going away meanwhile, but messages are received and connections accepted.
// Whoever takes files off a message says so (`taken`), and a connection that is accepted shows it before it
// leaves the listener (`awaits_accept`); then what was found is worth nothing, and the next close() looks
// again. Sockets that were rightly found to be garbage stay garbage, since nobody can get hold of them.

#include "net/unix/unix_sock.hpp"

namespace net {

namespace {

using work_list = lib::list<unix_sock, &unix_sock::gc_link>;

/// Calls visit(sock, file) for each socket of the family that lies in the sock's queue. Table lock held.
template <class Visitor>
void for_each_carried(unix_sock& self, Visitor visit) {
    port::guard held(self.sock_lock);
    for (sk_buff& skb : self.receive_queue) {
        const unix_files* files = notes_of(skb).files;
        for (size_t i = 0; files != nullptr && i < files->count; i++) {
            if (unix_sock* carried = carried_unix_sock(*self.owner_stack, files->files[i])) {
                visit(*carried, files->files[i]);
            }
        }
    }
}

void count_carried(unix_table& table) {
    for (unix_sock& self : table.all) {
        self.times_carried = self.file_references = 0;
        self.reached = false;
    }
    for (unix_sock& self : table.all) {
        for_each_carried(self, [](unix_sock& carried, const port::passed_file* file) {
            carried.times_carried++;
            carried.file_references = port::file_references(file);
        });
    }
}

/// Whether a program has it, or is about to: a sock without a socket is being made, accepted or closed.
bool is_root(unix_sock& self) {
    port::guard held(self.sock_lock);
    if (self.user_socket == nullptr) {
        return !self.awaits_accept;
    }
    return self.times_carried == 0 || self.times_carried != self.file_references;
}

void reach(unix_sock& self, work_list& work) {
    if (!self.reached) {
        self.reached = true;
        work.push_back(self);
    }
}

void mark(unix_table& table) {
    work_list work;
    for (unix_sock& self : table.all) {
        if (is_root(self)) {
            reach(self, work);
        }
    }
    while (unix_sock* self = work.pop_front()) {
        for_each_carried(*self, [&](unix_sock& carried, const port::passed_file*) { reach(carried, work); });
        port::guard held(self->sock_lock);
        for (unix_sock& child : self->pending) {
            reach(child, work);
        }
    }
}

/// A root that was not reached has become one meanwhile.
bool missed_a_root(unix_table& table) {
    for (unix_sock& self : table.all) {
        if (!self.reached && is_root(self)) {
            return true;
        }
    }
    return false;
}

void sweep(unix_table& table, skb_queue& garbage) {
    for (unix_sock& self : table.all) {
        if (self.reached) {
            continue;
        }
        port::guard held(self.sock_lock);
        while (skb_ptr skb = self.receive_queue.pop_front()) {
            garbage.push_back(std::move(skb));
        }
    }
}

} // namespace

unix_sock* carried_unix_sock(const stack& in, port::passed_file* file) {
    socket* which = port::socket_of_file(file);
    const bool ours =
        which != nullptr && which->family == AF_UNIX && which->sk != nullptr && which->sk->owner_stack == &in;
    return ours ? &unix_of(*which) : nullptr;
}

void unix_collect_garbage(stack& in) {
    unix_table& table = *in.unix_sockets;
    skb_queue garbage;
    {
        port::guard topology(table.lock);
        if (__atomic_load_n(&table.sockets_in_flight, __ATOMIC_RELAXED) == 0 || table.dropping) {
            return;
        }
        const uint32_t taken = __atomic_load_n(&table.taken, __ATOMIC_ACQUIRE);
        count_carried(table);
        mark(table);
        if (!missed_a_root(table) && taken == __atomic_load_n(&table.taken, __ATOMIC_ACQUIRE)) {
            sweep(table, garbage);
        }
    }
    while (skb_ptr skb = garbage.pop_front()) {
        free_unix_message(std::move(skb));
    }
}

} // namespace net
