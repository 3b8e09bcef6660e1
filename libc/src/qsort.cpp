// Sorting and searching arrays.
//
// qsort() is heapsort behind quicksort (introsort): quicksort with the median of three as pivot while it goes
// well, heapsort for a part that was split badly too often, so no input takes longer than n log n.

#include <stdlib.h>
#include <string.h>

namespace {

using comparison = int (*)(const void*, const void*, void*);

struct array {
    char* base;
    size_t size;
    comparison compare;
    void* argument;

    char* at(size_t index) const { return base + index * size; }
    bool less(size_t left, size_t right) const { return compare(at(left), at(right), argument) < 0; }

    void swap(size_t left, size_t right) const {
        char* a = at(left);
        char* b = at(right);
        char part[64];
        for (size_t done = 0; done < size && a != b;) {
            size_t step = size - done < sizeof part ? size - done : sizeof part;
            memcpy(part, a + done, step);
            memcpy(a + done, b + done, step);
            memcpy(b + done, part, step);
            done += step;
        }
    }
};

void sift_down(const array& items, size_t low, size_t root, size_t count) {
    for (;;) {
        size_t child = 2 * root + 1;
        if (child >= count) {
            return;
        }
        if (child + 1 < count && items.less(low + child, low + child + 1)) {
            child++;
        }
        if (!items.less(low + root, low + child)) {
            return;
        }
        items.swap(low + root, low + child);
        root = child;
    }
}

void heap_sort(const array& items, size_t low, size_t count) {
    for (size_t root = count / 2; root-- > 0;) {
        sift_down(items, low, root, count);
    }
    while (count > 1) {
        items.swap(low, low + --count);
        sift_down(items, low, 0, count);
    }
}

void insertion_sort(const array& items, size_t low, size_t count) {
    for (size_t next = 1; next < count; next++) {
        for (size_t place = low + next; place > low && items.less(place, place - 1); place--) {
            items.swap(place, place - 1);
        }
    }
}

/// Puts the median of first, middle and last into the first place and splits around it; its final index.
size_t partition(const array& items, size_t low, size_t count) {
    size_t middle = low + count / 2;
    size_t last = low + count - 1;
    if (items.less(middle, low)) {
        items.swap(middle, low);
    }
    if (items.less(last, middle)) {
        items.swap(last, middle);
        if (items.less(middle, low)) {
            items.swap(middle, low);
        }
    }
    items.swap(low, middle);
    size_t left = low;
    size_t right = last + 1;
    for (;;) {
        do {
            left++;
        } while (left < last && items.less(left, low));
        do {
            right--;
        } while (right > low &&
                 items.less(low, right)); // The bound matters for comparisons that contradict themselves.
        if (left >= right) {
            break;
        }
        items.swap(left, right);
    }
    items.swap(low, right);
    return right;
}

void sort(const array& items, size_t low, size_t count, unsigned depth) {
    while (count > 12) {
        if (depth-- == 0) {
            heap_sort(items, low, count);
            return;
        }
        size_t pivot = partition(items, low, count);
        size_t left = pivot - low;
        size_t right = count - left - 1;
        if (left < right) { // The smaller half recurses, so the stack stays below log n.
            sort(items, low, left, depth);
            low = pivot + 1;
            count = right;
        } else {
            sort(items, pivot + 1, right, depth);
            count = left;
        }
    }
    insertion_sort(items, low, count);
}

int call_plain(const void* left, const void* right, void* function) {
    return reinterpret_cast<int (*)(const void*, const void*)>(function)(left, right);
}

} // namespace

extern "C" {

void qsort_r(void* base, size_t count, size_t size, comparison compare, void* argument) {
    if (count < 2 || size == 0) {
        return;
    }
    array items = {static_cast<char*>(base), size, compare, argument};
    sort(items, 0, count, 2 * (64 - static_cast<unsigned>(__builtin_clzl(count))));
}

void qsort(void* base, size_t count, size_t size, int (*compare)(const void*, const void*)) {
    qsort_r(base, count, size, call_plain, reinterpret_cast<void*>(compare));
}

void* bsearch(const void* key, const void* base, size_t count, size_t size,
              int (*compare)(const void*, const void*)) {
    size_t low = 0;
    while (low < count) {
        size_t middle = low + (count - low) / 2;
        const void* element = static_cast<const char*>(base) + middle * size;
        int order = compare(key, element);
        if (order == 0) {
            return const_cast<void*>(element);
        }
        (order < 0 ? count : low) = order < 0 ? middle : middle + 1;
    }
    return nullptr;
}

} // extern "C"
