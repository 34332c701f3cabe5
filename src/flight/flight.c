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

int flight_take(struct flight *flight, const void *payload, uint32_t length, struct error *err)
{
	const struct ktstr_record *facts = payload;
	const struct ktstr_record_ring *rings = (const void *)(facts + 1);

	if (!flight->ring_size || flight->said)
		return error_set(err, -EPROTO, "word of a flight recorder that was not asked for");
	if (length < sizeof(*facts) || facts->nr_rings > flight->cpus ||
	    length != sizeof(*facts) + facts->nr_rings * sizeof(*rings))
		return error_set(err, -EPROTO, "a flight recorder in %u bytes", length);
	if (facts->formats_size > KTSTR_RECORD_FORMATS_MAX)
		return error_set(err, -EPROTO, "a flight recorder's formats of %u bytes",
				 facts->formats_size);
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
