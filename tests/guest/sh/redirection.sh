dir=${TMPDIR:-/tmp}/shell-test-$$
mkdir $dir && cd $dir
echo one > file
echo two >> file
cat file
cat < file | wc -l
wc -l < file
{ echo out; echo err >&2; } 2> err > out
cat out; cat err
{ echo both; echo too >&2; } > all 2>&1
cat all
cat missing 2>/dev/null || echo missing
cat <<END
here $((1 + 1)) \$x $(echo substituted)
  indented "quotes" stay
END
cat <<'END'
exact $((1 + 1)) \$x
END
cat <<-END
	tabs go
		all of them
	END
cat <<ONE; cat <<TWO
first
ONE
second
TWO
exec 3> three
echo to three >&3
exec 3>&-
cat three
while read line; do echo "[$line]"; done < file
read a b < file
echo "$a|$b"
printf 'x  y z\\tw\n' | { read a b; echo "$a|$b"; }
printf 'back\\slash\n' | { read -r a; echo "$a"; }
> empty
[ -s empty ] || echo empty
set -C
(echo x > file) 2>/dev/null || echo clobber refused
echo y >| file; set +C
cat file
echo digits 2>&1 >out
cat out
for i in 1 2; do echo loop $i; done > loop
cat loop
f() { cat; }
echo piped | f
f < loop
if cat; then echo done; fi < three
i=0
while [ $i -lt 300 ]; do echo "a line of a long here-document, number $i"; i=$((i + 1)); done > long
cat > script <<END
cat <<IN | wc -c
$(cat long)
IN
END
sh script
cd / && rm -r $dir
