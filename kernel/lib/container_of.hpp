#pragma once
// From a member back to the object that it is part of: for timers, links and the like, which are handed
// around by their own address.

#include <cstddef>

namespace lib {

template <class Object, class Member>
Object& container_of(Member& member, Member Object::*which) {
    const auto offset =
        reinterpret_cast<size_t>(&(reinterpret_cast<Object*>(alignof(Object))->*which)) - alignof(Object);
    return *reinterpret_cast<Object*>(reinterpret_cast<char*>(&member) - offset);
}

} // namespace lib
