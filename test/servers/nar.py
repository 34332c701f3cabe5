#!/usr/bin/env python3
"""What is a folder's digest, by another reading of NAR's definition than ours in C?"""
import base64
import hashlib
import os
import stat
import struct
import sys


def text(data):
    return struct.pack("<Q", len(data)) + data + bytes(-len(data) % 8)


def node(path):
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        body = [b"type", b"symlink", b"target", os.readlink(path)]
    elif stat.S_ISREG(mode):
        with open(path, "rb") as file:
            body = [b"type", b"regular"]
            body += [b"executable", b""] if mode & stat.S_IXUSR else []
            body += [b"contents", file.read()]
    else:
        return b"".join([text(b"("), text(b"type"), text(b"directory")] + [
            b"".join(map(text, [b"entry", b"(", b"name", name, b"node"])) +
            node(os.path.join(path, name)) + text(b")")
            for name in sorted(os.listdir(path))] + [text(b")")])
    return b"".join(map(text, [b"("] + body + [b")"]))


digest = hashlib.sha256(text(b"nix-archive-1") + node(os.fsencode(sys.argv[1]))).digest()
print("sha256-" + base64.b64encode(digest).decode())
