/* What has the guest said of its flight recorder? See flight.h. */
#include "flight/flight.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void flight_init(struct flight *flight, uint64_t ring_size, unsigned int cpus)
{
	*flight = (struct flight){ .ring_size = ring_size, .cpus = cpus };
}

void flight_destroy(struct flight *flight)
{
	free(flight->rings);
	flight->rings = NULL;
}

void flight_find_init(struct flight *flight, const struct inspect_source *source)
{
	for (unsigned int i = 0; i < source->nr_vcpus && !flight->has_root; i++) {
		struct inspect_regs regs;

		flight->has_root = source->regs(source->data, i, &regs) && (regs.cs & 3) == 3 &&
				   address_of_vcpu(&regs, &flight->root);
	}
}

/* A tracepoint that this build cannot read is done without, as it is in the guest. */
static int take_format(struct flight *flight, const struct ktstr_record_format *format,
		       uint32_t length, struct error *err)
{
	char text[KTSTR_RECORD_FORMAT_MAX + 1];
	struct failure failure;
	size_t size;

	if (length < sizeof(*format) || length - sizeof(*format) > KTSTR_RECORD_FORMAT_MAX ||
	    format->type >= TRACEPOINT_TYPES || flight->nr_tps == TRACEPOINT_TYPES)
		return error_set(err, -EPROTO, "a format of the flight recorder's of %u bytes",
				 length);
	size = length - sizeof(*format);
	memcpy(text, format + 1, size);
	text[size] = '\0';
	if (!tracepoint_parse_format(text, &event_types[format->type], &flight->tps[flight->nr_tps],
				     &failure))
		flight->nr_tps++;
	return 0;
}

static int take_rings(struct flight *flight, const struct ktstr_record *facts, uint32_t length,
		      struct error *err)
{
	const struct ktstr_record_ring *rings = (const void *)(facts + 1);

	if (length < sizeof(*facts) || facts->nr_rings > flight->cpus ||
	    length != sizeof(*facts) + facts->nr_rings * sizeof(*rings))
		return error_set(err, -EPROTO, "a flight recorder in %u bytes", length);
	if (facts->data_size != flight->ring_size)
		return error_set(err, -EPROTO,
				 "a flight recorder with rings of %" PRIu64 " bytes, not %" PRIu64,
				 facts->data_size, flight->ring_size);
	for (uint32_t i = 0; i < facts->nr_rings; i++)
		if (rings[i].cpu >= flight->cpus || (i && rings[i].cpu <= rings[i - 1].cpu))
			return error_set(err, -EPROTO, "a flight recorder of CPU %u", rings[i].cpu);
	flight->rings = malloc(facts->nr_rings * sizeof(*rings) + 1);
	if (!flight->rings)
		return error_set(err, -ENOMEM, "the flight recorder's rings: out of memory");
	memcpy(flight->rings, rings, facts->nr_rings * sizeof(*rings));
	flight->facts = *facts;
	flight->facts.reason[sizeof(facts->reason) - 1] = '\0';
	flight->said = true;
	return 0;
}

int flight_take(struct flight *flight, uint16_t type, const void *payload, uint32_t length,
		struct error *err)
{
	if (!flight->ring_size || flight->said)
		return error_set(err, -EPROTO, "word of a flight recorder that was not asked for");
	return type == KTSTR_RECORD ? take_rings(flight, payload, length, err)
				    : take_format(flight, payload, length, err);
}
