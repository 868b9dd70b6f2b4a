#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Turns a distribution's bzImage into one whose kernel is not compressed.

usage: make_bzimage.py VMLINUZ STUB OUT

The real-mode part is kept; the protected-mode part becomes STUB (stub.S as a
flat binary, padded to one page) followed by the vmlinux flattened to its
physical layout. Fields are those of "The Linux/x86 Boot Protocol".
"""

import struct
import subprocess
import sys

MAGICS = {
    b"\x28\xb5\x2f\xfd": ["zstd", "-dcq"],
    b"\xfd7zXZ": ["xz", "-dc", "--single-stream"],
    b"\x1f\x8b": ["gzip", "-dc"],
    b"\x04\x22\x4d\x18": ["lz4", "-dc"],
}
PAGE = 4096


def fail(text):
    sys.exit(f"make_bzimage.py: {text}")


def decompress(payload):
    for magic, command in MAGICS.items():
        if payload.startswith(magic):
            # The payload ends with its 32-bit size, which is not part of it.
            run = subprocess.run(command, input=payload[:-4], stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, check=False)
            if run.stdout:
                return run.stdout
    fail(f"the kernel's payload has no known compression (it begins {payload[:6].hex()})")
    return b""


def flatten(elf):
    """Return (physical address, bytes, memory size, entry) of an ELF kernel."""
    if elf[:4] != b"\x7fELF":
        fail("the decompressed payload is no ELF file")
    entry, phoff = struct.unpack_from("<QQ", elf, 24)
    phentsize, phnum = struct.unpack_from("<HH", elf, 54)
    loads = []
    for i in range(phnum):
        kind, _, offset, _, paddr, filesz, memsz, _ = struct.unpack_from(
            "<IIQQQQQQ", elf, phoff + i * phentsize)
        if kind == 1:
            loads.append((paddr, offset, filesz, memsz))
    base = min(load[0] for load in loads)
    image = bytearray(max(p + f for p, _, f, _ in loads) - base)
    for paddr, offset, filesz, _ in loads:
        image[paddr - base:paddr - base + filesz] = elf[offset:offset + filesz]
    image += bytes(-len(image) % PAGE)
    return base, bytes(image), max(p + m for p, _, _, m in loads) - base, entry


def main():
    if len(sys.argv) != 4:
        fail("usage: make_bzimage.py VMLINUZ STUB OUT")
    with open(sys.argv[1], "rb") as f:
        bzimage = f.read()
    with open(sys.argv[2], "rb") as f:
        stub = bytearray(f.read())
    if bzimage[0x202:0x206] != b"HdrS":
        fail(f"{sys.argv[1]} is no bzImage")
    setup = (bzimage[0x1f1] + 1) * 512
    payload_offset, payload_length = struct.unpack_from("<II", bzimage, 0x248)
    start = setup + payload_offset
    base, image, memsz, entry = flatten(decompress(bzimage[start:start + payload_length]))

    struct.pack_into("<III", stub, 8, base, len(image), entry)
    body = bytes(stub) + bytes(PAGE - len(stub)) + image
    head = bytearray(bzimage[:setup])
    struct.pack_into("<I", head, 0x1f4, (len(body) + 15) // 16)   # syssize
    struct.pack_into("<I", head, 0x230, PAGE)                     # kernel_alignment
    head[0x235] = 12                                              # min_alignment
    struct.pack_into("<H", head, 0x236, 0)                        # xloadflags
    struct.pack_into("<II", head, 0x248, 0, 0)                    # payload
    struct.pack_into("<Q", head, 0x258, base - PAGE)              # pref_address
    struct.pack_into("<I", head, 0x260, max(memsz, len(image)) + PAGE)  # init_size
    struct.pack_into("<I", head, 0x264, 0)                        # handover_offset
    with open(sys.argv[3], "wb") as f:
        f.write(head + body)


main()
