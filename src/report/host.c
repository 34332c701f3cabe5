/* How is told what the host kept of the vCPUs' time? See host.h. */
#include "report/host.h"

/* Less is there on any host. */
#define WORTH_TELLING_PERCENT 1.0

static void put_seconds(struct json *json, const char *key, bool known, uint64_t ns)
{
	if (known)
		json_put_seconds(json, key, (double)(ns / 1000000) / 1000);
	else
		json_put_null(json, key);
}

void report_host_json(struct json *json, const struct host_took *took)
{
	static const struct host_took none = { .began = false };
	struct json value = json_begin();
	const char *absent;
	bool counts;

	if (!took)
		took = &none;
	absent = host_took_absent(took);
	counts = took->began && took->counts;
	if (absent) {
		json_put_null(&value, "percent");
	} else {
		char text[32];

		snprintf(text, sizeof(text), "%.2f", host_took_percent(took));
		json_put_double(&value, "percent", host_took_percent(took), text);
	}
	put_seconds(&value, "ran_s", counts, took->ran_ns);
	put_seconds(&value, "waited_s", counts, took->waited_ns);
	put_seconds(&value, "stood_still_s", took->began, took->stood_ns);
	put_seconds(&value, "guest_steal_s", took->has_stolen, took->stolen_ns);
	put_seconds(&value, "memory_stall_s", took->has_memory, took->memory_ns);
	json_put_text(&value, "absent", absent);
	json_put(json, "host_took", json_end(&value));
}

void report_host_percent(const struct host_took *took, char *text)
{
	*text = '\0';
	if (took && !host_took_absent(took))
		snprintf(text, REPORT_HOST_SIZE, "%.1f %%", host_took_percent(took));
}

void report_host_text(FILE *out, const char *indent, const struct host_took *took)
{
	char percent[REPORT_HOST_SIZE];

	report_host_percent(took, percent);
	if (*percent && host_took_percent(took) >= WORTH_TELLING_PERCENT)
		fprintf(out, "%shost          took %s of the vCPUs' time\n", indent, percent);
	if (took->stood_ns)
		fprintf(out,
			"%shost          the VM stood still for %.1f s: it was stopped, or the host slept\n",
			indent, (double)took->stood_ns / 1e9);
}
