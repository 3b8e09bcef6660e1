#!/usr/bin/env python3
"""Every header compiles alone, in C and in C++, and every function it declares is in libc.a with a comment.

    check_headers.py LIBC.A
"""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "libc" / "include"
DECLARATION = re.compile(r"^(?:extern )?[A-Za-z_][\w \*]*?[ \*](\w+)\([^;{]*\)[^;{]*;", re.M)


def compiles(header, compiler, language):
    builtin = subprocess.run([compiler, "-print-file-name=include"], capture_output=True, text=True).stdout.strip()
    command = [compiler, "-x", language, "-fsyntax-only", "-Wall", "-Wextra", "-nostdinc", f"-I{INCLUDE}", f"-I{ROOT}",
               "-isystem", builtin, "-"]
    result = subprocess.run(command, input=f"#include <{header}>\n#include <{header}>\n", text=True, capture_output=True)
    return "" if result.returncode == 0 and not result.stderr else result.stderr.splitlines()[0]


def main():
    archive = subprocess.run(["nm", "--defined-only", "-g", sys.argv[1]], capture_output=True, text=True, check=True)
    defined = {line.split()[2] for line in archive.stdout.splitlines() if len(line.split()) == 3}
    functions, failures = 0, []
    headers = sorted(path.relative_to(INCLUDE) for path in INCLUDE.rglob("*.h") if "c++" not in path.parts)
    for header in headers:
        for compiler, language in (("gcc", "c"), ("g++", "c++")):
            message = compiles(header, compiler, language)
            if message:
                failures.append(f"{header}: {message}")
        text = (INCLUDE / header).read_text()
        plain = re.sub(r"\\\n|^#.*$", "", text, flags=re.M)
        for match in DECLARATION.finditer(plain):
            functions += 1
            if match[1] not in defined and match[1] not in ("typedef",):
                failures.append(f"{header}: {match[1]} is declared but not in libc.a")
            before = plain[:match.start()].rstrip().splitlines()
            if not match[1].startswith("__") and (not before or not before[-1].startswith("///")):
                failures.append(f"{header}: {match[1]} has no comment")
    for failure in failures:
        print("FAIL", failure)
    print(f"{'FAIL' if failures else 'ok'} headers: {len(headers)} headers, {functions} functions, {len(failures)} failures")
    return 1 if failures or functions < 700 else 0


if __name__ == "__main__":
    sys.exit(main())
