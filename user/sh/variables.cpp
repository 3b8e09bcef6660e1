// Variables, positional parameters and functions: plain lists, searched by name. A script has tens of them,
// so nothing faster is worth its code.

#include "user/sh/shell.hpp"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char** environ;

namespace {

struct variable {
    variable* next;
    char* name;
    char* value; // null: exported or read-only but unset
    bool exported;
    bool read_only;
};

/// What a `local` variable was before.
struct shadowed {
    char* name;
    char* value;
    bool exported;
};

variable* variables = nullptr;
function_entry* functions = nullptr;
list<shadowed> shadows;

variable* find(const char* name) {
    variable* entry = variables;
    while (entry != nullptr && strcmp(entry->name, name) != 0) {
        entry = entry->next;
    }
    return entry;
}

variable* find_or_create(const char* name) {
    variable* entry = find(name);
    if (entry == nullptr) {
        entry = static_cast<variable*>(allocate_or_exit(sizeof(variable)));
        *entry = {variables, duplicate(name), nullptr, false, false};
        variables = entry;
    }
    return entry;
}

} // namespace

parameters positional;

void import_environment() {
    for (char** entry = environ; *entry != nullptr; entry++) {
        const char* equals = strchr(*entry, '=');
        if (equals == nullptr || !is_name(*entry, static_cast<size_t>(equals - *entry))) {
            continue;
        }
        char* name = scratch.copy(*entry, static_cast<size_t>(equals - *entry));
        set_variable(name, equals + 1);
        export_variable(name);
    }
}

const char* get_variable(const char* name) {
    variable* entry = find(name);
    return entry != nullptr ? entry->value : nullptr;
}

bool set_variable(const char* name, const char* value) {
    variable* entry = find_or_create(name);
    if (entry->read_only) {
        complain(1, "%s: is read only", name);
        return false;
    }
    char* copy = duplicate(value); // before the old value goes: `value` may be part of it
    free(entry->value);
    entry->value = copy;
    return true;
}

bool unset_variable(const char* name) {
    for (variable** link = &variables; *link != nullptr; link = &(*link)->next) {
        variable* entry = *link;
        if (strcmp(entry->name, name) != 0) {
            continue;
        }
        if (entry->read_only) {
            complain(1, "%s: is read only", name);
            return false;
        }
        *link = entry->next;
        free(entry->name);
        free(entry->value);
        free(entry);
        break;
    }
    return true;
}

void export_variable(const char* name) {
    find_or_create(name)->exported = true;
}

void make_read_only(const char* name) {
    find_or_create(name)->read_only = true;
}

size_t enter_scope() {
    return shadows.size();
}

void make_local(const char* name) {
    variable* entry = find(name);
    const char* value = entry != nullptr ? entry->value : nullptr;
    bool exported = entry != nullptr && entry->exported;
    shadows.add({duplicate(name), value != nullptr ? duplicate(value) : nullptr, exported});
}

void leave_scope(size_t scope) {
    while (shadows.size() > scope) {
        shadowed before = shadows[shadows.size() - 1];
        shadows.truncate(shadows.size() - 1);
        if (before.value != nullptr) {
            set_variable(before.name, before.value);
            find(before.name)->exported = before.exported;
        } else {
            unset_variable(before.name);
        }
        free(before.name);
        free(before.value);
    }
}

void print_variables(bool exported_only) {
    list<variable*> sorted;
    for (variable* entry = variables; entry != nullptr; entry = entry->next) {
        if (exported_only ? entry->exported : entry->value != nullptr) {
            sorted.add(entry);
        }
    }
    qsort(sorted.begin(), sorted.size(), sizeof(variable*), [](const void* a, const void* b) {
        return strcmp((*static_cast<variable* const*>(a))->name, (*static_cast<variable* const*>(b))->name);
    });
    for (variable* entry : sorted) {
        printf("%s%s", exported_only ? "export " : "", entry->name);
        if (entry->value != nullptr) {
            fputs("='", stdout);
            for (const char* c = entry->value; *c != '\0'; c++) {
                *c == '\'' ? fputs("'\\''", stdout) : putchar(*c);
            }
            putchar('\'');
        }
        putchar('\n');
    }
}

char** exported_environment() {
    size_t count = 0;
    for (variable* entry = variables; entry != nullptr; entry = entry->next) {
        count += entry->exported && entry->value != nullptr;
    }
    char** environment = static_cast<char**>(scratch.allocate((count + 1) * sizeof(char*)));
    size_t index = 0;
    for (variable* entry = variables; entry != nullptr; entry = entry->next) {
        if (entry->exported && entry->value != nullptr) {
            text assignment;
            assignment.add(entry->name);
            assignment.add('=');
            assignment.add(entry->value);
            environment[index++] = scratch.copy(assignment.c_str(), assignment.size());
        }
    }
    return environment;
}

parameters copy_parameters(int count, char** values) {
    size_t size = (static_cast<size_t>(count) + 1) * sizeof(char*);
    parameters copy = {count, static_cast<char**>(allocate_or_exit(size))};
    for (int i = 0; i < count; i++) {
        copy.values[i] = duplicate(values[i]);
    }
    copy.values[count] = nullptr;
    return copy;
}

void free_parameters(parameters& which) {
    for (int i = 0; i < which.count; i++) {
        free(which.values[i]);
    }
    free(which.values);
    which = {0, nullptr};
}

function_entry* find_function(const char* name) {
    function_entry* entry = functions;
    while (entry != nullptr && strcmp(entry->name, name) != 0) {
        entry = entry->next;
    }
    return entry;
}

void define_function(const char* name, node* body, command_tree* tree) {
    remove_function(name);
    function_entry* entry = static_cast<function_entry*>(allocate_or_exit(sizeof(function_entry)));
    *entry = {functions, duplicate(name), body, tree};
    keep(tree);
    functions = entry;
}

bool remove_function(const char* name) {
    for (function_entry** link = &functions; *link != nullptr; link = &(*link)->next) {
        function_entry* entry = *link;
        if (strcmp(entry->name, name) == 0) {
            *link = entry->next;
            drop(entry->tree);
            free(entry->name);
            free(entry);
            return true;
        }
    }
    return false;
}
