/* A trace of any bytes: what comes of it is in order and within bounds, or there is a reason. */
#include <stdlib.h>
#include <string.h>

#include "trace/events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const struct trace_events *events, uint32_t name)
{
	if (name >= events->nr_names || trace_events_name(events, name)[events->names[name].size])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct failure failure = { "" };
	struct trace_events events;
	/* Of just its size, so that ASan sees a read beyond it. */
	uint8_t *copy = malloc(size ? size : 1);
	int ret;

	if (!copy)
		abort();
	memcpy(copy, data, size);
	ret = trace_events_read(&events, copy, size, &failure);
	free(copy);
	if (ret && !failure.text[0])
		abort();
	for (size_t i = 0; i < events.nr_events; i++) {
		const struct sched_event *event = &events.events[i];

		if ((i && event[-1].ns > event->ns) || event->cpu >= events.cpus ||
		    events.cpus > TRACE_MAX_CPUS || event->type >= TRACE_TYPES ||
		    event->target_cpu >= TRACE_MAX_CPUS || event->target_cpu < -1)
			abort();
		check_name(&events, event->comm);
		check_name(&events, event->other_comm);
	}
	for (size_t i = 0; i < events.nr_marks; i++)
		check_name(&events, events.marks[i].name);
	for (size_t i = 0; i < events.nr_threads; i++)
		check_name(&events, events.threads[i].name);
	for (size_t i = 0; i < events.nr_processes; i++)
		check_name(&events, events.processes[i].command);
	if (events.nr_names)
		check_name(&events, events.release);
	trace_events_free(&events);
	return 0;
}
