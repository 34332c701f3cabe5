#!/usr/bin/env python3
"""A user at a terminal: runs a command in a new pseudo terminal and does what the steps say.

Usage: terminal.py STEP... -- CMD ARGS...
  see:REGEX     wait until the output since the last match matches
  type:TEXT     type it; \\r, \\x03 and so on as in Python
  size:R,C      resize the terminal (24,80 at the start)
  kill:N        send the command signal N
  modes:raw     the terminal is in raw mode now; modes:same, it is as it was at the start
  pause:S       do nothing for S seconds
At the end it waits for the command's end, and then up to 10 s for the terminal to be as it was.
Prints all output, then "status=N modes=same" (128+N when signal N killed it). Exit status 1 when a
step failed.
"""
import fcntl, os, pty, re, select, signal, struct, sys, termios, time

LIMIT = float(os.environ.get("TERMINAL_LIMIT", "90"))

split = sys.argv.index("--")
steps, command = sys.argv[1:split], sys.argv[split + 1:]
master, slave = pty.openpty()


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
text, seen = "", 0


def take(seconds):
    global text
    if select.select([master], [], [], seconds)[0]:
        got = os.read(master, 65536).decode(errors="replace")
        # As a terminal does by itself: where is the cursor?
        for _ in range(got.count("\x1b[6n")):
            os.write(master, b"\x1b[24;5R")
        text += got
        sys.stdout.write(got)
        sys.stdout.flush()


def fail(why):
    print("\nterminal.py: %s" % why)
    os.kill(child, signal.SIGTERM)
    sys.exit(1)


def see(pattern):
    global seen
    limit = time.monotonic() + LIMIT
    while True:
        match = re.search(pattern, text[seen:])
        if match:
            seen += match.end()
            return
        if time.monotonic() > limit:
            fail("did not see '%s'" % pattern)
        if os.waitpid(child, os.WNOHANG)[0]:
            fail("ended before '%s' was seen" % pattern)
        take(0.2)


def is_raw():
    return not termios.tcgetattr(slave)[3] & (termios.ICANON | termios.ISIG | termios.ECHO)


for step in steps:
    verb, _, value = step.partition(":")
    if verb == "see":
        see(value)
    elif verb == "type":
        keys = value.encode().decode("unicode_escape").encode("latin-1")
        while keys:
            keys = keys[os.write(master, keys[:1024]):]
            take(0)
    elif verb == "size":
        resize(*map(int, value.split(",")))
        os.kill(child, signal.SIGWINCH)
    elif verb == "kill":
        os.kill(child, int(value))
    elif verb == "pause":
        time.sleep(float(value))
    elif verb == "modes":
        if (is_raw() if value == "raw" else termios.tcgetattr(slave) == before) is False:
            fail("modes are not " + value)
    else:
        fail("step '%s' is none" % step)
limit = time.monotonic() + LIMIT
while True:
    pid, status = os.waitpid(child, os.WNOHANG)
    if pid:
        break
    if time.monotonic() > limit:
        fail("the command did not end")
    take(0.1)
limit = time.monotonic() + 10
while termios.tcgetattr(slave) != before and time.monotonic() < limit:
    take(0.1)
take(0)
code = os.waitstatus_to_exitcode(status)
print("\nstatus=%d modes=%s" % (code if code >= 0 else 128 - code,
                                "same" if termios.tcgetattr(slave) == before else "other"))
