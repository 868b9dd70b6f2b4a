#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Writes initramfs archives: for the emulated host, and for the guest.

usage: initramfs.py OUT INIT    an archive of busybox with INIT as /init
"""

import os
import stat
import subprocess
import sys


class Cpio:
    """Writes an archive in the newc format that the kernel unpacks."""

    def __init__(self, path):
        self.out = open(path, "wb")
        self.inode = 0
        self.dirs = set()

    def entry(self, name, mode, data=b"", rdev=(0, 0)):
        self.inode += 1
        raw = name.encode() + b"\0"
        fields = [self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, rdev[0], rdev[1],
                  len(raw), 0]
        head = b"070701" + b"".join(b"%08X" % f for f in fields) + raw
        self.out.write(head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4))

    def parents(self, name):
        parent = os.path.dirname(name)
        if parent and parent not in self.dirs:
            self.parents(parent)
            self.dirs.add(parent)
            self.entry(parent, stat.S_IFDIR | 0o755)

    def file(self, name, path, mode=None):
        self.parents(name)
        with open(path, "rb") as f:
            data = f.read()
        mode = mode or stat.S_IMODE(os.stat(path).st_mode)
        self.entry(name, stat.S_IFREG | mode, data)

    def text(self, name, text, mode=0o644):
        self.parents(name)
        self.entry(name, stat.S_IFREG | mode, text.encode())

    def link(self, name, target):
        self.parents(name)
        self.entry(name, stat.S_IFLNK | 0o777, target.encode())

    def tree(self, name, path):
        for root, dirs, files in sorted(os.walk(path)):
            dirs.sort()
            rel = os.path.normpath(os.path.join(name, os.path.relpath(root, path)))
            self.parents(rel + "/x")
            for f in sorted(files):
                full = os.path.join(root, f)
                if os.path.islink(full):
                    self.link(rel + "/" + f, os.readlink(full))
                elif os.path.isfile(full):
                    self.file(rel + "/" + f, full)

    def busybox(self):
        self.file("bin/busybox", "/bin/busybox", 0o755)
        names = subprocess.run(["/bin/busybox", "--list"], stdout=subprocess.PIPE,
                               check=True).stdout.decode().split()
        for name in names:
            if name != "busybox":
                self.link("bin/" + name, "busybox")

    def skeleton(self, *more):
        """The directories and devices that an init finds before it mounts."""
        for name in ("proc", "sys", "dev", "tmp", "root", "etc") + more:
            self.parents(name + "/x")
        self.entry("dev/console", stat.S_IFCHR | 0o600, rdev=(5, 1))
        self.entry("dev/null", stat.S_IFCHR | 0o666, rdev=(1, 3))
        self.entry("dev/port", stat.S_IFCHR | 0o600, rdev=(1, 4))
        self.busybox()

    def close(self):
        self.entry("TRAILER!!!", 0)
        self.out.write(bytes(-self.out.tell() % 512))
        self.out.close()


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: initramfs.py OUT INIT")
    cpio = Cpio(sys.argv[1] + ".tmp")
    cpio.skeleton()
    cpio.file("init", sys.argv[2], 0o755)
    cpio.close()
    os.rename(sys.argv[1] + ".tmp", sys.argv[1])


if __name__ == "__main__":
    main()
