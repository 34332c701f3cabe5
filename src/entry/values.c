/* What does the value of a directive say? See values.h. */
#include "entry/values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/utf8.h"

#define DIGITS	       "0123456789"
#define MAX_FACTOR     1000
#define MAX_MEMORY_MIB (1ull << 30) /* a PiB */
#define MAX_RECORD_MIB 1024

const char *value_show(const char *text, char shown[VALUE_SHOWN_SIZE])
{
	utf8_printable(shown, VALUE_SHOWN_SIZE, text, strlen(text));
	return shown;
}

int value_count(const char *key, const char *text, uint64_t min, uint64_t max, uint64_t *out,
		struct error *err)
{
	char shown[VALUE_SHOWN_SIZE];
	unsigned long long value;

	errno = 0;
	value = strtoull(text, NULL, 10);
	/* strtoull takes signs and blanks as well. */
	if (!*text || text[strspn(text, DIGITS)] || errno || value < min || value > max)
		return error_set(err, -EINVAL,
				 "%s '%s': not a whole number from %" PRIu64 " to %" PRIu64, key,
				 value_show(text, shown), min, max);
	*out = value;
	return 0;
}

int value_memory(const char *key, const char *text, uint64_t *mib, struct error *err)
{
	char shown[VALUE_SHOWN_SIZE];
	size_t digits = strspn(text, DIGITS);
	uint64_t unit = strcasecmp(text + digits, "g") ? 1 : 1024;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, NULL, 10);
	if (!digits || errno || !value || value > MAX_MEMORY_MIB / unit ||
	    (text[digits] && unit == 1 && strcasecmp(text + digits, "m")))
		return error_set(err, -EINVAL,
				 "%s '%s': not a size above 0, in MiB or as in 512M or 4G", key,
				 value_show(text, shown));
	*mib = value * unit;
	return 0;
}

int value_record_mib(const char *key, const char *text, uint64_t *mib, struct error *err)
{
	uint64_t value;
	int ret = value_count(key, text, 0, MAX_RECORD_MIB, &value, err);

	if (!ret && value & (value - 1))
		ret = error_set(
			err, -EINVAL,
			"%s '%s': a CPU's ring has a power of two of MiB, such as 4; 0: none", key,
			text);
	if (!ret)
		*mib = value;
	return ret;
}

/* Digits, with or without a point among or before them: no sign, exponent, "inf" or "0x". */
static bool is_decimal(const char *text)
{
	size_t whole = strspn(text, DIGITS), fraction = 0;

	text += whole;
	if (*text == '.') {
		fraction = strspn(++text, DIGITS);
		text += fraction;
	}
	return !*text && (whole || fraction);
}

int value_seconds(const char *key, const char *text, unsigned int max, uint64_t *ms,
		  struct error *err)
{
	char shown[VALUE_SHOWN_SIZE];
	double seconds = strtod(text, NULL);

	if (!is_decimal(text) || !(seconds <= max))
		return error_set(err, -EINVAL, "%s '%s': not a number of seconds from 0 to %u", key,
				 value_show(text, shown), max);
	*ms = (uint64_t)(seconds * 1000 + 0.5);
	/* 0 means something else. */
	if (!*ms && text[strspn(text, "0.")])
		*ms = 1;
	return 0;
}

int value_factor(const char *key, const char *text, double *out, struct error *err)
{
	char shown[VALUE_SHOWN_SIZE];
	double factor = strtod(text, NULL);

	if (!is_decimal(text) || !(factor > 0) || factor > MAX_FACTOR)
		return error_set(err, -EINVAL, "%s '%s': not a number above 0, up to %d", key,
				 value_show(text, shown), MAX_FACTOR);
	*out = factor;
	return 0;
}

int value_share(const char *key, const char *text, bool zero, double *out, struct error *err)
{
	char shown[VALUE_SHOWN_SIZE], digits[32] = "";
	size_t length = strlen(text);
	bool percent = length && text[length - 1] == '%';
	double share = -1;

	if (length < sizeof(digits)) {
		memcpy(digits, text, length - percent);
		if (is_decimal(digits))
			share = strtod(digits, NULL) / (percent ? 100 : 1);
	}
	if (!(share >= 0 && share < 1) || (share == 0 && !zero))
		return error_set(err, -EINVAL,
				 "%s '%s': takes a share such as 0.95 or 95%%, %s and below 1", key,
				 value_show(text, shown), zero ? "from 0" : "above 0");
	*out = share;
	return 0;
}

bool value_is_flag(const char *text, bool *out)
{
	bool yes = !strcmp(text, "true") || !strcmp(text, "yes") || !strcmp(text, "1");

	if (!yes && strcmp(text, "false") && strcmp(text, "no") && strcmp(text, "0"))
		return false;
	*out = yes;
	return true;
}

int value_flag(const char *key, const char *text, bool *out, struct error *err)
{
	char shown[VALUE_SHOWN_SIZE];

	if (value_is_flag(text, out))
		return 0;
	return error_set(err, -EINVAL,
			 "%s '%s': takes true, yes or 1, false, no or 0, or no value (true)", key,
			 value_show(text, shown));
}

int value_percent(const char *key, const char *text, unsigned int *out, struct error *err)
{
	uint64_t number;
	int ret = value_count(key, text, 0, 100, &number, err);

	if (!ret)
		*out = (unsigned int)number;
	return ret;
}
