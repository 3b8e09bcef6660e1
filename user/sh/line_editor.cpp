// Editing a line on a terminal: cursor keys, history, completion. The terminal is raw while a line is typed
// and as the programs left it otherwise. Only escape sequences that every terminal knows are used: carriage
// return, cursor right, and erase to the end of the line.
//
//   ^A ^E Home End   ^B ^F Left Right   ^P ^N Up Down   ^D Delete   ^H Backspace   ^W word   ^U ^K line
//   ^L clear   ^C cancel   Tab complete

#include "user/sh/completion.hpp"
#include "user/sh/shell.hpp"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace {

constexpr size_t history_lines = 200;

constexpr char control(char letter) {
    return static_cast<char>(letter & 0x1f);
}

enum key : int {
    key_none = 256, // an escape sequence without a meaning here
    key_up,
    key_down,
    key_right,
    key_left,
    key_home,
    key_end,
    key_delete,
    key_closed, // no more input
};

list<char*> history;

void remember(const char* line) {
    if (*line == '\0' || (history.size() > 0 && strcmp(history[history.size() - 1], line) == 0)) {
        return;
    }
    if (history.size() == history_lines) {
        free_memory(history[0]);
        history.remove(0);
    }
    history.add(duplicate(line));
}

/// The terminal without echo and line buffering, for as long as this lives.
class raw_mode {
public:
    raw_mode() {
        ok_ = tcgetattr(0, &before_) == 0;
        struct termios raw = before_;
        raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG | IEXTEN);
        raw.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL);
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        ok_ = ok_ && tcsetattr(0, TCSADRAIN, &raw) == 0;
    }
    raw_mode(const raw_mode&) = delete;
    raw_mode& operator=(const raw_mode&) = delete;
    ~raw_mode() {
        if (ok_) {
            tcsetattr(0, TCSADRAIN, &before_);
        }
    }

private:
    struct termios before_;
    bool ok_;
};

int read_byte() {
    unsigned char c = 0;
    ssize_t count;
    do {
        count = read(0, &c, 1);
    } while (count < 0 && errno == EINTR);
    return count == 1 ? static_cast<int>(c) : static_cast<int>(key_closed);
}

/// ESC [ letter, ESC O letter, and ESC [ number ~ (ECMA-48 and what xterm sends).
int read_escape() {
    int c = read_byte();
    if (c != '[' && c != 'O') {
        return key_none;
    }
    c = read_byte();
    int number = 0;
    while ((c >= '0' && c <= '9') || c == ';') {
        number = c == ';' ? 0 : number * 10 + (c - '0');
        c = read_byte();
    }
    switch (c) {
    case 'A':
        return key_up;
    case 'B':
        return key_down;
    case 'C':
        return key_right;
    case 'D':
        return key_left;
    case 'H':
        return key_home;
    case 'F':
        return key_end;
    case '~':
        return number == 1 || number == 7   ? key_home
               : number == 4 || number == 8 ? key_end
               : number == 3                ? key_delete
                                            : key_none;
    default:
        return key_none;
    }
}

/// True when more has been typed, or pasted, already.
bool input_waits() {
    struct pollfd wanted = {0, POLLIN, 0};
    return poll(&wanted, 1, 0) > 0;
}

size_t terminal_columns() {
    struct winsize size;
    return ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

class editor {
public:
    explicit editor(const char* prompt) : prompt_(prompt), columns_(terminal_columns()) {}

    edit_outcome run(text& result);

private:
    bool handle(int key, edit_outcome& outcome);
    void insert(char c);
    void erase(size_t from, size_t count);
    void erase_word();
    void replace(const char* line);
    void step_history(int direction);
    void complete();
    void list_matches(const list<char*>& matches);
    void draw();
    void draw_now();
    void put(const char* data, size_t length) {
        while (length > 0) {
            ssize_t written = write(1, data, length);
            if (written <= 0) {
                return;
            }
            data += written;
            length -= static_cast<size_t>(written);
        }
    }
    void put(const char* string) { put(string, strlen(string)); }

    const char* prompt_;
    size_t columns_;
    text line_;
    text draft_; // the unfinished line while older ones are shown
    size_t cursor_ = 0;
    bool stale_ = false; // the screen shows less than line_
    size_t entry_ = history.size();
};

/// Draws when there is time: what is pasted needs no picture of every step.
void editor::draw() {
    stale_ = true;
    if (!input_waits()) {
        draw_now();
    }
}

/// Draws the whole line; of a long one, the part around the cursor.
void editor::draw_now() {
    stale_ = false;
    size_t width = columns_ - 1 > strlen(prompt_) ? columns_ - 1 - strlen(prompt_) : 1;
    size_t start = cursor_ >= width ? cursor_ - width + 1 : 0;
    size_t shown = line_.size() - start < width ? line_.size() - start : width;
    text output;
    output.add('\r');
    output.add(prompt_);
    output.add(line_.c_str() + start, shown);
    output.add("\033[K\r");
    char move[16];
    snprintf(move, sizeof move, "\033[%zuC", strlen(prompt_) + cursor_ - start);
    output.add(move);
    put(output.c_str(), output.size());
}

void editor::insert(char c) {
    line_.insert(cursor_++, &c, 1);
    if (!stale_ && cursor_ == line_.size() && strlen(prompt_) + cursor_ < columns_) {
        put(&c, 1); // the usual case: typing at the end
    } else {
        draw();
    }
}

void editor::erase(size_t from, size_t count) {
    line_.erase(from, count);
    cursor_ = from;
    draw();
}

void editor::erase_word() {
    size_t start = cursor_;
    while (start > 0 && line_[start - 1] == ' ') {
        start--;
    }
    while (start > 0 && line_[start - 1] != ' ') {
        start--;
    }
    erase(start, cursor_ - start);
}

void editor::replace(const char* line) {
    line_.truncate(0);
    line_.add(line);
    cursor_ = line_.size();
    draw();
}

void editor::step_history(int direction) {
    if ((direction < 0 && entry_ == 0) || (direction > 0 && entry_ == history.size())) {
        return;
    }
    if (entry_ == history.size()) {
        draft_.truncate(0);
        draft_.add(line_.c_str());
    }
    entry_ = direction < 0 ? entry_ - 1 : entry_ + 1;
    replace(entry_ == history.size() ? draft_.c_str() : history[entry_]);
}

void editor::list_matches(const list<char*>& matches) {
    put("\r\n");
    for (size_t i = 0; i < matches.size(); i++) {
        put(matches[i]);
        put("  ");
    }
    put("\r\n");
    draw();
}

/// Completes the word before the cursor as far as it is certain, or lists what it can become.
void editor::complete() {
    list<char*> matches;
    size_t typed = find_completions(line_, cursor_, matches);
    if (matches.size() == 0) {
        return;
    }
    size_t length = common_length(matches);
    for (size_t i = typed; i < length; i++) {
        insert(matches[0][i]);
    }
    if (matches.size() == 1 && line_.size() > 0 && line_[cursor_ - 1] != '/') {
        insert(' ');
    } else if (matches.size() > 1 && length == typed) {
        list_matches(matches);
    }
}

/// Acts on one key; false when the line is finished, one way or another.
bool editor::handle(int key, edit_outcome& outcome) {
    switch (key) {
    case '\r':
    case '\n':
        outcome = edit_outcome::line;
        return false;
    case control('C'):
        put("^C");
        outcome = edit_outcome::cancelled;
        return false;
    case key_closed:
        outcome = edit_outcome::end;
        return false;
    case control('D'):
        if (line_.empty()) {
            outcome = edit_outcome::end;
            return false;
        }
        [[fallthrough]];
    case key_delete:
        if (cursor_ < line_.size()) {
            erase(cursor_, 1);
        }
        return true;
    case 127:
    case control('H'):
        if (cursor_ > 0) {
            erase(cursor_ - 1, 1);
        }
        return true;
    case control('W'):
        erase_word();
        return true;
    case control('U'):
        erase(0, cursor_);
        return true;
    case control('K'):
        erase(cursor_, line_.size() - cursor_);
        return true;
    case control('P'):
    case key_up:
        step_history(-1);
        return true;
    case control('N'):
    case key_down:
        step_history(1);
        return true;
    case '\t':
        complete();
        return true;
    case control('L'):
        put("\033[H\033[2J");
        draw();
        return true;
    default:
        break;
    }
    size_t before = cursor_;
    if (key == key_home || key == control('A')) {
        cursor_ = 0;
    } else if (key == key_end || key == control('E')) {
        cursor_ = line_.size();
    } else if ((key == key_left || key == control('B')) && cursor_ > 0) {
        cursor_--;
    } else if ((key == key_right || key == control('F')) && cursor_ < line_.size()) {
        cursor_++;
    }
    if (cursor_ != before) {
        draw();
    } else if (key >= ' ' && key < key_none) {
        insert(static_cast<char>(key));
    }
    return true;
}

edit_outcome editor::run(text& result) {
    raw_mode raw;
    put(prompt_);
    edit_outcome outcome = edit_outcome::line;
    int key = 0;
    do {
        if (stale_ && !input_waits()) {
            draw_now();
        }
        key = read_byte();
        if (key == control('[')) {
            key = read_escape();
        }
    } while (handle(key, outcome));
    if (stale_) {
        draw_now();
    }
    put("\r\n");
    if (outcome == edit_outcome::line) {
        remember(line_.c_str());
        result.add(line_.c_str());
        result.add('\n');
    }
    return outcome;
}

/// For terminals that are none: no editing, the prompt goes to standard error.
edit_outcome plain_line(const char* prompt, text& result) {
    fputs(prompt, stderr);
    char c = 0;
    bool any = false;
    while (read(0, &c, 1) == 1) {
        result.add(c);
        any = true;
        if (c == '\n') {
            break;
        }
    }
    return any ? edit_outcome::line : edit_outcome::end;
}

} // namespace

edit_outcome edit_line(const char* prompt, text& line) {
    if (!isatty(0) || !isatty(1)) {
        return plain_line(prompt, line);
    }
    return editor(prompt).run(line);
}

void print_history() {
    for (size_t i = 0; i < history.size(); i++) {
        printf("%4zu  %s\n", i + 1, history[i]);
    }
}
