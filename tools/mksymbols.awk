# Turns `nm -n -C kernel.elf` into the assembly source of the symbol table that backtraces read
# (kernel/arch/symbols.cpp): the functions between text_start and text_end, without their parameters.
#
# Use: nm -n -C FIRST-LINK | awk -f tools/mksymbols.awk > symbols.asm

BEGIN { count = 0 }

function hexadecimal(text,    value, i) {
    value = 0
    for (i = 1; i <= length(text); i++) {
        value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
    }
    return value
}

# The upper half is the same for all and too big for awk's numbers.
{ address = hexadecimal(substr($1, 9)) }

$3 == "text_start" { start = address; inside = 1; next }
$3 == "text_end" { inside = 0 }

inside && $2 ~ /^[tTwW]$/ {
    name = $0
    sub(/^[^ ]+ [^ ]+ /, "", name)
    gsub(/\(anonymous namespace\)::/, "", name)
    sub(/\(.*/, "", name)
    if (name ~ /^[$.]/ || name ~ /\./ || address == last) {
        next
    }
    last = address
    addresses[count] = address - start
    names[count] = name
    count++
}

END {
    print "section .symbols progbits alloc noexec nowrite align=8"
    print "global symbol_count, symbol_table, symbol_names"
    print "symbol_count: dd " count + 0 ", 0"
    print "symbol_table:"
    place = 0
    for (i = 0; i < count; i++) {
        print "dd " addresses[i] ", " place
        place += length(names[i]) + 1
    }
    print "symbol_names:"
    for (i = 0; i < count; i++) {
        print "db '" names[i] "', 0"
    }
}
