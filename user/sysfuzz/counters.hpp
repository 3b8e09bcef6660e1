#pragma once
// What the kernel has in use, as /proc tells it.

/// Objects and bytes that have to be the same before and after.
struct counters {
    static constexpr int most = 24;
    struct counter {
        char name[24];
        long value;
    };
    counter list[most];
    int count = 0;
    long free_kib = 0; ///< Not exact: caches keep some.

    /// Reads all of them.
    static counters now();
    /// The name of the first that differs, nullptr if none does.
    const char* difference(const counters& other) const;
    void print_against(const counters& before) const;
};
