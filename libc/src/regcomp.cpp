// regcomp(): POSIX regular expressions to programs; internal/regex.hpp describes the machine.
//
// A recursive-descent parser writes code as it reads: alternatives of branches of pieces, where a piece is an
// atom with repetitions. A repeated atom is copied as often as its least count says. Basic and extended
// expressions differ only in which characters need a backslash to be special.

#include "libc/src/internal/regex.hpp"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

namespace libc::regex {

namespace {

constexpr int unlimited = -1;
constexpr int most_repetitions = 255; // RE_DUP_MAX

struct named_class {
    const char* name;
    int (*test)(int);
};

constexpr named_class named_classes[] = {
    {"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl},
    {"digit", isdigit}, {"graph", isgraph}, {"lower", islower}, {"print", isprint},
    {"punct", ispunct}, {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit},
};

class parser {
public:
    parser(program& result, const char* pattern, int flags)
        : result_(result), next_(pattern), extended_((flags & REG_EXTENDED) != 0),
          blind_((flags & REG_ICASE) != 0), by_line_((flags & REG_NEWLINE) != 0) {}

    int parse() {
        emit(operation::save, 0);
        parse_alternatives();
        if (error_ == 0 && *next_ != '\0') {
            error_ = REG_EPAREN; // A closing parenthesis too many.
        }
        emit(operation::save, 1);
        emit(operation::match, 0);
        return error_;
    }

private:
    void fail(int error) { error_ = error_ != 0 ? error_ : error; }

    int emit(operation what, int value, int first = 0, int second = 0) {
        if (result_.length == result_.room) {
            int room = result_.room * 2 + 32;
            void* grown = room > most_instructions
                              ? nullptr
                              : realloc(result_.code, static_cast<size_t>(room) * sizeof(instruction));
            if (grown == nullptr) {
                fail(REG_ESPACE);
                return 0;
            }
            result_.code = static_cast<instruction*>(grown);
            result_.room = room;
        }
        result_.code[result_.length] = {what, value, first, second};
        return result_.length++;
    }

    /// Makes room for one instruction at `place`; the code behind it moves and its own branches follow.
    void insert(int place, operation what, int first, int second) {
        emit(operation::jump, 0);
        if (error_ != 0) {
            return;
        }
        for (int i = result_.length - 1; i > place; i--) {
            result_.code[i] = result_.code[i - 1];
            shift(result_.code[i], place, 1);
        }
        result_.code[place] = {what, 0, first, second};
    }

    static void shift(instruction& moved, int from, int distance) {
        if (moved.what == operation::split || moved.what == operation::jump) {
            moved.first += moved.first >= from ? distance : 0;
            moved.second += moved.second >= from ? distance : 0;
        }
    }

    /// Appends a copy of the code from `from` to `to`.
    void copy(int from, int to) {
        int distance = result_.length - from;
        for (int i = from; i < to && error_ == 0; i++) {
            instruction copied = result_.code[i];
            shift(copied, from, distance);
            emit(copied.what, copied.value, copied.first, copied.second);
        }
    }

    /// Whether a special character stands here: bare in extended expressions, behind a backslash in basic
    /// ones.
    bool at(char special) const {
        return extended_ ? *next_ == special : next_[0] == '\\' && next_[1] == special;
    }
    void skip_special() { next_ += extended_ ? 1 : 2; }

    bool at_branch_end() const { return *next_ == '\0' || at('|') || (depth_ > 0 && at(')')); }

    void parse_alternatives() {
        int start = result_.length;
        parse_branch();
        while (error_ == 0 && at('|')) {
            skip_special();
            insert(start, operation::split, start + 1, result_.length + 2);
            int over = emit(operation::jump, 0);
            parse_branch_after(over);
        }
    }

    /// The right side of a `|`; the left side jumps over it.
    void parse_branch_after(int over) {
        parse_alternatives();
        if (error_ == 0) {
            result_.code[over].first = result_.length;
        }
    }

    void parse_branch() {
        bool first = true;
        while (error_ == 0 && !at_branch_end()) {
            int start = result_.length;
            bool repeatable = parse_atom(first);
            first = false;
            while (error_ == 0 && repeatable && parse_repetition(start)) {
            }
        }
    }

    /// One atom; whether it may be repeated.
    bool parse_atom(bool first) {
        if (at('(')) {
            parse_group();
            return true;
        }
        char character = *next_++;
        switch (character) {
        case '.':
            by_line_ ? emit_not_newline() : static_cast<void>(emit(operation::any, 0));
            return true;
        case '[':
            parse_set();
            return true;
        case '^':
            if (extended_ || first) {
                emit(operation::begin, 0);
                return extended_;
            }
            break;
        case '$':
            if (extended_ || at_branch_end()) {
                emit(operation::end, 0);
                return extended_;
            }
            break;
        case '*':
            if (extended_ && first) {
                fail(REG_BADRPT);
            }
            break; // First in a basic expression it stands for itself.
        case '+':
        case '?':
        case '{':
            if (extended_ && first) {
                fail(REG_BADRPT);
            }
            break;
        case '\\':
            character = *next_;
            if (character == '\0' || (!extended_ && isdigit(static_cast<unsigned char>(character)))) {
                fail(character == '\0' ? REG_EESCAPE : REG_ESUBREG);
                return false;
            }
            next_++;
            break;
        default:
            break;
        }
        emit_byte(character);
        return true;
    }

    void parse_group() {
        skip_special();
        int group = ++result_.groups;
        bool remembered = group < most_groups;
        if (remembered) {
            emit(operation::save, 2 * group);
        }
        depth_++;
        parse_alternatives();
        depth_--;
        if (!at(')')) {
            fail(REG_EPAREN);
            return;
        }
        skip_special();
        if (remembered) {
            emit(operation::save, 2 * group + 1);
        }
    }

    void emit_byte(char character) {
        auto byte = static_cast<unsigned char>(character);
        if (!blind_ || !isalpha(byte)) {
            emit(operation::byte, byte);
            return;
        }
        byte_set both = {};
        both.add(static_cast<unsigned char>(tolower(byte)));
        both.add(static_cast<unsigned char>(toupper(byte)));
        emit_set(both);
    }

    void emit_not_newline() {
        byte_set all;
        memset(&all, 0xff, sizeof all);
        all.bits[0] &= ~(1ull << '\n');
        emit_set(all);
    }

    void emit_set(const byte_set& set) {
        auto count = static_cast<size_t>(result_.set_count);
        auto* grown = static_cast<byte_set*>(realloc(result_.sets, (count + 1) * sizeof(byte_set)));
        if (grown == nullptr) {
            fail(REG_ESPACE);
            return;
        }
        result_.sets = grown;
        grown[count] = set;
        emit(operation::set, result_.set_count++);
    }

    /// "[:digit:]" behind its first bracket; false when it is no class.
    bool parse_class(byte_set& set) {
        for (const named_class& each : named_classes) {
            size_t length = strlen(each.name);
            if (strncmp(next_ + 2, each.name, length) == 0 && strncmp(next_ + 2 + length, ":]", 2) == 0) {
                for (int byte = 0; byte < 256; byte++) {
                    if (each.test(byte)) {
                        set.add(static_cast<unsigned char>(byte));
                    }
                }
                next_ += length + 4;
                return true;
            }
        }
        fail(REG_ECTYPE);
        return false;
    }

    /// One end of a range: a byte, or "[.x.]" and "[=x=]", which mean the same in the "C" locale.
    unsigned char parse_set_byte() {
        if (next_[0] == '[' && (next_[1] == '.' || next_[1] == '=') && next_[2] != '\0' &&
            next_[3] == next_[1] && next_[4] == ']') {
            next_ += 5;
            return static_cast<unsigned char>(next_[-3]);
        }
        return static_cast<unsigned char>(*next_++);
    }

    void parse_set() {
        byte_set set = {};
        bool inverted = *next_ == '^';
        next_ += inverted;
        const char* start = next_;
        while (error_ == 0 && (*next_ != ']' || next_ == start)) {
            if (*next_ == '\0') {
                fail(REG_EBRACK);
                return;
            }
            if (next_[0] == '[' && next_[1] == ':') {
                parse_class(set);
                continue;
            }
            unsigned low = parse_set_byte();
            unsigned high = low;
            if (next_[0] == '-' && next_[1] != ']' && next_[1] != '\0') {
                next_++;
                high = parse_set_byte();
            }
            if (high < low) {
                fail(REG_ERANGE);
            }
            add_range(set, low, high);
        }
        if (error_ != 0) {
            return; // Perhaps at the end of the pattern, which must not be passed.
        }
        next_++;
        if (inverted) {
            for (uint64_t& bits : set.bits) {
                bits = ~bits;
            }
            set.bits[0] &= by_line_ ? ~(1ull << '\n') : ~0ull;
        }
        emit_set(set);
    }

    void add_range(byte_set& set, unsigned low, unsigned high) const {
        for (unsigned byte = low; byte <= high; byte++) {
            set.add(static_cast<unsigned char>(byte));
            if (blind_) {
                set.add(static_cast<unsigned char>(tolower(static_cast<int>(byte))));
                set.add(static_cast<unsigned char>(toupper(static_cast<int>(byte))));
            }
        }
    }

    int parse_count() {
        int value = 0;
        while (isdigit(static_cast<unsigned char>(*next_)) && value <= most_repetitions) {
            value = value * 10 + (*next_++ - '0');
        }
        if (value > most_repetitions) {
            fail(REG_BADBR);
        }
        return value;
    }

    /// The inside of braces.
    void parse_interval(int& least, int& most) {
        skip_special();
        if (!isdigit(static_cast<unsigned char>(*next_)) && *next_ != ',') {
            fail(REG_BADBR);
            return;
        }
        least = parse_count();
        most = least;
        if (*next_ == ',') {
            next_++;
            most = isdigit(static_cast<unsigned char>(*next_)) ? parse_count() : unlimited;
        }
        if (!at('}')) {
            fail(*next_ == '\0' ? REG_EBRACE : REG_BADBR);
            return;
        }
        skip_special();
        if (most != unlimited && most < least) {
            fail(REG_BADBR);
        }
    }

    /// A repetition of the atom whose code begins at `start`; false when there is none.
    bool parse_repetition(int start) {
        int least, most;
        if (*next_ == '*') {
            least = 0, most = unlimited;
            next_++;
        } else if (at('+') || at('?')) { // With a backslash in basic expressions, as GNU has it.
            least = at('+');
            most = at('+') ? unlimited : 1;
            skip_special();
        } else if (at('{')) {
            parse_interval(least, most);
        } else {
            return false;
        }
        if (error_ == 0) {
            repeat(start, least, most);
        }
        return true;
    }

    void repeat(int start, int least, int most) {
        int end = result_.length;
        if (most == 0) {
            result_.length = start;
            return;
        }
        for (int i = 1; i < least; i++) {
            copy(start, end);
        }
        if (most == unlimited) {
            int last = least <= 1 ? start : result_.length - (end - start);
            if (least == 0) {
                insert(start, operation::split, start + 1, result_.length + 2);
                emit(operation::jump, 0, start);
            } else {
                emit(operation::split, 0, last, result_.length + 1);
            }
            return;
        }
        if (least == 0) {
            insert(start, operation::split, start + 1, result_.length + 1);
            start++, end++;
            least = 1;
        }
        for (int i = least; i < most && error_ == 0; i++) { // Each further one may be left out.
            int split = emit(operation::split, 0, result_.length + 1);
            copy(start, end);
            if (error_ == 0) {
                result_.code[split].second = result_.length;
            }
        }
    }

    program& result_;
    const char* next_;
    bool extended_;
    bool blind_;
    bool by_line_;
    int depth_ = 0;
    int error_ = 0;
};

constexpr const char* messages[] = {"Success",
                                    "No match",
                                    "Invalid regular expression",
                                    "Invalid collation character",
                                    "Invalid character class name",
                                    "Trailing backslash",
                                    "Back-references are not supported",
                                    "Unmatched [",
                                    "Unmatched (",
                                    "Unmatched {",
                                    "Invalid content of {}",
                                    "Invalid range end",
                                    "Out of memory",
                                    "Invalid preceding regular expression"};

} // namespace

} // namespace libc::regex

using libc::regex::program;

extern "C" {

int regcomp(regex_t* expression, const char* pattern, int flags) {
    auto* made = static_cast<program*>(calloc(1, sizeof(program)));
    expression->program = made;
    if (made == nullptr) {
        return REG_ESPACE;
    }
    made->flags = flags;
    int error = libc::regex::parser(*made, pattern, flags).parse();
    expression->re_nsub = static_cast<size_t>(made->groups);
    if (error != 0) {
        regfree(expression);
    }
    return error;
}

void regfree(regex_t* expression) {
    if (auto* freed = static_cast<program*>(expression->program)) {
        free(freed->code);
        free(freed->sets);
        free(freed);
        expression->program = nullptr;
    }
}

size_t regerror(int error, const regex_t*, char* buffer, size_t size) {
    constexpr int count = sizeof libc::regex::messages / sizeof libc::regex::messages[0];
    const char* text = error >= 0 && error < count ? libc::regex::messages[error] : "Unknown error";
    return strlcpy(buffer, text, size) + 1;
}

} // extern "C"
