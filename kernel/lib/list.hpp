#pragma once
// Doubly linked list through a member of its elements: no allocation, O(1) removal from the middle,
// and an element knows whether it is linked. The list owns nothing. Whoever links an object keeps it
// alive and guards the list with a lock of its own.

#include "kernel/lib/assert.hpp"

#include <cstddef>

namespace lib {

/// One element's place in one list. An object that may be in two lists has two of these.
struct list_link {
    list_link* next = nullptr;
    list_link* previous = nullptr;

    constexpr list_link() = default;
    list_link(const list_link&) = delete;
    list_link& operator=(const list_link&) = delete;
    ~list_link() { ASSERT(!linked()); }

    bool linked() const { return next != nullptr; }

    /// Takes the element out of the list it is in.
    void unlink() {
        ASSERT(linked());
        previous->next = next;
        next->previous = previous;
        next = previous = nullptr;
    }
};

template <class T, list_link T::*Link>
class list {
public:
    list() { head_.next = head_.previous = &head_; }
    list(const list&) = delete;
    list& operator=(const list&) = delete;
    ~list() {
        ASSERT(empty());
        head_.next = head_.previous = nullptr;
    }

    bool empty() const { return head_.next == &head_; }
    T* front() const { return empty() ? nullptr : owner(head_.next); }
    T* back() const { return empty() ? nullptr : owner(head_.previous); }

    void push_front(T& element) { insert_between(head_, *head_.next, element); }
    void push_back(T& element) { insert_between(*head_.previous, head_, element); }
    void insert_before(T& position, T& element) {
        insert_between(*(position.*Link).previous, position.*Link, element);
    }
    void insert_after(T& position, T& element) {
        insert_between(position.*Link, *(position.*Link).next, element);
    }
    static void remove(T& element) { (element.*Link).unlink(); }

    T* pop_front() {
        T* first = front();
        if (first != nullptr) {
            remove(*first);
        }
        return first;
    }

    /// The neighbour of an element of this list, or nullptr at the end.
    T* next(const T& element) const {
        list_link* link = (element.*Link).next;
        return link == &head_ ? nullptr : owner(link);
    }
    T* previous(const T& element) const {
        list_link* link = (element.*Link).previous;
        return link == &head_ ? nullptr : owner(link);
    }

    class iterator {
    public:
        explicit iterator(list_link* at) : at_(at) {}
        T& operator*() const { return *owner(at_); }
        iterator& operator++() {
            at_ = at_->next;
            return *this;
        }
        bool operator!=(const iterator& other) const { return at_ != other.at_; }

    private:
        list_link* at_;
    };
    iterator begin() const { return iterator(head_.next); }
    iterator end() const { return iterator(const_cast<list_link*>(&head_)); }

private:
    static T* owner(list_link* link) {
        const auto offset = reinterpret_cast<size_t>(&(reinterpret_cast<T*>(alignof(T))->*Link)) - alignof(T);
        return reinterpret_cast<T*>(reinterpret_cast<char*>(link) - offset);
    }
    static void insert_between(list_link& before, list_link& after, T& element) {
        list_link& link = element.*Link;
        ASSERT(!link.linked());
        link.previous = &before;
        link.next = &after;
        before.next = &link;
        after.previous = &link;
    }

    list_link head_;
};

} // namespace lib
