/* A pseudo terminal: init's end, which never blocks, and a program's. */
#ifndef KTSTR_GUEST_PTY_H
#define KTSTR_GUEST_PTY_H

/* What the guest kernel needs for one. */
#define PTY_NEEDS "CONFIG_UNIX98_PTYS=y"

/* pty_open - returns init's end, with the program's in *@theirs, or a negative errno. */
int pty_open(int *theirs);

#endif
