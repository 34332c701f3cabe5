#!/usr/bin/env python3
"""What must an unpacker refuse? Makes one archive of each kind in the folder that is named."""
import io
import os
import sys
import tarfile

OUT = sys.argv[1]


def archive(name, *entries, mode="w:gz"):
    """Each entry: (path, type, data or link target[, mode])."""
    with tarfile.open(os.path.join(OUT, name + ".tar.gz"), mode) as tar:
        for path, kind, value, *perm in entries:
            info = tarfile.TarInfo(path)
            info.type = kind
            info.mode = perm[0] if perm else 0o755
            if kind == tarfile.REGTYPE:
                info.size = len(value)
                tar.addfile(info, io.BytesIO(value))
            else:
                info.linkname = value
                tar.addfile(info)


FILE, DIR, SYM, HARD = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE

archive("absolute", ("t/a", FILE, b"a"), (OUT + "/escaped", FILE, b"x"))
archive("dotdot", ("t/a", FILE, b"a"), ("t/../../escaped", FILE, b"x"))
archive("dotdot-top", ("../escaped", FILE, b"x"))
archive("symlink-absolute", ("t/l", SYM, "/etc/passwd"))
archive("symlink-up", ("t/d/l", SYM, "../../../escaped"))
# s leads to the top of the tree, and from there it is one step to the outside.
archive("symlink-chain", ("t/a/b/s", SYM, "../.."), ("t/a/b/l", SYM, "s/../escaped"))
archive("through-symlink", ("t/d/", DIR, ""), ("t/l", SYM, "d"), ("t/l/x", FILE, b"x"))
archive("through-file", ("t/f", FILE, b"f"), ("t/f/x", FILE, b"x"))
archive("over-symlink", ("t/l", SYM, "f"), ("t/l", FILE, b"x"))
archive("hardlink-absolute", ("t/l", HARD, "/etc/passwd"))
archive("hardlink-up", ("t/l", HARD, "t/../../escaped"))
archive("hardlink-nowhere", ("t/l", HARD, "t/nothing"))
archive("hardlink-symlink", ("t/s", SYM, "f"), ("t/l", HARD, "t/s"))
archive("device", ("t/dev", tarfile.CHRTYPE, ""))
archive("block", ("t/dev", tarfile.BLKTYPE, ""))
archive("fifo", ("t/fifo", tarfile.FIFOTYPE, ""))
archive("twice", ("t/f", FILE, b"1"), ("t/f", FILE, b"2"))
archive("twice-folder", ("t/d/", DIR, ""), ("t/d", DIR, ""))
archive("two-tops", ("t/f", FILE, b"1"), ("u/f", FILE, b"2"))
archive("no-top", ("f", FILE, b"1"))
archive("empty")
archive("bomb", ("t/zeroes", FILE, bytes(64 << 20)))
# Harmless, and to be taken: modes that are not kept, links that stay inside.
archive("harmless", ("./t/d/f", FILE, b"f", 0o6755), ("t/d/", DIR, ""), ("t/d/h", HARD, "t/d/f"),
        ("t/d/s", SYM, "../e/./x"), ("t/plain", FILE, b"", 0o4444))


# More entries than anyone needs, each of them for the folder itself, so that none costs an inode.
with tarfile.open(os.path.join(OUT, "many.tar.gz"), "w:gz", compresslevel=1) as tar:
    info = tarfile.TarInfo("./")
    info.type = DIR
    tar.fileobj.write(info.tobuf(format=tarfile.USTAR_FORMAT) * 200001)
with open(os.path.join(OUT, "not-an-archive.tar.gz"), "wb") as file:
    file.write(b"PK\3\4 this is none\n" * 100)
with open(os.path.join(OUT, "harmless.tar.gz"), "rb") as whole:
    with open(os.path.join(OUT, "truncated.tar.gz"), "wb") as file:
        file.write(whole.read()[:-60])
