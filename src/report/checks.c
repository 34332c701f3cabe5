/* What came of a test's checks, for programs? See checks.h. */
#include "report/checks.h"

#include <stddef.h>

#include "verdict/metrics.h"

struct place {
	const struct work_said *said;
	size_t at;
};

static void put_number(struct json *json, const char *key, double number)
{
	char text[METRICS_VALUE_SIZE];

	metrics_value(number, text);
	json_put_double(json, key, number, text);
}

static struct json_object *next_check(void *data, bool *end)
{
	struct place *place = data;
	const struct work_said_check *check;
	struct json json;

	*end = !place->said || place->at == place->said->nr_checks;
	if (*end)
		return NULL;
	check = &place->said->checks[place->at++];
	json = json_begin();
	json_put_text(&json, "name", check->name);
	json_put_text(&json, "verdict", check->verdict);
	if (check->has_value)
		put_number(&json, "value", check->value);
	else
		json_put_null(&json, "value");
	json_put_text(&json, "op", check->op);
	put_number(&json, "limit", check->limit);
	json_put_text(&json, "unit", check->unit);
	return json_end(&json);
}

void report_checks_json(struct json *json, const struct work_said *said)
{
	struct place place = { .said = said };

	json_put_list(json, "checks", next_check, &place);
}
