// Throws broken answers at the DNS parser, compiled for this machine with address and undefined sanitizers.
// Valid answers of every kind are mutated by a seeded generator; the parser must neither touch memory beyond
// the message nor loop, and what it calls found must have addresses or a name without surprises.
//
//     fuzz_dns [ROUNDS [SEED]]

#include "libc/src/dns_message.cpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace {

uint64_t state;

uint64_t random_bits() { // splitmix64
    uint64_t value = state += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

size_t below(size_t bound) {
    return random_bits() % bound;
}

struct message {
    uint8_t bytes[1200];
    size_t size;

    void put_16(unsigned value) {
        bytes[size++] = static_cast<uint8_t>(value >> 8);
        bytes[size++] = static_cast<uint8_t>(value);
    }
    void put_name() {
        switch (below(4)) {
        case 0:
            put_16(0xc00c); // the question's name
            break;
        case 1:
            put_16(static_cast<unsigned>(0xc000 | below(size)));
            break;
        default:
            for (size_t labels = below(5); labels > 0; labels--) {
                size_t length = 1 + below(20);
                bytes[size++] = static_cast<uint8_t>(length);
                for (; length > 0; length--) {
                    bytes[size++] = static_cast<uint8_t>('a' + below(26));
                }
            }
            bytes[size++] = 0;
        }
    }
    void put_record(unsigned type) {
        put_name();
        put_16(type);
        put_16(1);
        put_16(0);
        put_16(60);
        size_t length_place = size;
        put_16(0);
        if (type == libc::dns_a || type == libc::dns_aaaa) {
            for (size_t i = type == libc::dns_a ? 4 : 16; i > 0; i--) {
                bytes[size++] = static_cast<uint8_t>(random_bits());
            }
        } else {
            put_name();
        }
        size_t length = size - length_place - 2;
        bytes[length_place] = static_cast<uint8_t>(length >> 8);
        bytes[length_place + 1] = static_cast<uint8_t>(length);
    }
};

constexpr libc::dns_type types[] = {libc::dns_a, libc::dns_cname, libc::dns_ptr, libc::dns_aaaa};

message make_answer(libc::dns_type type, size_t& question_size) {
    message made = {};
    question_size = libc::build_question(made.bytes, 0x1234, "www.example", type);
    made.size = question_size;
    made.bytes[2] |= 0x80;
    size_t records = below(6);
    for (size_t i = 0; i < records; i++) {
        made.put_record(below(3) == 0 ? types[below(4)] : type);
    }
    made.bytes[7] = static_cast<uint8_t>(records);
    return made;
}

void mutate(message& changed, size_t from) {
    for (size_t changes = below(6); changes > 0 && changed.size > from; changes--) {
        size_t place = from + below(changed.size - from);
        switch (below(4)) {
        case 0:
            changed.bytes[place] = static_cast<uint8_t>(random_bits());
            break;
        case 1:
            changed.bytes[place] = 0xc0;
            break;
        case 2:
            changed.bytes[place] ^= static_cast<uint8_t>(1u << below(8));
            break;
        default:
            changed.size = place;
        }
    }
    if (below(4) == 0) {
        changed.bytes[7] = static_cast<uint8_t>(random_bits());
    }
}

bool sane_name(const char* name) {
    for (; *name != '\0'; name++) {
        if (!isalnum(static_cast<unsigned char>(*name)) && strchr("-_.", *name) == nullptr) {
            return false;
        }
    }
    return true;
}

} // namespace

int main(int count, char** arguments) {
    long rounds = count > 1 ? atol(arguments[1]) : 300000;
    state = count > 2 ? strtoull(arguments[2], nullptr, 0) : 1;
    long found = 0, wrong = 0;
    auto start = std::chrono::steady_clock::now();
    for (long i = 0; i < rounds; i++) {
        size_t question_size;
        libc::dns_type type = types[below(4)];
        message made = make_answer(type, question_size);
        uint8_t question[sizeof made.bytes];
        memcpy(question, made.bytes, question_size);
        mutate(made, below(8) == 0 ? 0 : question_size);
        // An allocation of exactly the message's size lets the sanitizer see one byte too many.
        std::unique_ptr<uint8_t[]> exact(new uint8_t[made.size]);
        memcpy(exact.get(), made.bytes, made.size);
        if (made.size < 4 || !libc::answers_question(exact.get(), made.size, question, question_size)) {
            continue;
        }
        libc::lookup_result result;
        result.count = 0;
        result.name[0] = '\0';
        if (libc::parse_answer(exact.get(), made.size, type, result) == libc::lookup_status::found) {
            found++;
            bool good = sane_name(result.name) && result.count <= libc::most_addresses &&
                        strlen(result.name) < 256 && (type == libc::dns_ptr || result.count > 0);
            wrong += !good;
        }
    }
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    bool failed = wrong != 0 || found < rounds / 20;
    printf("%s fuzz_dns: %ld messages, %ld with an answer, %ld wrong, %.1f s\n", failed ? "FAIL" : "ok",
           rounds, found, wrong, seconds);
    return failed;
}
