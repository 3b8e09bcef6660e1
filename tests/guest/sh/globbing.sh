dir=${TMPDIR:-/tmp}/shell-glob-$$
mkdir $dir && cd $dir
touch a.c b.c c.h .hidden 'with space'
mkdir sub sub/deep; touch sub/x.c sub/deep/y.c
echo *
echo *.c
echo [ab].c [!a].c
echo "*.c" '*' \*
echo *.none
echo .h*
echo */*.c */*/*.c
echo ?.?
for f in *space; do echo "[$f]"; done
p='*.h'; echo $p "$p"
set -f; echo *.c; set +f
case file.txt in *.txt) echo match;; esac
case '[' in '[') echo bracket;; esac
case a-b in a[-+]b) echo dash;; esac
case 5 in [[:digit:]]) echo class;; esac
case / in ?) echo slash;; esac
cd / && rm -r $dir
