#pragma once
// What the parser hands to the executor: a tree of commands. Words stay as they were written, quotes and
// dollar signs included; expand.hpp turns them into strings when the command runs. Everything in a tree lives
// in the arena of its command_tree.

#include "user/sh/memory.hpp"

enum class redirect_kind {
    input,      // <  file
    output,     // >  file (refuses an existing file under set -C)
    clobber,    // >| file
    append,     // >> file
    both,       // <> file
    duplicate,  // <& and >& descriptor, or - to close
    here_text,  // << with $ expanded
    here_exact, // << with a quoted delimiter
};

struct redirection {
    redirection* next;
    redirect_kind kind;
    int fd;
    char* word; // file or descriptor; the text itself for here-documents
};

struct word {
    word* next;
    char* raw;
};

enum class node_kind {
    simple,     // assignments, words
    pipeline,   // left, then ->next of each
    negation,   // ! left
    and_then,   // left && right
    or_else,    // left || right
    sequence,   // left ; right
    background, // left &
    subshell,   // ( left )
    group,      // { left }
    if_then,    // if left then right else otherwise
    while_do,   // while left do right
    until_do,   // until left do right
    for_in,     // for name in words do left
    case_of,    // case subject in items
    function,   // name() left
};

struct node;

struct case_item {
    case_item* next;
    word* patterns;
    node* body;
};

struct node {
    node_kind kind;
    node* next; // next command of a pipeline
    node* left;
    node* right;
    node* otherwise;
    word* assignments;
    word* words;
    bool has_words; // `for name` without `in` walks over "$@"
    char* name;     // of a function or a loop variable; the subject of case
    case_item* items;
    redirection* redirections;
    char* source; // as typed, for the job list
};

/// A parsed command and the memory of its tree, shared by whoever still runs or may call it.
struct command_tree {
    arena memory;
    node* root = nullptr;
    int users = 1;
};

inline void keep(command_tree* tree) {
    tree->users++;
}

inline void drop(command_tree* tree) {
    if (--tree->users == 0) {
        delete tree;
    }
}
