/* The tracer's arguments as a user or a test's directive gives them: read, checked, reckoned. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wprof/args.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	const char *rest = text, *word;
	unsigned int cpus = size ? 1 + data[0] : 1;
	struct error err;
	uint64_t mib;
	size_t length;

	if (!text)
		abort();
	while ((word = wprof_args_word(&rest, &length)))
		if (!length || word < text || word + length > text + strlen(text))
			abort();
	mib = wprof_args_rings_mib(text, cpus);
	if (!mib)
		abort();
	/* What passes has rings that a machine could have: 2 GiB a CPU. */
	if (!wprof_args_check(text, &err) && mib > 2048ull * cpus)
		abort();
	free(text);
	return 0;
}
