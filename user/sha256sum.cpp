// sha256sum: prints or checks SHA-256 digests (FIPS 180-4).

#include "user/program.hpp"

#include <fcntl.h>
#include <stdint.h>
#include <strings.h>

static const char usage[] =
    "usage: sha256sum [FILE...]    sha256sum -c [LIST]\n  -c  check the digests in a list\n";

class sha256 {
public:
    void add(const unsigned char* data, size_t size) {
        total_ += size;
        if (used_ > 0) {
            size_t count = size < 64 - used_ ? size : 64 - used_;
            memcpy(block_ + used_, data, count);
            used_ += count;
            data += count;
            size -= count;
            if (used_ < 64) {
                return;
            }
            compress(block_);
            used_ = 0;
        }
        for (; size >= 64; size -= 64, data += 64) {
            compress(data);
        }
        memcpy(block_, data, size);
        used_ = size;
    }

    /// Pads (FIPS 180-4 5.1.1) and writes the digest in hexadecimal.
    void finish(char (&text)[65]) {
        uint64_t bits = total_ * 8;
        unsigned char padding[72] = {0x80};
        size_t count = (used_ < 56 ? 56 : 120) - used_;
        for (size_t i = 0; i < 8; i++) {
            padding[count + i] = static_cast<unsigned char>(bits >> (56 - 8 * i));
        }
        add(padding, count + 8);
        for (size_t i = 0; i < 8; i++) {
            snprintf(text + 8 * i, 9, "%08x", state_[i]);
        }
    }

private:
    static uint32_t rotate(uint32_t value, int count) { return value >> count | value << (32 - count); }
    void compress(const unsigned char* block);

    uint32_t state_[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                          0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    unsigned char block_[64];
    size_t used_ = 0;
    uint64_t total_ = 0;
};

static constexpr uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/// One block (FIPS 180-4 6.2.2).
void sha256::compress(const unsigned char* block) {
    uint32_t w[64];
    for (int i = 0; i < 16; i++) {
        w[i] = static_cast<uint32_t>(block[4 * i]) << 24 | static_cast<uint32_t>(block[4 * i + 1]) << 16 |
               static_cast<uint32_t>(block[4 * i + 2]) << 8 | block[4 * i + 3];
    }
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint32_t a = state_[0], b = state_[1], c = state_[2], d = state_[3];
    uint32_t e = state_[4], f = state_[5], g = state_[6], h = state_[7];
    for (int i = 0; i < 64; i++) {
        uint32_t s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
        uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + round_constants[i] + w[i];
        uint32_t s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
        uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    const uint32_t result[] = {a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; i++) {
        state_[i] += result[i];
    }
}

static bool digest_file(const char* name, char (&text)[65]) {
    int fd = strcmp(name, "-") == 0 ? 0 : open(name, O_RDONLY);
    if (fd < 0) {
        warn("%s", name);
        return false;
    }
    static unsigned char buffer[65536];
    sha256 digest;
    ssize_t count;
    while ((count = read(fd, buffer, sizeof buffer)) > 0) {
        digest.add(buffer, static_cast<size_t>(count));
    }
    if (count < 0) {
        warn("%s", name);
    }
    if (fd > 0) {
        close(fd);
    }
    digest.finish(text);
    return count == 0;
}

/// Checks lines of "digest  name"; 0 when all are right.
static int check(const char* list) {
    FILE* file = strcmp(list, "-") == 0 ? stdin : fopen(list, "r");
    if (file == nullptr) {
        err(1, "%s", list);
    }
    char line[4096];
    int status = 0;
    while (fgets(line, sizeof line, file) != nullptr) {
        line[strcspn(line, "\n")] = '\0';
        char text[65];
        if (strlen(line) < 67 || line[64] != ' ') {
            warnx("%s: not a line of digest and name", list);
            status = 1;
            continue;
        }
        bool right = digest_file(line + 66, text) && strncasecmp(line, text, 64) == 0;
        printf("%s: %s\n", line + 66, right ? "OK" : "FAILED");
        status |= !right;
    }
    return status;
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    if (argc > 1 && strcmp(argv[1], "-c") == 0) {
        return finish(check(argc > 2 ? argv[2] : "-"));
    }
    static char dash[] = "-";
    static char* only_input[] = {dash, nullptr};
    int status = 0;
    for (char** name = argc > 1 ? argv + 1 : only_input; *name != nullptr; name++) {
        char text[65];
        if (digest_file(*name, text)) {
            printf("%s  %s\n", text, *name);
        } else {
            status = 1;
        }
    }
    return finish(status);
}
