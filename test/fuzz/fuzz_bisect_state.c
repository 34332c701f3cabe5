/* What does a bisection make of a line that it has not written? */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bisect/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct observation_line line;
	struct error err = { "" };
	char *text = malloc(size + 1);
	int ret;

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	ret = bisect_state_parse(text, size, &line, &err);
	if (ret != (*err.text ? -EINVAL : 0))
		abort();
	if (!ret && (strspn(line.commit, "0123456789abcdef") != strlen(line.commit) ||
		     strlen(line.commit) < 40 || line.what > OBSERVED_SKIP || line.status < 0 ||
		     line.status > 255 || !isfinite(line.seconds) || line.seconds < 0))
		abort();
	free(text);
	return 0;
}
