/* Does what init puts into the ring come out at the host's end, whole and in order? */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include <cmocka.h>

#include "../../guest/channel.h"
#include "../../guest/crc32.h"
#include "vmm/channel.h"

static char why[256];
static atomic_uint rings;

static void count_ring(const struct guest_channel *unused)
{
	(void)unused;
	atomic_fetch_add(&rings, 1);
}

/* Both ends of one region. */
struct ends {
	void *region;
	struct channel host;
	struct guest_channel guest;
};

static int setup(void **state)
{
	struct ends *ends = calloc(1, sizeof(*ends));

	assert_non_null(ends);
	ends->region = aligned_alloc(4096, KTSTR_CHANNEL_SIZE);
	assert_non_null(ends->region);
	memset(ends->region, 0xa5, KTSTR_CHANNEL_SIZE);
	assert_int_equal(channel_init(&ends->host, ends->region, NULL), 0);
	assert_int_equal(
		guest_channel_init(&ends->guest, ends->region, count_ring, why, sizeof(why)), 0);
	atomic_store(&rings, 0);
	*state = ends;
	return 0;
}

static int teardown(void **state)
{
	struct ends *ends = *state;

	channel_destroy(&ends->host);
	free(ends->region);
	free(ends);
	return 0;
}

static void crc_is_zlibs(void **state)
{
	static uint8_t bytes[70000];
	struct crc32_table table;
	uint32_t seed = 12345;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		seed = seed * 1103515245 + 12345;
		bytes[i] = (uint8_t)(seed >> 16);
	}
	crc32_table_init(&table);
	assert_int_equal(crc32_update(&table, 0, "123456789", 9), 0xcbf43926);
	for (size_t offset = 0; offset < 9; offset++)
		for (size_t size = 0; size < 70; size++)
			assert_int_equal(crc32_update(&table, 0, bytes + offset, size),
					 crc32(0, bytes + offset, (uInt)size));
	assert_int_equal(crc32_update(&table, 0, bytes, sizeof(bytes)),
			 crc32(0, bytes, sizeof(bytes)));
	/* In two goes as in one. */
	assert_int_equal(
		crc32_update(&table, crc32_update(&table, 0, bytes, 333), bytes + 333, 1000),
		crc32(0, bytes, 1333));
}

static void not_set_up(void **state)
{
	struct ends *ends = *state;
	struct ktstr_channel *header = ends->region;

	header->version = KTSTR_PROTOCOL_VERSION + 1;
	assert_int_equal(
		guest_channel_init(&ends->guest, ends->region, count_ring, why, sizeof(why)),
		-EPROTO);
	assert_non_null(strstr(why, "version"));
	header->magic = 0xffffffff;
	assert_int_equal(
		guest_channel_init(&ends->guest, ends->region, count_ring, why, sizeof(why)),
		-EPROTO);
	assert_non_null(strstr(why, "CONFIG_DEVMEM"));
}

/* What came last. */
struct seen {
	unsigned int frames;
	uint16_t type;
	uint32_t length;
	uint8_t payload[KTSTR_FRAME_MAX];
};

static int see(void *owner, uint16_t type, const void *payload, uint32_t length, struct error *err)
{
	struct seen *seen = owner;

	(void)err;
	seen->frames++;
	seen->type = type;
	seen->length = length;
	memcpy(seen->payload, payload, length);
	return 0;
}

static void one_by_one(void **state)
{
	static const uint32_t lengths[] = { 0, 1, 15, 16, 17, 4095, KTSTR_FRAME_MAX };
	struct ends *ends = *state;
	struct seen *seen = calloc(1, sizeof(*seen));
	uint8_t *payload = malloc(KTSTR_FRAME_MAX);
	unsigned int sent = 0;

	assert_non_null(seen);
	assert_non_null(payload);
	/* Often enough round the ring, and at offsets of all kinds. */
	for (int round = 0; round < 200; round++) {
		for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
			struct error err = { 0 };

			memset(payload, round + (int)i, lengths[i]);
			if (lengths[i])
				payload[lengths[i] - 1] ^= 0x55;
			guest_channel_send(&ends->guest, KTSTR_STDOUT + (i & 1), payload,
					   lengths[i]);
			sent++;
			assert_int_equal(atomic_load(&rings), sent);
			if (channel_drain(&ends->host, see, seen, &err))
				fail_msg("%s", err.text);
			assert_int_equal(seen->frames, sent);
			assert_int_equal(seen->type, KTSTR_STDOUT + (i & 1));
			assert_int_equal(seen->length, lengths[i]);
			assert_memory_equal(seen->payload, payload, lengths[i]);
		}
	}
	assert_true(ends->guest.ring.at > 3 * KTSTR_RING_SIZE);
	free(payload);
	free(seen);
}

static void short_commit(void **state)
{
	struct ends *ends = *state;
	struct seen *seen = calloc(1, sizeof(*seen));
	struct iovec room[2];

	assert_non_null(seen);
	/* 48 bytes before the ring's end: the payload wraps. */
	ends->guest.ring.at = ends->host.ring.at = KTSTR_RING_SIZE - 48;
	ends->guest.header->head = ends->guest.header->tail = KTSTR_RING_SIZE - 48;
	guest_channel_reserve(&ends->guest, KTSTR_FRAME_MAX, room);
	assert_int_equal(room[0].iov_len, 32);
	assert_int_equal(room[1].iov_len, KTSTR_FRAME_MAX - 32);
	memset(room[0].iov_base, 'a', 32);
	memset(room[1].iov_base, 'b', 10);
	assert_int_equal(channel_drain(&ends->host, see, seen, NULL), 0);
	assert_int_equal(seen->frames, 0);
	guest_channel_commit(&ends->guest, KTSTR_STDERR, 42);
	assert_int_equal(channel_drain(&ends->host, see, seen, NULL), 0);
	assert_int_equal(seen->frames, 1);
	assert_int_equal(seen->length, 42);
	assert_int_equal(seen->payload[31], 'a');
	assert_int_equal(seen->payload[32], 'b');
	assert_int_equal(ends->guest.ring.at, KTSTR_RING_SIZE - 48 + 16 + 48);
	free(seen);
}

static void log_line(void **state)
{
	struct ends *ends = *state;
	struct seen *seen = calloc(1, sizeof(*seen));

	assert_non_null(seen);
	guest_channel_log(&ends->guest, "job '%s': %d", "a\nb\x1b[2J", 7);
	assert_int_equal(channel_drain(&ends->host, see, seen, NULL), 0);
	assert_int_equal(seen->type, KTSTR_LOG);
	assert_int_equal(seen->length, 16);
	assert_memory_equal(seen->payload, "job 'a?b?[2J': 7", 16);
	free(seen);
}

/* A byte stream through frames of any size, the host being slower than the guest. */
#define STREAM_SIZE (24u << 20)

static uint8_t stream_byte(uint64_t at)
{
	return (uint8_t)(at * 2654435761u >> 13);
}

struct stream_check {
	uint64_t at;
	uint64_t wrong;
	atomic_bool *paused;
};

static int check_stream(void *owner, uint16_t type, const void *payload, uint32_t length,
			struct error *err)
{
	struct stream_check *check = owner;
	const uint8_t *bytes = payload;

	(void)err;
	check->wrong += type != KTSTR_STDOUT;
	for (uint32_t i = 0; i < length; i++)
		check->wrong += bytes[i] != stream_byte(check->at++);
	return 0;
}

static void *produce(void *owner)
{
	struct guest_channel *guest = owner;
	uint32_t seed = 1;
	uint64_t at = 0;

	while (at < STREAM_SIZE) {
		struct iovec room[2];
		size_t size, n = 0;

		seed = seed * 1103515245 + 12345;
		size = 1 + (seed >> 8) % KTSTR_FRAME_MAX;
		if (size > STREAM_SIZE - at)
			size = (size_t)(STREAM_SIZE - at);
		guest_channel_reserve(guest, size, room);
		for (int piece = 0; piece < 2; piece++)
			for (size_t i = 0; i < room[piece].iov_len; i++, n++)
				((uint8_t *)room[piece].iov_base)[i] = stream_byte(at + n);
		guest_channel_commit(guest, KTSTR_STDOUT, size);
		at += size;
	}
	return NULL;
}

static void full_ring(void **state)
{
	struct ends *ends = *state;
	struct stream_check check = { 0 };
	bool was_full = false;
	pthread_t producer;

	assert_int_equal(pthread_create(&producer, NULL, produce, &ends->guest), 0);
	/* The producer first fills the ring and has to wait for us. */
	for (int i = 0; i < 2000 && !was_full; i++) {
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
		was_full = __atomic_load_n(&ends->guest.header->head, __ATOMIC_ACQUIRE) >
			   KTSTR_RING_SIZE - KTSTR_FRAME_MAX - 2 * KTSTR_FRAME_ALIGN;
	}
	assert_true(was_full);
	while (check.at < STREAM_SIZE) {
		struct error err = { 0 };

		if (channel_drain(&ends->host, check_stream, &check, &err))
			fail_msg("%s", err.text);
		nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
	}
	pthread_join(producer, NULL);
	assert_int_equal(check.wrong, 0);
	assert_int_equal(check.at, STREAM_SIZE);
}

static void *send_empty(void *owner)
{
	guest_channel_send(owner, KTSTR_BYE, NULL, 0);
	return NULL;
}

static void exactly_full(void **state)
{
	static const uint8_t payload[KTSTR_FRAME_MAX - 16];
	struct ends *ends = *state;
	struct seen *seen = calloc(1, sizeof(*seen));
	uint64_t *head = &ends->guest.header->head;
	pthread_t producer;

	assert_non_null(seen);
	/* Does not wait before the last byte is taken, ... */
	for (int i = 0; i < 64; i++)
		guest_channel_send(&ends->guest, KTSTR_STDOUT, payload, sizeof(payload));
	assert_int_equal(*head, KTSTR_RING_SIZE);
	/* ... and then for the smallest frame. */
	assert_int_equal(pthread_create(&producer, NULL, send_empty, &ends->guest), 0);
	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	assert_int_equal(__atomic_load_n(head, __ATOMIC_ACQUIRE), KTSTR_RING_SIZE);
	while (seen->frames < 65)
		assert_int_equal(channel_drain(&ends->host, see, seen, NULL), 0);
	pthread_join(producer, NULL);
	assert_int_equal(*head, KTSTR_RING_SIZE + KTSTR_FRAME_ALIGN);
	assert_int_equal(seen->type, KTSTR_BYE);
	free(seen);
}

/* What the host puts in comes out at the guest's end, and the host never waits. */
static void inbox_one_by_one(void **state)
{
	static const uint32_t lengths[] = { 0, 1, 4, 15, 16, 17, KTSTR_INBOX_FRAME_MAX };
	static uint8_t sent[KTSTR_INBOX_FRAME_MAX], got[KTSTR_INBOX_FRAME_MAX];
	struct ends *ends = *state;
	struct error err = { 0 };
	uint32_t length;
	uint16_t type;

	assert_int_equal(guest_channel_receive(&ends->guest, &type, got, &length), 0);
	for (int round = 0; round < 100; round++) {
		for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
			memset(sent, round + (int)i, lengths[i]);
			assert_true(channel_has_room(&ends->host));
			assert_int_equal(channel_send(&ends->host, KTSTR_KEYS + (i & 1), sent,
						      lengths[i], &err),
					 0);
			assert_int_equal(guest_channel_receive(&ends->guest, &type, got, &length),
					 1);
			assert_int_equal(type, KTSTR_KEYS + (i & 1));
			assert_int_equal(length, lengths[i]);
			assert_memory_equal(got, sent, length);
			assert_int_equal(guest_channel_receive(&ends->guest, &type, got, &length),
					 0);
		}
	}
	assert_true(ends->host.inbox.at > 3 * KTSTR_INBOX_SIZE);
	/* Not a doorbell was rung for any of it, nor was the other ring touched. */
	assert_int_equal(atomic_load(&rings), 0);
	assert_int_equal(ends->guest.header->head, 0);
}

static void inbox_full(void **state)
{
	static uint8_t bytes[KTSTR_INBOX_FRAME_MAX];
	struct ends *ends = *state;
	struct error err = { 0 };
	unsigned int sent = 0;
	uint32_t length;
	uint16_t type;

	while (!channel_send(&ends->host, KTSTR_KEYS, bytes, sizeof(bytes), &err))
		sent++;
	assert_int_equal(sent, KTSTR_INBOX_SIZE / (KTSTR_INBOX_FRAME_MAX + KTSTR_FRAME_ALIGN));
	assert_false(channel_has_room(&ends->host));
	assert_int_equal(channel_send(&ends->host, KTSTR_KEYS, bytes, sizeof(bytes), &err),
			 -EAGAIN);
	assert_int_equal(guest_channel_receive(&ends->guest, &type, bytes, &length), 1);
	assert_true(channel_has_room(&ends->host));
	assert_int_equal(channel_send(&ends->host, KTSTR_KEYS, bytes, sizeof(bytes), &err), 0);
	assert_int_equal(
		channel_send(&ends->host, KTSTR_KEYS, bytes, KTSTR_INBOX_FRAME_MAX + 1, &err),
		-EAGAIN);
}

/* The guest's index is nothing that the host believes. */
static void inbox_lying_tail(void **state)
{
	static const uint64_t tails[] = { 1, 17, KTSTR_INBOX_SIZE, 1ull << 63,
					  UINT64_MAX - KTSTR_INBOX_SIZE };
	struct ends *ends = *state;
	struct error err = { 0 };

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		ends->guest.header->inbox_tail = tails[i];
		assert_false(channel_has_room(&ends->host));
		assert_int_equal(channel_send(&ends->host, KTSTR_KEYS, "x", 1, &err), -EPROTO);
		assert_non_null(strstr(err.text, "inbox"));
	}
	ends->guest.header->inbox_tail = 0;
	assert_int_equal(channel_send(&ends->host, KTSTR_KEYS, "x", 1, &err), 0);
}

/* A payload that is root can write into the inbox: that is seen, and nothing is believed. */
static void inbox_damaged(void **state)
{
	static uint8_t got[KTSTR_INBOX_FRAME_MAX];
	struct ends *ends = *state;
	uint8_t *inbox = (uint8_t *)ends->region + KTSTR_INBOX_OFFSET;
	struct error err = { 0 };
	uint32_t length;
	uint16_t type;

	assert_int_equal(channel_send(&ends->host, KTSTR_KEYS, "hello", 5, &err), 0);
	for (size_t at = 0; at < sizeof(struct ktstr_frame) + 5; at++) {
		inbox[at] ^= 0x40;
		assert_int_equal(guest_channel_receive(&ends->guest, &type, got, &length), -EPROTO);
		inbox[at] ^= 0x40;
	}
	ends->guest.header->inbox_head = 8;
	assert_int_equal(guest_channel_receive(&ends->guest, &type, got, &length), -EPROTO);
	ends->guest.header->inbox_head = KTSTR_INBOX_SIZE + 16;
	assert_int_equal(guest_channel_receive(&ends->guest, &type, got, &length), -EPROTO);
	ends->guest.header->inbox_head = 16; /* the payload is missing */
	assert_int_equal(guest_channel_receive(&ends->guest, &type, got, &length), -EPROTO);
	ends->guest.header->inbox_head = 32;
	assert_int_equal(guest_channel_receive(&ends->guest, &type, got, &length), 1);
	assert_int_equal(length, 5);
	assert_memory_equal(got, "hello", 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc_is_zlibs),
		cmocka_unit_test_setup_teardown(not_set_up, setup, teardown),
		cmocka_unit_test_setup_teardown(one_by_one, setup, teardown),
		cmocka_unit_test_setup_teardown(short_commit, setup, teardown),
		cmocka_unit_test_setup_teardown(log_line, setup, teardown),
		cmocka_unit_test_setup_teardown(exactly_full, setup, teardown),
		cmocka_unit_test_setup_teardown(full_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(inbox_one_by_one, setup, teardown),
		cmocka_unit_test_setup_teardown(inbox_full, setup, teardown),
		cmocka_unit_test_setup_teardown(inbox_lying_tail, setup, teardown),
		cmocka_unit_test_setup_teardown(inbox_damaged, setup, teardown),
	};

	return cmocka_run_group_tests_name("guest channel", tests, NULL, NULL);
}
