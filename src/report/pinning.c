/* Which CPUs and nodes of the host did a guest have, in the reports? See pinning.h. */
#include "report/pinning.h"

#include <json-c/json.h>

struct numbers {
	const unsigned int *next;
	unsigned int left;
};

static struct json_object *next_number(void *data, bool *end)
{
	struct numbers *numbers = data;

	*end = numbers->left == 0;
	if (*end)
		return NULL;
	numbers->left--;
	return json_object_new_int64(*numbers->next++);
}

void report_pinning_json(struct json *json, const struct pin_plan *pin)
{
	struct json value;

	if (!pin) {
		json_put_null(json, "pinning");
		return;
	}
	value = json_begin();
	json_put_list(&value, "cpus", next_number, &(struct numbers){ pin->cpus, pin->nr_cpus });
	json_put_list(&value, "nodes", next_number, &(struct numbers){ pin->nodes, pin->nr_nodes });
	json_put(json, "pinning", json_end(&value));
}
