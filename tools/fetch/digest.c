/* What is the SHA-256 of this, and how is it written? See digest.h. */
#include "tools/fetch/digest.h"

#include <errno.h>
#include <nettle/base16.h>
#include <nettle/base64.h>
#include <string.h>
#include <unistd.h>

#include "tools/fetch/interrupt.h"

#define SRI_PREFIX "sha256-"

void digest_hex(struct sha256_ctx *sha, char out[DIGEST_HEX_SIZE])
{
	uint8_t raw[SHA256_DIGEST_SIZE];

	sha256_digest(sha, sizeof(raw), raw);
	base16_encode_update(out, sizeof(raw), raw);
	out[DIGEST_HEX_SIZE - 1] = '\0';
}

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
	uint8_t raw[BASE64_DECODE_LENGTH(DIGEST_SRI_SIZE)];
	size_t size = sizeof(raw), length = strlen(text);
	struct base64_decode_ctx ctx;

	if (length != DIGEST_SRI_SIZE - 1 || strncmp(text, SRI_PREFIX, strlen(SRI_PREFIX)) != 0)
		return false;
	base64_decode_init(&ctx);
	return base64_decode_update(&ctx, &size, raw, length - strlen(SRI_PREFIX),
				    text + strlen(SRI_PREFIX)) &&
	       base64_decode_final(&ctx) && size == SHA256_DIGEST_SIZE;
}

int digest_fd(int fd, const char *name, char out[DIGEST_HEX_SIZE], struct error *err)
{
	struct sha256_ctx sha;
	uint8_t bytes[65536];
	off_t at = 0;

	sha256_init(&sha);
	for (;;) {
		ssize_t got = pread(fd, bytes, sizeof(bytes), at);

		if (interrupt_signal())
			return interrupt_check(err);
		if (got < 0)
			return error_set(err, -errno, "reading '%s': %s", name, strerror(errno));
		if (!got)
			break;
		sha256_update(&sha, (size_t)got, bytes);
		at += got;
	}
	digest_hex(&sha, out);
	return 0;
}
