/* What was seen of one VM? See observation.h. */
#include "verdict/observation.h"

#include <string.h>

int observation_init(struct observation *observation)
{
	int ret;

	memset(observation, 0, sizeof(*observation));
	ret = tail_init(&observation->console, OBSERVATION_TAIL_SIZE);
	if (!ret)
		ret = tail_init(&observation->kmsg, OBSERVATION_TAIL_SIZE);
	if (!ret)
		ret = tail_init(&observation->init_log, OBSERVATION_TAIL_SIZE);
	if (!ret)
		ret = tail_init(&observation->tracer_text, OBSERVATION_TAIL_SIZE);
	for (unsigned int i = 0; i < KTSTR_WORDS_NR && !ret; i++)
		ret = tail_init(&observation->own_words[i].text, KTSTR_OWN_WORDS_MAX);
	if (!ret)
		ret = scheduler_seen_init(&observation->scheduler);
	if (ret)
		observation_destroy(observation);
	return ret;
}

void observation_destroy(struct observation *observation)
{
	scheduler_seen_destroy(&observation->scheduler);
	inside_clear(&observation->inside);
	metrics_destroy(&observation->metrics);
	for (unsigned int i = 0; i < KTSTR_WORDS_NR; i++)
		tail_destroy(&observation->own_words[i].text);
	tail_destroy(&observation->tracer_text);
	tail_destroy(&observation->init_log);
	tail_destroy(&observation->kmsg);
	tail_destroy(&observation->console);
}

bool observation_any_oom(const struct observation *observation)
{
	return observation->exit.oom_kills || *observation->splats.oom_line;
}

const char *observation_start(const struct observation *observation)
{
	if (!observation->begin_ns)
		return NULL;
	return observation->forked ? "forked" : "booted";
}

uint64_t observation_guest_ns(const struct observation *observation, uint64_t host_ns)
{
	if (!observation->guest_started_ns || host_ns < observation->started_ns)
		return 0;
	return observation->guest_started_ns + (host_ns - observation->started_ns);
}
