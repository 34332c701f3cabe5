#!/usr/bin/env python3
"""A user at a terminal: runs a command in a new pseudo terminal and does what the steps say.

Usage: terminal.py STEP... -- CMD ARGS...
  see:REGEX     wait until the output since the last match matches
  type:TEXT     type it; \\r, \\x03 and so on as in Python
  size:R,C      resize the terminal (24,80 at the start)
  kill:N        send the terminal's foreground signal N
  modes:raw     wait up to 30 s until the terminal is in raw mode; modes:same, as it was at the start
  pause:S       do nothing for S seconds
  deaf:         from now to the end of the steps read no output
  hangup:       the terminal goes away
At the end it waits for the command's end, and then for modes:same.
Prints all output, then "status=N modes=same" (128+N when signal N killed it; modes=gone after
hangup). Exit status 1 when a step failed.
"""
import fcntl, os, pty, re, select, signal, struct, sys, termios, time

LIMIT = float(os.environ.get("TERMINAL_LIMIT", "600"))

split = sys.argv.index("--")
steps, command = sys.argv[1:split], sys.argv[split + 1:]
master, slave = pty.openpty()
os.set_blocking(master, False)


def resize(rows, columns):
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


resize(24, 80)
before = termios.tcgetattr(slave)
child = os.fork()
if child == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in range(3):
        os.dup2(slave, fd)
    # Those that a shell has its background jobs ignore.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    os.closerange(3, 64)
    os.execvp(command[0], command)
text, seen, deaf, there, status = "", 0, False, True, None


def take(seconds):
    """True when there was something."""
    global text
    if deaf or not there:
        time.sleep(seconds)
        return False
    if not select.select([master], [], [], seconds)[0]:
        return False
    got = os.read(master, 65536).decode(errors="replace")
    # As a terminal does by itself: where is the cursor?
    for _ in range(got.count("\x1b[6n")):
        os.write(master, b"\x1b[24;5R")
    text += got
    sys.stdout.write(got)
    sys.stdout.flush()
    return True


def has_ended():
    """All that it printed is taken then."""
    global status
    if status is None:
        pid, code = os.waitpid(child, os.WNOHANG)
        if pid:
            status = os.waitstatus_to_exitcode(code)
            while take(0):
                pass
    return status is not None


def fail(why):
    print("\nterminal.py: %s" % why)
    if not has_ended():
        os.kill(child, signal.SIGTERM)
    sys.exit(1)


def see(pattern):
    global seen
    limit = time.monotonic() + LIMIT
    while True:
        over = has_ended()
        match = re.search(pattern, text[seen:])
        if match:
            seen += match.end()
            return
        if over:
            fail("ended before '%s' was seen" % pattern)
        if time.monotonic() > limit:
            fail("did not see '%s'" % pattern)
        take(0.2)


def modes_are(which):
    limit = time.monotonic() + LIMIT
    while True:
        now = termios.tcgetattr(slave)
        if which == "same" and now == before:
            return True
        if which == "raw" and not now[3] & (termios.ICANON | termios.ISIG | termios.ECHO):
            return True
        if time.monotonic() > limit:
            return False
        take(0.1)


for step in steps:
    verb, _, value = step.partition(":")
    if verb == "see":
        see(value)
    elif verb == "type":
        keys = value.encode().decode("unicode_escape").encode("latin-1")
        limit = time.monotonic() + LIMIT
        while keys:
            try:
                keys = keys[os.write(master, keys[:1024]):]
                take(0)
            except BlockingIOError:
                if time.monotonic() > limit:
                    fail("the terminal takes no more keys")
                take(0.01)
    elif verb == "size":
        resize(*map(int, value.split(",")))
        os.kill(child, signal.SIGWINCH)
    elif verb == "kill":
        os.killpg(os.tcgetpgrp(master), int(value))
    elif verb == "pause":
        time.sleep(float(value))
    elif verb == "modes":
        if not modes_are(value):
            fail("modes are not " + value)
    elif verb == "deaf":
        deaf = True
    elif verb == "hangup":
        there = False
        os.close(master)
        os.close(slave)
    else:
        fail("step '%s' is none" % step)
deaf = False
limit = time.monotonic() + LIMIT
while not has_ended():
    if time.monotonic() > limit:
        fail("the command did not end")
    take(0.1)
print("\nstatus=%d modes=%s" % (status if status >= 0 else 128 - status,
                                "gone" if not there else "same" if modes_are("same") else "other"))
