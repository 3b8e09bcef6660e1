"""The console's three ways: serial port, screen, keyboard; and the second serial port."""
import json
import re
import socket
import time

import pytest
from harness import INITRAMFS, KERNEL, Guest, clean


class Monitor:
    """QEMU's machine protocol: types on the guest's keyboard and reads its memory."""

    def __init__(self, path):
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.connect(path)
        self.lines = self.connection.makefile("rw")
        self.lines.readline()  # the greeting
        self.call("qmp_capabilities")

    def call(self, command, **arguments):
        self.lines.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.lines.flush()
        while True:
            answer = json.loads(self.lines.readline())
            if "return" in answer:
                return answer["return"]
            assert "error" not in answer, answer

    def press(self, *keys):
        """Keys held down together, by QEMU's names."""
        self.call("send-key", keys=[{"type": "qcode", "data": key} for key in keys])

    def screen(self):
        """The 25 lines of VGA text memory."""
        dump = self.call("human-monitor-command", **{"command-line": "xp /2000hx 0xb8000"})
        cells = [int(word, 16) for line in dump.splitlines() for word in line.split(":")[1].split()]
        text = "".join(chr(cell & 0xFF) for cell in cells)
        return [text[i:i + 80].rstrip() for i in range(0, 2000, 80)]


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("console")
    monitor, port = str(folder / "monitor"), str(folder / "port")
    with Guest(kernel=KERNEL, initrd=INITRAMFS,
               extra=("-qmp", f"unix:{monitor},server=on,wait=off",
                      "-serial", f"unix:{port},server=on,wait=off")) as guest:
        guest.wait_for_shell()
        guest.monitor = Monitor(monitor)
        guest.port = socket.socket(socket.AF_UNIX)
        guest.port.connect(port)
        guest.port.settimeout(10)
        yield guest


def type_keys(guest, keys):
    for key in keys:
        guest.monitor.press(*key.split("+"))
        time.sleep(0.02)  # the keyboard controller holds 16 bytes


def test_keyboard(machine):
    """What is typed on the keyboard runs and shows on the serial line."""
    type_keys(machine, ["e", "c", "h", "o", "spc", "shift+k", "minus", "shift+1", "shift+apostrophe", "q", "x", "backspace",
                        "shift+apostrophe", "shift+equal", "caps_lock", "z", "shift+z", "caps_lock", "z", "ret"])
    machine.expect(r"K-!q\+Zzz")


def test_keyboard_signals(machine):
    machine.start("sleep 1000; echo slept $?")
    machine.expect(r"echo slept")
    time.sleep(0.3)  # until sleep is in the foreground
    machine.monitor.press("ctrl", "c")
    machine.expect(r"\^C")
    assert machine.run("echo still here") == "still here"


def test_screen(machine):
    machine.run("clear")
    machine.run("printf 'one\\ntwo\\tX\\033[1;31mred\\033[0m\\n'")
    text = machine.monitor.screen()
    assert "one" in text and "two     Xred" in text, text


def test_screen_scrolls(machine):
    machine.run("clear; seq 1 200")
    text = "\n".join(machine.monitor.screen())
    assert re.search(r"198\s+199\s+200", text) and "\n150" not in text, text


def test_cursor_movement(machine):
    machine.run("clear; printf '\\033[10;20Hmiddle\\033[1;1Htop\\033[12;1H'")
    text = machine.monitor.screen()
    assert text[9] == " " * 19 + "middle" and text[0].startswith("top"), text


def test_second_port_out(machine):
    """Every byte goes out as it is."""
    octal = "".join(f"\\{byte:03o}" for byte in range(256))
    machine.run(f"printf '{octal}' > /dev/ttyS1")
    got = b""
    while len(got) < 256:
        got += machine.port.recv(4096)
    assert got == bytes(range(256))


def test_second_port_in(machine):
    """Every byte comes in as it is."""
    machine.start("head -c 256 /dev/ttyS1 > /tmp/in; sha256sum /tmp/in")
    machine.expect("sha256sum")
    for start in range(0, 256, 16):
        machine.port.sendall(bytes(range(start, start + 16)))
    # sha256 of the bytes 0 to 255 in this order
    machine.expect("40aff2e9d2d8922e47afd4648e6967497158785fbd1da870e7110266bf944880")


HEADER = {"ino": 7, "mode": 0o100644, "uid": 0, "gid": 0, "nlink": 1, "mtime": 0, "filesize": 0, "devmajor": 0,
          "devminor": 0, "rdevmajor": 0, "rdevminor": 0, "namesize": 0, "check": 0}


def cpio(name=b"made\0", data=b"data", magic=b"070701", **fields):
    """One entry of a cpio archive, with wrong fields on demand."""
    values = {**HEADER, "namesize": len(name), "filesize": len(data), **fields}
    head = magic + b"".join(value if isinstance(value, bytes) else b"%08X" % value for value in values.values()) + name
    head += b"\0" * (-len(head) % 4)
    return head + data + b"\0" * (-len(data) % 4)


MALFORMED = {
    "magic": cpio(magic=b"070709"),
    "not hexadecimal": cpio(mode=b"0000zz00"),
    "short header": cpio()[:50],
    "data beyond the end": cpio(filesize=0xFFFFFFFF),
    "name beyond the end": cpio(namesize=0x7FFFFFFF),
    "no name": cpio(name=b"", namesize=0),
    "name without end": cpio(name=b"abcd"),
    "NUL in the name": cpio(name=b"ab\0d\0"),
    "long component": cpio(name=b"x" * 300 + b"\0"),
    "long link": cpio(data=b"y" * 5000, mode=0o120777),
    "no type": cpio(mode=0o644),
    "file in place of a directory": cpio(name=b"bin\0"),
    "below a file": cpio(name=b"etc/passwd/x\0"),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_initramfs(tmp_path, what):
    """A bad archive after the good one is reported, and the system runs on what came before."""
    with open(INITRAMFS, "rb") as archive:
        good = archive.read()
    initrd = tmp_path / "initramfs.cpio"
    initrd.write_bytes(good + b"\0" * (-len(good) % 512) + MALFORMED[what])
    with Guest(kernel=KERNEL, initrd=str(initrd)) as guest:
        guest.wait_for_shell()
        assert "unpacking stopped early" in clean(guest.console.before)


def test_initramfs_of_two_archives(tmp_path):
    with open(INITRAMFS, "rb") as archive:
        good = archive.read()
    initrd = tmp_path / "initramfs.cpio"
    initrd.write_bytes(good + b"\0" * (-len(good) % 512) + cpio(name=b"sub/../sub/made\0", data=b"by the second\n"))
    with Guest(kernel=KERNEL, initrd=str(initrd)) as guest:
        guest.wait_for_shell()
        assert guest.run("cat /sub/made") == "by the second"
