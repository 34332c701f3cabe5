/* What is the SHA-256 of this, and how is it written? See digest.h. */
#include "tools/fetch/digest.h"

#include <errno.h>
#include <nettle/base16.h>
#include <nettle/base64.h>
#include <string.h>
#include <unistd.h>

#define SRI_PREFIX "sha256-"
#define BASE64	   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

void digest_sri(struct sha256_ctx *sha, char out[DIGEST_SRI_SIZE])
{
	uint8_t raw[SHA256_DIGEST_SIZE];

	sha256_digest(sha, sizeof(raw), raw);
	memcpy(out, SRI_PREFIX, strlen(SRI_PREFIX));
	base64_encode_raw(out + strlen(SRI_PREFIX), sizeof(raw), raw);
	out[DIGEST_SRI_SIZE - 1] = '\0';
}

bool digest_is_hex(const char *text, unsigned int digits)
{
	return strlen(text) == digits && strspn(text, "0123456789abcdef") == digits;
}

bool digest_is_sri(const char *text)
{
	size_t prefix = strlen(SRI_PREFIX), length = DIGEST_SRI_SIZE - 1;

	return strlen(text) == length && !strncmp(text, SRI_PREFIX, prefix) &&
	       strspn(text + prefix, BASE64) == length - prefix - 1 && text[length - 1] == '=';
}

int digest_fd(int fd, const char *name, char out[DIGEST_HEX_SIZE], struct error *err)
{
	uint8_t bytes[65536], raw[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;
	ssize_t got;

	sha256_init(&sha);
	for (off_t at = 0; (got = pread(fd, bytes, sizeof(bytes), at)) > 0; at += got)
		sha256_update(&sha, (size_t)got, bytes);
	if (got < 0)
		return error_set(err, -errno, "reading '%s': %s", name, strerror(errno));
	sha256_digest(&sha, sizeof(raw), raw);
	base16_encode_update(out, sizeof(raw), raw);
	out[DIGEST_HEX_SIZE - 1] = '\0';
	return 0;
}
