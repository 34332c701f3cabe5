/* What did the kernel's BPF verifier have against a scheduler? Found in what that printed. */
#ifndef KTSTR_VERDICT_VERIFIER_H
#define KTSTR_VERDICT_VERIFIER_H

#include <stddef.h>

/*
 * verifier_reason - the line of the last log of a load, as libbpf prints it, that says why it was
 * refused. Up to Linux 7.2 it stands before the counts ("processed 7 insns ..."), since then before
 * "Verification failed: ...". Printable, in @out of @size bytes; "": there is none.
 * @text: NUL-terminated, a guest's
 */
void verifier_reason(const char *text, char *out, size_t size);

#endif
