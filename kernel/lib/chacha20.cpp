#include "kernel/lib/chacha20.hpp"

// ChaCha20 as RFC 8439 describes it: a 4x4 matrix of words (constants, key, counter, nonce), ten times a
// round over the columns and one over the diagonals, and the input added at the end so that the rounds
// cannot be undone. Checked against the RFC's vector of 2.3.2 in tests/unit/kernel/lib.

#include <bit>

namespace lib {

namespace {

// RFC 8439 2.1.
void quarter_round(uint32_t (&matrix)[16], int a, int b, int c, int d) {
    matrix[a] += matrix[b];
    matrix[d] = std::rotl(matrix[d] ^ matrix[a], 16);
    matrix[c] += matrix[d];
    matrix[b] = std::rotl(matrix[b] ^ matrix[c], 12);
    matrix[a] += matrix[b];
    matrix[d] = std::rotl(matrix[d] ^ matrix[a], 8);
    matrix[c] += matrix[d];
    matrix[b] = std::rotl(matrix[b] ^ matrix[c], 7);
}

} // namespace

void chacha20_block(const chacha20_key& key, uint32_t counter, const uint32_t (&nonce)[3],
                    uint32_t (&output)[16]) {
    uint32_t input[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}; // "expand 32-byte k"
    for (int i = 0; i < 8; i++) {
        input[4 + i] = key.words[i];
    }
    input[12] = counter;
    for (int i = 0; i < 3; i++) {
        input[13 + i] = nonce[i];
    }
    for (int i = 0; i < 16; i++) {
        output[i] = input[i];
    }
    for (int round = 0; round < 10; round++) {
        quarter_round(output, 0, 4, 8, 12);
        quarter_round(output, 1, 5, 9, 13);
        quarter_round(output, 2, 6, 10, 14);
        quarter_round(output, 3, 7, 11, 15);
        quarter_round(output, 0, 5, 10, 15);
        quarter_round(output, 1, 6, 11, 12);
        quarter_round(output, 2, 7, 8, 13);
        quarter_round(output, 3, 4, 9, 14);
    }
    for (int i = 0; i < 16; i++) {
        output[i] += input[i];
    }
}

} // namespace lib
