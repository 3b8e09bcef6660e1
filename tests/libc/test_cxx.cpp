// C++: construction and destruction of static objects, new and delete, and the compiler's containers on top
// of our library, checked against simple models.
#include "check.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace {

int constructed;
struct counted {
    int value;
    explicit counted(int initial) : value(initial) { constructed++; }
    ~counted() { constructed--; }
};

counted global(7);

counted& lazy() {
    static counted object(8);
    return object;
}

uint32_t seed = 1;
uint32_t next_random() {
    seed = seed * 1664525 + 1013904223;
    return seed >> 8;
}

void test_objects() {
    CHECK(constructed == 1 && global.value == 7);
    CHECK(lazy().value == 8 && constructed == 2 && &lazy() == &lazy() && constructed == 2);
    {
        auto owned = std::make_unique<counted>(9);
        auto* array = new counted[3]{counted(1), counted(2), counted(3)};
        CHECK(constructed == 6 && owned->value == 9);
        delete[] array;
    }
    CHECK(constructed == 2);
    CHECK(new (std::nothrow) char[SIZE_MAX / 4] == nullptr);
    struct alignas(256) aligned {
        char bytes[300];
    };
    auto* large = new aligned;
    CHECK(reinterpret_cast<uintptr_t>(large) % 256 == 0);
    delete large;
}

void test_map() {
    std::map<int, int> map;
    std::array<int, 500> model{};
    int wrong = 0;
    for (int i = 0; i < 40000; i++) {
        int key = static_cast<int>(next_random() % model.size());
        if (next_random() % 2 == 0) {
            map[key] = i + 1;
            model[static_cast<size_t>(key)] = i + 1;
        } else {
            map.erase(key);
            model[static_cast<size_t>(key)] = 0;
        }
        if (i % 1000 == 0) {
            auto each = map.begin();
            for (int k = 0; k < static_cast<int>(model.size()); k++) {
                if (model[static_cast<size_t>(k)] != 0) {
                    wrong += each == map.end() || each->first != k ||
                             each->second != model[static_cast<size_t>(k)];
                    ++each;
                }
            }
            wrong += each != map.end();
            size_t backwards = 0;
            for (auto last = map.rbegin(); last != map.rend(); ++last) {
                backwards++;
            }
            wrong += backwards != map.size();
        }
    }
    CHECK(wrong == 0);
    std::set<std::string> words = {"pear", "fig", "apple", "fig"};
    CHECK(words.size() == 3 && *words.begin() == "apple" && words.count("fig") == 1);
}

void test_hash_map() {
    std::unordered_map<std::string, int> map;
    for (int i = 0; i < 5000; i++) {
        map["key" + std::to_string(i)] = i;
    }
    int wrong = 0;
    for (int i = 0; i < 5000; i++) {
        wrong += map.at("key" + std::to_string(i)) != i;
    }
    CHECK(wrong == 0 && map.size() == 5000 && map.find("other") == map.end() && map.load_factor() <= 1);
}

void test_sequences() {
    std::vector<std::string> names = {"pear", "fig", "a name longer than the small buffer of a string",
                                      "apple"};
    std::sort(names.begin(), names.end());
    CHECK(names[0].size() > 40 && names[3] == "pear");
    std::string joined;
    for (std::string_view name : names) {
        joined += std::string(name.substr(0, 2)) + ",";
    }
    CHECK(joined == "a ,ap,fi,pe," && joined.find("fi") == 6);
    CHECK(std::stoi("42") == 42 && std::stod("2.5") == 2.5);
    std::list<int> numbers = {3, 1, 2};
    numbers.sort();
    numbers.reverse();
    std::list<int> others = {9, 8};
    numbers.splice(numbers.begin(), others);
    CHECK(numbers == (std::list<int>{9, 8, 3, 2, 1}) && others.empty());
    std::swap(numbers, others);
    CHECK(others.size() == 5 && numbers.empty());
    std::function<int(int)> add = [offset = 5](int value) { return value + offset; };
    CHECK(add(2) == 7);
    std::optional<int> nothing;
    CHECK(!nothing && nothing.value_or(3) == 3);
    std::array<int, 3> array = {1, 2, 3};
    int sum = 0;
    for (int value : std::span<int>(array)) {
        sum += value;
    }
    CHECK(sum == 6);
}

int run_child(void (*function)()) {
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        close(2);
        function();
        _exit(0);
    }
    int status;
    waitpid(pid, &status, 0);
    return status;
}

struct reporter {
    ~reporter() { _exit(constructed == 2 ? 77 : 1); }
};

void test_ends() {
    CHECK(WTERMSIG(run_child([] { std::vector<int>().at(5) = 1; })) == SIGABRT);
    CHECK(WEXITSTATUS(run_child([] {
              static reporter last;
              (void)last;
              exit(0);
          })) == 77);
}

} // namespace

int main() {
    test_objects();
    test_map();
    test_hash_map();
    test_sequences();
    test_ends();
    return checks_result("cxx");
}
