if true; then echo yes; else echo no; fi
if false; then echo no; elif true; then echo elif; else echo else; fi
if false; then echo no; fi
echo status $?
for i in a b c; do
    if [ $i = b ]; then continue; fi
    echo $i
done
for i in 1 2 3; do for j in 1 2 3; do [ $j = 2 ] && continue 2; [ $i = 3 ] && break 2; echo $i$j; done; done
n=3
until [ $n -eq 0 ]; do echo $n; n=$((n - 1)); done
while :; do echo once; break; done
case abc in
    a) echo a ;;
    x|ab*) echo ab ;;
    *) echo other ;;
esac
case "a*" in "a*") echo exact ;; esac
case ab in "a*") echo wrong ;; [!b]?) echo set ;; esac
case x in y) ;; esac
echo $?
true && echo and || echo or
false && echo and || echo or
! true
echo $?
! false && echo negated
{ echo group; echo of two; } | cat
(cd / && pwd; exit 3)
echo $?
f() { echo "f $# $1"; return 4; }
f x y
echo $?
f 'a b' | cat
g() {
    local v=inner
    echo $v $1
    if [ $1 -gt 0 ]; then g $(($1 - 1)); fi
    return 0
}
v=outer
g 2
echo $v
set -- keep these
f other
echo $*
h() (exit 9)
h; echo $?
unset -f h
h 2>/dev/null; echo $?
eval 'echo eval; for i in 1 2; do echo $i; done'
x='echo from variable'; $x
true | false; echo $?
false | true; echo $?
