// $((expression)): C's integer operators on long, by precedence climbing. Names are variables; an unset or
// empty one counts as 0.

#include "user/sh/shell.hpp"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace {

struct binary_operator {
    const char* symbol;
    int precedence;
};

// Longer symbols first, so that << is not read as <.
constexpr binary_operator operators[] = {
    {"||", 1}, {"&&", 2}, {"==", 6}, {"!=", 6}, {"<=", 7}, {">=", 7}, {"<<", 8}, {">>", 8}, {"|", 3},
    {"^", 4},  {"&", 5},  {"<", 7},  {">", 7},  {"+", 9},  {"-", 9},  {"*", 10}, {"/", 10}, {"%", 10},
};

class evaluator {
public:
    explicit evaluator(const char* expression) : next_(expression), whole_(expression) {}

    bool run(long& value) {
        value = assignment(true);
        skip_blanks();
        if (*next_ != '\0') {
            fail("unexpected text");
        }
        return !failed_;
    }

private:
    // `live` is false in the part that ?:, && or || does not evaluate: it is parsed without effects.
    long assignment(bool live);
    long conditional(bool live);
    long binary(int lowest, bool live);
    long unary(bool live);
    long primary(bool live);
    long apply(const char* symbol, long left, long right, bool live);

    const binary_operator* peek_operator();
    void skip_blanks() {
        while (isspace(static_cast<unsigned char>(*next_))) {
            next_++;
        }
    }
    bool take(char expected) {
        skip_blanks();
        if (*next_ != expected) {
            return false;
        }
        next_++;
        return true;
    }
    void fail(const char* why) {
        if (!failed_) {
            complain(2, "arithmetic: %s in '%s'", why, whole_);
        }
        failed_ = true;
        next_ = "";
    }
    long value_of(const char* name) {
        const char* value = get_variable(name);
        return value != nullptr ? strtol(value, nullptr, 0) : 0;
    }
    size_t name_length() {
        size_t length = 0;
        while (is_name(next_, length + 1)) {
            length++;
        }
        return length;
    }

    const char* next_;
    const char* whole_;
    bool failed_ = false;
};

const binary_operator* evaluator::peek_operator() {
    skip_blanks();
    for (const binary_operator& entry : operators) {
        if (strncmp(next_, entry.symbol, strlen(entry.symbol)) == 0) {
            return &entry;
        }
    }
    return nullptr;
}

long evaluator::apply(const char* symbol, long left, long right, bool live) {
    auto a = static_cast<unsigned long>(left); // wrapping arithmetic, as the hardware does it
    auto b = static_cast<unsigned long>(right);
    switch (symbol[0]) {
    case '+':
        return static_cast<long>(a + b);
    case '-':
        return static_cast<long>(a - b);
    case '*':
        return static_cast<long>(a * b);
    case '/':
    case '%':
        if (right == 0 || (left == LONG_MIN && right == -1)) {
            if (live) {
                fail("division by zero");
            }
            return 0;
        }
        return symbol[0] == '/' ? left / right : left % right;
    case '<':
        return symbol[1] == '<'   ? static_cast<long>(a << (b & 63))
               : symbol[1] == '=' ? left <= right
                                  : left < right;
    case '>':
        return symbol[1] == '>' ? left >> (b & 63) : symbol[1] == '=' ? left >= right : left > right;
    case '=':
        return left == right;
    case '!':
        return left != right;
    case '&':
        return symbol[1] == '&' ? left && right : left & right;
    case '|':
        return symbol[1] == '|' ? left || right : left | right;
    default:
        return left ^ right;
    }
}

long evaluator::assignment(bool live) {
    skip_blanks();
    const char* start = next_;
    size_t length = name_length();
    if (length == 0) {
        return conditional(live);
    }
    next_ += length;
    const binary_operator* compound = peek_operator();
    const char* equals = next_ + (compound != nullptr ? strlen(compound->symbol) : 0);
    bool comparison = compound != nullptr && (compound->precedence == 6 || compound->precedence == 7);
    if (*equals != '=' || equals[1] == '=' || comparison) {
        next_ = start;
        return conditional(live);
    }
    next_ = equals + 1;
    text name;
    name.add(start, length);
    long value = assignment(live);
    if (compound != nullptr) {
        value = apply(compound->symbol, value_of(name.c_str()), value, live);
    }
    if (live && !failed_) {
        text digits;
        digits.add_number(value);
        if (!set_variable(name.c_str(), digits.c_str())) {
            failed_ = true;
        }
    }
    return value;
}

long evaluator::conditional(bool live) {
    long condition = binary(1, live);
    if (!take('?')) {
        return condition;
    }
    long yes = assignment(live && condition);
    if (!take(':')) {
        fail("missing :");
    }
    long no = assignment(live && !condition);
    return condition ? yes : no;
}

long evaluator::binary(int lowest, bool live) {
    long left = unary(live);
    for (const binary_operator* entry; (entry = peek_operator()) != nullptr && entry->precedence >= lowest;) {
        next_ += strlen(entry->symbol);
        bool decided = (entry->precedence == 1 && left) || (entry->precedence == 2 && !left);
        long right = binary(entry->precedence + 1, live && !decided);
        left = apply(entry->symbol, left, right, live);
    }
    return left;
}

long evaluator::unary(bool live) {
    if (take('-')) {
        return static_cast<long>(0UL - static_cast<unsigned long>(unary(live)));
    }
    if (take('+')) {
        return unary(live);
    }
    if (take('~')) {
        return ~unary(live);
    }
    if (take('!')) {
        return !unary(live);
    }
    return primary(live);
}

long evaluator::primary(bool live) {
    if (take('(')) {
        long value = assignment(live);
        if (!take(')')) {
            fail("missing )");
        }
        return value;
    }
    if (isdigit(static_cast<unsigned char>(*next_))) {
        char* end = nullptr;
        long value = static_cast<long>(strtoul(next_, &end, 0));
        next_ = end;
        return value;
    }
    size_t length = name_length();
    if (length == 0) {
        fail("missing number");
        return 0;
    }
    text name;
    name.add(next_, length);
    next_ += length;
    return value_of(name.c_str());
}

} // namespace

bool evaluate_arithmetic(const char* expression, long& value) {
    const char* first = expression + strspn(expression, " \t\n");
    if (*first == '\0') {
        value = 0;
        return true;
    }
    return evaluator(expression).run(value);
}
