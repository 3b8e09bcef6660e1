#pragma once
// For tests of rules, which break something on purpose.

#include <functional>
#include <string>
#include <type_traits>

/// Changes a field, asks, and puts it back.
template <class T>
std::string with(T& field, std::type_identity_t<T> wrong, const std::function<std::string()>& ask) {
    const T right = field;
    field = wrong;
    std::string answer = ask();
    field = right;
    return answer;
}
