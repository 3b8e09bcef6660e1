// The shell's lexer and parser: any text, one command after the other, until its end or an error.

#include "fuzz/support/expect.hpp"
#include "user/sh/parser.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
    const fuzz::exact_text script(bytes, length);
    input source;
    source.quiet = true;
    source.buffer.add(script.get());
    for (;;) {
        command_tree* tree = new command_tree;
        const parse_outcome outcome = parse_command(source, *tree);
        drop(tree);
        fuzz::expect(source.position <= strlen(script.get()), "the parser read on behind the end");
        if (outcome != parse_outcome::command) {
            return 0;
        }
    }
}
