#include "tests/wire/link/script.hpp"

#include <cctype>
#include <cmath>
#include <cstdlib>
#include <stdexcept>

namespace wire {
namespace {

constexpr size_t default_queue_frames = 256;

constexpr struct {
    std::string_view name;
    verb what;
} verb_names[] = {
    {"drop", verb::drop},       {"burst", verb::burst},       {"duplicate", verb::duplicate},
    {"reorder", verb::reorder}, {"delay", verb::delay},       {"jitter", verb::jitter},
    {"corrupt", verb::corrupt}, {"truncate", verb::truncate}, {"stall", verb::stall},
    {"rate", verb::rate},       {"blackout", verb::blackout}, {"flap", verb::flap},
};

/// Words, numbers and single signs: "400ms" and "400 ms" are the same.
std::vector<std::string> split_into_tokens(std::string_view text) {
    std::vector<std::string> tokens;
    auto group = [](char c) {
        unsigned char byte = c;
        return std::isdigit(byte) || c == '.' ? 1 : std::isalpha(byte) || c == '/' ? 2 : 0;
    };
    for (size_t at = 0; at < text.size();) {
        if (std::isspace(static_cast<unsigned char>(text[at]))) {
            at++;
            continue;
        }
        size_t end = at + 1;
        while (group(text[at]) != 0 && end < text.size() && group(text[end]) == group(text[at])) {
            end++;
        }
        tokens.emplace_back(text.substr(at, end - at));
        at = end;
    }
    return tokens;
}

/// Reads one statement, token by token.
class parser {
public:
    explicit parser(std::string_view text) : text_(text), tokens_(split_into_tokens(text)) {}

    bool empty() const { return tokens_.empty(); }

    statement parse() {
        statement out{.what = read_verb(), .text = std::string(text_), .which = {}};
        switch (out.what) {
        case verb::corrupt:
            out.checksum_only = accept("checksum");
            [[fallthrough]];
        case verb::drop:
        case verb::duplicate:
            read_selection(out.which);
            break;
        case verb::reorder:
            read_selection(out.which);
            require(out.which.chance > 0 || out.which.numbers.size() == 2);
            break;
        case verb::truncate:
            read_selection(out.which);
            if (accept("to")) {
                out.length_bytes = read_whole_number();
                require(out.length_bytes > 0);
            }
            break;
        case verb::burst:
            out.which.chance = read_percentage();
            out.leave_chance = read_percentage();
            require(out.leave_chance > 0);
            break;
        case verb::delay:
            read_delay(out);
            break;
        case verb::jitter:
            out.which.all = true;
            out.duration_ns = read_time();
            break;
        case verb::stall:
            out.duration_ns = read_time();
            if (accept("at")) {
                read_selection(out.which);
                require(!out.which.numbers.empty());
            }
            break;
        case verb::rate:
            read_rate(out);
            break;
        case verb::blackout:
            out.from_ns = accept("from") ? read_time() : 0;
            require(accept("for"));
            out.duration_ns = read_time();
            break;
        case verb::flap:
            require(accept("every"));
            out.from_ns = read_time();
            require(accept("for"));
            out.duration_ns = read_time();
            require(out.from_ns > out.duration_ns);
            break;
        }
        require(at_ == tokens_.size());
        return out;
    }

private:
    void require(bool condition) const {
        if (!condition) {
            throw std::invalid_argument("not a statement of a fault script: " + std::string(text_));
        }
    }

    bool accept(std::string_view token) {
        if (at_ < tokens_.size() && tokens_[at_] == token) {
            at_++;
            return true;
        }
        return false;
    }

    const std::string& next() {
        require(at_ < tokens_.size());
        return tokens_[at_++];
    }

    verb read_verb() {
        const std::string& word = next();
        for (const auto& row : verb_names) {
            if (row.name == word) {
                return row.what;
            }
        }
        require(false);
        return verb::drop;
    }

    double read_number() {
        const std::string& token = next();
        char* end = nullptr;
        double value = std::strtod(token.c_str(), &end);
        require(std::isdigit(static_cast<unsigned char>(token[0])) && *end == '\0');
        return value;
    }

    uint64_t read_whole_number() {
        double value = read_number();
        require(value == std::floor(value) && value < 1e15);
        return static_cast<uint64_t>(value);
    }

    double read_percentage() {
        double value = read_number();
        require(accept("%") && value <= 100);
        return value / 100;
    }

    uint64_t read_time() {
        double value = read_number();
        const std::string& unit = next();
        require(unit == "us" || unit == "ms" || unit == "s");
        return static_cast<uint64_t>(value * (unit == "us" ? 1e3 : unit == "ms" ? 1e6 : 1e9));
    }

    bool next_is_percentage() const { return at_ + 1 < tokens_.size() && tokens_[at_ + 1] == "%"; }

    void read_kind(selection& into) {
        if (at_ < tokens_.size()) {
            bool known = false;
            into.kind = kind_named(tokens_[at_], known);
            at_ += known;
        }
    }

    void read_selection(selection& into) {
        read_kind(into);
        if (accept("all")) {
            into.all = true;
        } else if (next_is_percentage()) {
            into.chance = read_percentage();
        } else {
            do {
                uint64_t first = read_whole_number();
                uint64_t last = accept("-") ? read_whole_number() : first;
                require(first > 0 && first <= last);
                into.numbers.emplace_back(first, last);
            } while (accept(","));
        }
    }

    /// "delay 20 ms" is about all frames, "delay data 3 by 200 ms" about those selected.
    void read_delay(statement& out) {
        size_t start = at_;
        out.which.all = true;
        if (tokens_.size() - at_ != 2) {
            at_ = start;
            out.which.all = false;
            read_selection(out.which);
            require(accept("by"));
        }
        out.duration_ns = read_time();
    }

    void read_rate(statement& out) {
        double value = read_number();
        const std::string& unit = next();
        require(unit == "kbit/s" || unit == "Mbit/s" || unit == "Gbit/s");
        out.bits_per_second = static_cast<uint64_t>(value * (unit == "kbit/s"   ? 1e3
                                                             : unit == "Mbit/s" ? 1e6
                                                                                : 1e9));
        require(out.bits_per_second > 0);
        out.queue_frames = accept("queue") ? read_whole_number() : default_queue_frames;
    }

    std::string_view text_;
    std::vector<std::string> tokens_;
    size_t at_ = 0;
};

std::string_view without_spaces_around(std::string_view text) {
    constexpr std::string_view spaces = " \t\r\n";
    size_t first = text.find_first_not_of(spaces);
    return first == text.npos ? "" : text.substr(first, text.find_last_not_of(spaces) + 1 - first);
}

/// "corrupt checksum 9; stall 400 ms" stalls at frame 9: a stall that names no frame belongs to the statement
/// before it.
void place_stall(statement& stall, const script& before) {
    if (!stall.which.numbers.empty()) {
        return;
    }
    if (before.empty() || before.back().which.numbers.empty()) {
        stall.which.numbers.emplace_back(1, 1);
    } else {
        stall.which.kind = before.back().which.kind;
        stall.which.numbers.push_back(
            {before.back().which.numbers.back().second, before.back().which.numbers.back().second});
    }
}

} // namespace

script parse_script(std::string_view text) {
    script out;
    while (!text.empty()) {
        size_t end = text.find(';');
        parser one(without_spaces_around(text.substr(0, end)));
        if (!one.empty()) {
            statement parsed = one.parse();
            if (parsed.what == verb::stall) {
                place_stall(parsed, out);
            }
            out.push_back(std::move(parsed));
        }
        text = end == text.npos ? "" : text.substr(end + 1);
    }
    return out;
}

} // namespace wire
