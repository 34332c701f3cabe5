/* What is the SHA-256 of this, and how is it written? */
#ifndef KTSTR_FETCH_DIGEST_H
#define KTSTR_FETCH_DIGEST_H

#include <nettle/sha2.h>
#include <stdbool.h>

#include "util/error.h"

#define DIGEST_HEX_SIZE 65 /* 64 digits and a NUL */
#define DIGEST_SRI_SIZE 52 /* "sha256-", 44 characters of base64, a NUL */

/* digest_sri - end @sha and write it as sha256-BASE64. */
void digest_sri(struct sha256_ctx *sha, char out[DIGEST_SRI_SIZE]);

/* digest_is_hex - @text is @digits hexadecimal digits, all in lower case. */
bool digest_is_hex(const char *text, unsigned int digits);

/* digest_is_sri - @text has the form sha256-BASE64, of 32 bytes. */
bool digest_is_sri(const char *text);

/*
 * digest_fd - of all that @fd holds, from its beginning, wherever its offset stands.
 * @name: for the message
 */
int digest_fd(int fd, const char *name, char out[DIGEST_HEX_SIZE], struct error *err);

#endif
