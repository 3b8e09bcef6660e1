unset u
e=
v=value
echo ${u-unset} ${e-empty} ${e:-null} ${v:-x} "${u-two words}" ${u-two words}
echo ${v+set} ${u+set} ${e:+x}end
echo ${n:=assigned} $n
path=/usr/local/lib/file.tar.gz
echo ${path##*/} ${path#*/} ${path%.*} ${path%%.*} ${#path}
echo "${path%/*}"
star='*'
echo "${star%\*}." "${path#"/usr"}"
echo $(echo nested $(echo deep "$(echo 'deeper')"))
echo `echo back \`echo quoted\``
echo "$(printf 'a\nb\n\n')"
echo $(printf 'a\nb\n')
case $(echo x) in (x) echo "case in $(case y in y) echo substitution;; esac)";; esac
IFS=:
list=a:b::c:
for i in $list; do echo "[$i]"; done
IFS=', '
list='a , b,c  d,,e'
for i in $list; do echo "[$i]"; done
unset IFS
set -- 1 2 3 4 5 6 7 8 9 ten eleven
echo ${10} ${11} $10 $#
shift 3
echo $1 $#
echo ~root ~/x "~"
a=1 b=$a; echo $b
echo ${v}text "${v}text" $v-text
echo "${u:-"quoted  inside"}"
(echo ${u?needed}) 2>/dev/null || echo failed
