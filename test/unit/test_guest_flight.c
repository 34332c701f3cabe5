/* Does init tell the host all that it takes to read its flight recorder's rings? */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../guest/flight.h"
#include "vmm/channel.h"

/* What came. */
struct heard {
	unsigned int records;
	struct ktstr_record facts;
	struct ktstr_record_ring ring; /* the first one */
};

static void ring_no_bell(const struct guest_channel *unused)
{
	(void)unused;
}

static int hear(void *owner, uint16_t type, const void *payload, uint32_t length, struct error *err)
{
	struct heard *heard = owner;

	(void)err;
	assert_int_equal(type, KTSTR_RECORD);
	heard->records++;
	memcpy(&heard->facts, payload, sizeof(heard->facts));
	assert_int_equal(length,
			 sizeof(heard->facts) + heard->facts.nr_rings * sizeof(heard->ring));
	if (heard->facts.nr_rings)
		memcpy(&heard->ring, (const char *)payload + sizeof(heard->facts),
		       sizeof(heard->ring));
	return 0;
}

/* What the host hears of a recorder with so many rings. */
static void say(uint32_t nr_rings, uint32_t error, struct heard *heard)
{
	struct ktstr_record_ring rings[2] = { { .address = 0x7f0000000000, .cpu = 0 },
					      { .address = 0x7f0000100000, .cpu = 1 } };
	static uint8_t formats[64];
	struct flight_recorder flight = {
		.facts = { .data_size = 1 << 20,
			   .formats = (uintptr_t)formats,
			   .formats_size = sizeof(formats),
			   .nr_rings = nr_rings,
			   .error = error },
		.rings = rings,
		.formats = formats,
	};
	void *region = aligned_alloc(4096, KTSTR_CHANNEL_SIZE);
	struct guest_channel guest;
	struct channel host;
	struct error err = { "" };
	char why[256];

	assert_non_null(region);
	memset(heard, 0, sizeof(*heard));
	assert_int_equal(channel_init(&host, region, NULL), 0);
	assert_int_equal(guest_channel_init(&guest, region, ring_no_bell, why, sizeof(why)), 0);
	flight_say(&flight, &guest);
	assert_int_equal(channel_drain(&host, hear, heard, &err), 0);
	channel_destroy(&host);
	free(region);
}

static void where_rings_and_formats_are_is_told(void **state)
{
	struct heard heard;

	(void)state;
	say(2, 0, &heard);
	assert_int_equal(heard.records, 1);
	assert_int_equal(heard.facts.nr_rings, 2);
	assert_int_equal(heard.facts.data_size, 1 << 20);
	assert_true(heard.ring.address == 0x7f0000000000);
	assert_true(heard.facts.formats && heard.facts.formats_size == 64);
	assert_true(heard.facts.monotonic_ns && heard.facts.realtime_ns);
	assert_true(heard.facts.boottime_ns >= heard.facts.monotonic_ns);
}

/* Those that could be opened can be read all the same. */
static void a_cpu_without_a_ring_leaves_the_others(void **state)
{
	struct heard heard;

	(void)state;
	say(1, ENOMEM, &heard);
	assert_int_equal(heard.records, 1);
	assert_int_equal(heard.facts.nr_rings, 1);
	assert_int_equal(heard.facts.error, ENOMEM);
}

static void without_rings_there_is_the_reason_alone(void **state)
{
	struct heard heard;

	(void)state;
	say(0, ENOENT, &heard);
	assert_int_equal(heard.records, 1);
	assert_int_equal(heard.facts.error, ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_rings_and_formats_are_is_told),
		cmocka_unit_test(a_cpu_without_a_ring_leaves_the_others),
		cmocka_unit_test(without_rings_there_is_the_reason_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
