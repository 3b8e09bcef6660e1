x='a  b'
echo $x
echo "$x"
echo '$x' \$x "\$x" "\\" '\'
echo "a'b" 'a"b' a\ b
echo "" '' | wc -c
set -- "" a ''
echo $#
for i in "$@"; do echo "[$i]"; done
set --
echo "[$*]" "$@" "end$@"
for i in "$@"; do echo never; done
set -- 'a b' c
for i in $*; do echo "<$i>"; done
for i in "$*"; do echo "<$i>"; done
for i in "x$@y"; do echo "<$i>"; done
echo a"b"'c'd
echo "line one
line two"
echo one\
two
