#pragma once
// The expressions of test and [: one evaluator for the shell's builtin and for /bin/test.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

class test_expression {
public:
    test_expression(int count, char** words) : next_(words), end_(words + count) {}

    /// 0 true, 1 false, 2 not an expression.
    int evaluate() {
        if (next_ == end_) {
            return 1;
        }
        // With one or two words the first can be no operator: [ "$x" ] must work for any content.
        if (end_ - next_ == 1) {
            return **next_ != '\0' ? 0 : 1;
        }
        bool value = either();
        if (next_ != end_ && !failed_) {
            fail("unexpected", *next_);
        }
        return failed_ ? 2 : value ? 0 : 1;
    }

private:
    bool either() {
        bool value = both();
        while (at("-o")) {
            next_++;
            value = both() || value;
        }
        return value;
    }
    bool both() {
        bool value = negated();
        while (at("-a")) {
            next_++;
            value = negated() && value;
        }
        return value;
    }
    bool negated() {
        if (at("!") && end_ - next_ > 1 && !is_binary_next()) {
            next_++;
            return !negated();
        }
        return primary();
    }
    bool primary() {
        if (next_ == end_) {
            fail("missing argument after", *(next_ - 1));
            return false;
        }
        if (end_ - next_ >= 3 && is_binary_next()) {
            next_ += 3;
            return binary(next_[-3], next_[-2], next_[-1]);
        }
        if (at("(")) {
            next_++;
            bool value = either();
            if (!at(")")) {
                fail("missing", ")");
            } else {
                next_++;
            }
            return value;
        }
        const char* word = *next_++;
        bool operation = word[0] == '-' && word[1] != '\0' && word[2] == '\0' && next_ != end_;
        if (operation && strchr("efdrwxsLhpSbcznt", word[1]) != nullptr) {
            return unary(word[1], *next_++);
        }
        return *word != '\0';
    }
    bool is_binary_next() const {
        static const char* const names[] = {"=",   "==",  "!=",  "<",   ">",   "-eq", "-ne",
                                            "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"};
        for (const char* name : names) {
            if (end_ - next_ >= 3 && strcmp(next_[1], name) == 0) {
                return true;
            }
        }
        return false;
    }
    bool unary(char operation, const char* word) {
        struct stat status;
        switch (operation) {
        case 'z':
            return *word == '\0';
        case 'n':
            return *word != '\0';
        case 't':
            return isatty(static_cast<int>(number(word))) != 0;
        case 'r':
            return access(word, R_OK) == 0;
        case 'w':
            return access(word, W_OK) == 0;
        case 'x':
            return access(word, X_OK) == 0;
        case 'L':
        case 'h':
            return lstat(word, &status) == 0 && S_ISLNK(status.st_mode);
        default:
            return stat(word, &status) == 0 && has_property(operation, status);
        }
    }
    static bool has_property(char operation, const struct stat& status) {
        switch (operation) {
        case 'f':
            return S_ISREG(status.st_mode);
        case 'd':
            return S_ISDIR(status.st_mode);
        case 's':
            return status.st_size > 0;
        case 'p':
            return S_ISFIFO(status.st_mode);
        case 'S':
            return S_ISSOCK(status.st_mode);
        case 'b':
            return S_ISBLK(status.st_mode);
        case 'c':
            return S_ISCHR(status.st_mode);
        default:
            return true;
        }
    }
    bool binary(const char* left, const char* operation, const char* right) {
        if (operation[0] != '-') {
            int order = strcmp(left, right);
            return operation[0] == '='   ? order == 0
                   : operation[0] == '!' ? order != 0
                   : operation[0] == '<' ? order < 0
                                         : order > 0;
        }
        if (strcmp(operation, "-nt") == 0 || strcmp(operation, "-ot") == 0 || strcmp(operation, "-ef") == 0) {
            return files(left, operation, right);
        }
        long a = number(left);
        long b = number(right);
        switch (operation[1] << 8 | operation[2]) {
        case 'e' << 8 | 'q':
            return a == b;
        case 'n' << 8 | 'e':
            return a != b;
        case 'l' << 8 | 't':
            return a < b;
        case 'l' << 8 | 'e':
            return a <= b;
        case 'g' << 8 | 't':
            return a > b;
        default:
            return a >= b;
        }
    }
    static bool files(const char* left, const char* operation, const char* right) {
        struct stat a, b;
        bool has_a = stat(left, &a) == 0;
        bool has_b = stat(right, &b) == 0;
        switch (operation[1]) {
        case 'n':
            return has_a && (!has_b || a.st_mtime > b.st_mtime);
        case 'o':
            return has_b && (!has_a || a.st_mtime < b.st_mtime);
        default:
            return has_a && has_b && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
        }
    }
    long number(const char* word) {
        char* end = nullptr;
        long value = strtol(word, &end, 10);
        if (end == word || *end != '\0') {
            fail("not a number:", word);
        }
        return value;
    }
    bool at(const char* word) const { return next_ != end_ && strcmp(*next_, word) == 0; }
    void fail(const char* what, const char* word) {
        if (!failed_) {
            fprintf(stderr, "test: %s %s\n", what, word);
        }
        failed_ = true;
    }

    char** next_;
    char** end_;
    bool failed_ = false;
};

/// Runs `test` or `[`, which wants a closing ]. The exit status.
inline int run_test(int argc, char** argv) {
    const char* slash = strrchr(argv[0], '/');
    if (strcmp(slash != nullptr ? slash + 1 : argv[0], "[") == 0) {
        if (strcmp(argv[argc - 1], "]") != 0) {
            fputs("[: missing ]\n", stderr);
            return 2;
        }
        argc--;
    }
    return test_expression(argc - 1, argv + 1).evaluate();
}
