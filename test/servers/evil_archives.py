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
archive("through-symlink", ("t/d/", DIR, ""), ("t/l", SYM, "d"), ("t/l/x", FILE, b"x"))
archive("through-absolute", ("t/l", SYM, OUT), ("t/l/escaped", FILE, b"x"))
archive("hardlink-absolute", ("t/l", HARD, "/etc/passwd"))
archive("hardlink-up", ("t/l", HARD, "t/../../escaped"))
archive("fifo", ("t/fifo", tarfile.FIFOTYPE, ""))
archive("no-top", ("f", FILE, b"1"))
archive("empty")
# Harmless, and to be taken: modes that are not kept, links that stay inside.
archive("harmless", ("./t/d/f", FILE, b"f", 0o6755), ("t/d/", DIR, ""), ("t/d/h", HARD, "t/d/f"),
        ("t/d/s", SYM, "../e/./x"), ("t/plain", FILE, b"", 0o4444))


# A header that says more than there can be; what would follow it is not there.
with tarfile.open(os.path.join(OUT, "bomb.tar.gz"), "w:gz") as tar:
    info = tarfile.TarInfo("t/zeroes")
    info.size = 5 << 30
    tar.fileobj.write(info.tobuf(format=tarfile.USTAR_FORMAT))
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
