#pragma once
// Every scenario's body; what each is about is said where it is defined, and the list of them in all.cpp.

namespace sim {

class lab;

void bulk(lab& lab);
void crossing_flows(lab& lab);
void bulk_both_ways(lab& lab);
void request_response(lab& lab);
void many_connections(lab& lab);
void connect_storm(lab& lab);
void slow_reader(lab& lab);
void buffer_sizes(lab& lab);
void half_close(lab& lab);
void simultaneous_close(lab& lab);
void shutdown_variants(lab& lab);
void udp_exchange(lab& lab);
void udp_fragments(lab& lab);
void poll_server(lab& lab);
void urgent_data(lab& lab);
void linger_reset(lab& lab);
void linger_wait(lab& lab);
void close_unread(lab& lab);
void killed_sender(lab& lab);
void killed_receiver(lab& lab);
void killed_co_owner(lab& lab);
void connect_without_waiting(lab& lab);
void connects_at_once(lab& lab);
void accept_in_vain(lab& lab);
void listens_and_stops(lab& lab);
void simultaneous_open(lab& lab);
void port_reuse(lab& lab);
void mixed_writes(lab& lab);
void shared_stream(lab& lab);
void shared_datagrams(lab& lab);
void keepalive_of_a_dead_wire(lab& lab);
void user_timeout_on_a_dead_wire(lab& lab);
void transfer_across_a_silence(lab& lab);
void unix_stream(lab& lab);
void unix_datagrams(lab& lab);
void unix_reconnects(lab& lab);

} // namespace sim
