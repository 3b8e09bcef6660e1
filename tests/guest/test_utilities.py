"""The utilities: a table of shell lines and what they print. Like the shell's scripts they run on this machine's
Linux first, with our binaries, and then in the guest."""
import os
import subprocess

import harness
import pytest

BIN = os.path.join(harness.BUILD, "rootfs", "bin")

# Programs whose help would have to be asked for in another way.
WITHOUT_HELP = {"true", "false", "echo", "hello", "hello_socket", "["}

TABLE = {
    "cat": ("printf 'a\\nb\\n' > f; cat f - < f", "a\nb\na\nb"),
    "cat-missing": ("cat nothing; echo $?", "cat: nothing: No such file or directory\n1"),
    "cp-file": ("echo x > a; cp a b; cat b", "x"),
    "cp-into-folder": ("echo x > a; mkdir d; cp a d; cat d/a", "x"),
    "cp-tree": ("mkdir -p d/e; echo x > d/e/f; cp -r d c; cat c/e/f", "x"),
    "cp-into-itself": ("mkdir d; cp -r d d; echo $?", "cp: d: cannot be copied into itself\n1"),
    "cp-same": ("echo x > a; cp a a; echo $?; cat a", "cp: a and a are the same file\n1\nx"),
    "mv": ("echo x > a; mv a b; cat b; ls", "x\nb"),
    "rm": ("touch a b; rm a; ls; rm a; echo $?; rm -f a; echo $?",
           "b\nrm: a: No such file or directory\n1\n0"),
    "rm-folder": ("mkdir -p d/e/f; touch d/e/g; rm d; rm -r d; ls", "rm: d: is a folder (use -r)"),
    "rmdir": ("mkdir d d/e; rmdir d; rmdir d/e d; ls", "rmdir: d: Directory not empty"),
    "mkdir": ("mkdir a/b; mkdir -p a/b; mkdir -p a/b; ls a", "mkdir: a/b: No such file or directory\nb"),
    "ls": ("touch b a .hidden; mkdir c; ls; ls -a | wc -l; ls -d c", "a\nb\nc\n6\nc"),
    "ls-long": ("printf 12345 > a; ls -l a | cut -c1-10; ls -l a | tr -s ' ' | cut -d' ' -f5", "-rw-r--r--\n5"),
    "head": ("seq 20 | head -n 2; seq 20 | head -1; echo abcdef | head -c 3", "1\n2\n1\nabc"),
    "tail": ("seq 20 | tail -n 2; seq 5 | tail -n +4; seq 3 | tail -1", "19\n20\n4\n5\n3"),
    "wc": ("printf 'one two\\nthree\\n' > f; wc f; wc -l f; wc -w < f; wc -c < f",
           "      2       3      14 f\n2 f\n3\n14"),
    "grep": ("printf 'apple\\nBanana\\ncherry\\n' > f; grep an f; grep -i b f; grep -vn a f; grep -c e f; grep x f; "
             "echo $?", "Banana\nBanana\n3:cherry\n2\n1"),
    "grep-regex": ("printf 'ab\\naab\\nb\\nxyz\\na.b\\n' > f; grep '^a*b$' f; grep 'a\\.b' f; grep '[x-z]\\+$' f; "
                   "grep -F a. f; grep 'xy\\|^b' f", "ab\naab\nb\na.b\nxyz\na.b\nb\nxyz"),
    "grep-recursive": ("mkdir -p d/e; echo needle > d/e/f; grep -r needle d; grep -rl needle d",
                       "d/e/f:needle\nd/e/f"),
    "hexdump": ("printf 'hello\\n\\377' | hexdump -C",
                "00000000  68 65 6c 6c 6f 0a ff                              |hello..|\n00000007"),
    "hexdump-repeated": ("head -c 64 /dev/zero | hexdump | wc -l", "3"),
    "sort": ("printf '10\\n9\\nb\\na\\n9\\n' > f; sort f; sort -rn f | head -1; sort -u f | wc -l",
             "10\n9\n9\na\nb\n10\n4"),
    "sort-key": ("printf 'a 2\\nb 1\\n' | sort -k 2", "b 1\na 2"),
    "uniq": ("printf 'a\\na\\nb\\n' | uniq -c; printf 'a\\na\\nb\\n' | uniq -d", "      2 a\n      1 b\na"),
    "cut": ("echo a:b:c | cut -d: -f1,3; echo abcdef | cut -c2-4", "a:c\nbcd"),
    "tr": ("echo hello | tr a-y b-z; echo hello | tr -d l; echo aabb | tr -s ab", "ifmmp\nheo\nab"),
    "tee": ("echo x | tee f; cat f; echo y | tee -a f > /dev/null; cat f", "x\nx\nx\ny"),
    "seq": ("seq 3 -1 1; seq 1 2 5", "3\n2\n1\n1\n3\n5"),
    "cmp": ("echo a > a; echo b > b; cmp a b; echo $?; cmp a a; echo $?", "a b differ: byte 1, line 1\n1\n0"),
    "dd": ("dd if=/dev/zero of=f bs=1k count=3 2> /dev/null; wc -c < f; echo abcdef | dd bs=1 skip=0 count=2 2> "
           "/dev/null", "3072\nab"),
    "sha256sum": ("printf abc | sha256sum; printf abc > f; sha256sum f > l; sha256sum -c l; echo x > f; sha256sum -c l;"
                  " echo $?", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  -\nf: OK\n"
                  "f: FAILED\n1"),
    "sha256sum-long": ("head -c 1000000 /dev/zero | sha256sum",
                       "d29751f2649b32ff572b5e0a9f541ea660a50f94ff0beedfb0b692b924cc8025  -"),
    "env": ("env -i A=1 env; env B=2 printenv 2> /dev/null; echo $?; env -i false; echo $?", "A=1\n127\n1"),
    "printf": ("printf '%s=%d\\n' a 1 b 2; printf '%05.1s|%-4s|%x\\n' abc d 255", "a=1\nb=2\n    a|d   |ff"),
    "test": ("test -f /etc/passwd && [ 2 -gt 1 ] && [ a '<' b ]; echo $?; test 1 -eq x; echo $?",
             "0\ntest: not a number: x\n2"),
    "touch": ("touch a; test -f a; echo $?; touch d/a; echo $?", "0\ntouch: d/a: No such file or directory\n1"),
    "date": ("date +%Y | grep -c '^20[2-9][0-9]$'; test $(date +%s) -gt 1600000000; echo $?", "1\n0"),
    "kill": ("sleep 100 & kill $!; wait $!; echo $?; kill -l | grep -c TERM; kill -s NOPE 1 2> /dev/null; echo $?",
             "143\n1\n2"),
    "usage": ("cp; echo $?", "usage: cp [-r] SOURCE... TARGET\n  -r  copy folders with all that is in them\n2"),
    "bad-option": ("head -n x f; echo $?", "head: lines: not a number: 'x'\n2"),
}


def on_linux(script, folder):
    ended = subprocess.run([os.path.join(BIN, "sh"), "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           timeout=60, check=False, text=True, cwd=folder, env={"PATH": BIN, "HOME": "/root"})
    return ended.stdout.rstrip("\n")


@pytest.mark.parametrize("name", TABLE)
def test_on_linux(name, tmp_path):
    script, expected = TABLE[name]
    assert on_linux(script, tmp_path) == expected


@pytest.mark.parametrize("name", TABLE)
def test_in_guest(guest, name):
    script, expected = TABLE[name]
    guest.run("rm -rf /tmp/case; mkdir /tmp/case && cd /tmp/case")
    quoted = script.replace("'", "'\\''")
    assert guest.run(f"sh -c '{quoted}' 2>&1 | cat", check=False) == expected
    guest.run("cd /")


@pytest.mark.parametrize("program", sorted(set(os.listdir(BIN)) - WITHOUT_HELP) if os.path.isdir(BIN) else [])
def test_help(program):
    """Every program says what it is for, and that asking is no error."""
    ended = subprocess.run([os.path.join(BIN, program), "--help"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           stdin=subprocess.DEVNULL, timeout=10, check=False, text=True)
    assert ended.stdout.startswith(f"usage: {program}")
    assert ended.returncode == 0
