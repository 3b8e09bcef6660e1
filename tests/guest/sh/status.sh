false; echo $?
true; echo $?
no-such-command 2>/dev/null; echo $?
/ 2>/dev/null; echo $?
sh -c 'exit 7'; echo $?
sh -c 'kill -9 $$'; echo $?
(exit 5) || echo failed $?
x=$(exit 6); echo $?
x=$(false) y=1; echo $?
sh -ec 'false; echo never'; echo $?
sh -ec 'if false; then :; fi; false || true; ! true; echo reached'; echo $?
sh -uc 'echo $nothing' 2>/dev/null; [ $? -ne 0 ] && echo unset
sh -c 'if then' 2>/dev/null; echo $?
sh -c 'echo $0 $1 $#' name one two
sh -c 'trap "echo bye" EXIT; echo working'
sh -c 'trap "echo caught" USR1; kill -USR1 $$; echo after'
sh -c 'trap "" TERM; kill -TERM $$; echo ignored'
sleep 0 & wait $!; echo $?
sh -c 'exit 3' & wait $!; echo $?
(sleep 0; exit 4) & p=$!; wait $p; echo $?
[ 1 -lt 2 ] && [ a != b ] && [ -d / ] && [ ! -e /nonexistent ] && [ -n x ] && [ -z "" ]; echo $?
[ 1 -eq 1 -a 2 -eq 3 ]; echo $?
[ 1 -eq 1 -o 2 -eq 3 ]; echo $?
[ "" ]; echo $?
test a = a; echo $?
X=1 sh -c 'echo $X'; echo "[$X]"
export Y=2; sh -c 'echo $Y'
readonly R=1; (R=2) 2>/dev/null; echo $R
command -v echo; type cd
echo $(umask 027; umask)
printf '%s-%d-%x-%5s|%-5s|%03d %%\n' str 42 255 r l 7
printf '%s\n' a b c
echo lost > /dev/full 2>/dev/null || echo "not written"; printf lost > /dev/full 2>/dev/null || echo "nor that"
