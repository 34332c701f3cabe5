/* Is a frame whole wherever in the ring it lies, and is nothing taken that no honest end puts in?
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "../../guest/ring.h"

/* A ring so small that all of its offsets can be tried, between bytes that must not change. */
#define SIZE	  128u
#define FRAME_MAX 64u
#define GUARD	  32u

static uint8_t memory[GUARD + SIZE + GUARD];
static uint64_t head, tail;
static struct ring in, out;

static uint32_t zlib_crc(const void *table, uint32_t crc, const void *bytes, size_t count)
{
	assert_ptr_equal(table, &memory);
	assert_true(count > 0);
	return (uint32_t)crc32(crc, bytes, (uInt)count);
}

/* Both ends of an empty ring through which @position bytes have gone. */
static void begin_at(uint64_t position)
{
	memset(memory, 0xa5, sizeof(memory));
	head = tail = position;
	in = (struct ring){ .bytes = memory + GUARD,
			    .size = SIZE,
			    .frame_max = FRAME_MAX,
			    .head = &head,
			    .tail = &tail,
			    .at = position,
			    .crc = zlib_crc,
			    .crc_table = &memory };
	out = in;
}

static void guards_hold(void)
{
	for (size_t i = 0; i < GUARD; i++) {
		assert_int_equal(memory[i], 0xa5);
		assert_int_equal(memory[GUARD + SIZE + i], 0xa5);
	}
}

static enum ring_found take(struct ktstr_frame *frame, uint8_t payload[FRAME_MAX])
{
	return ring_take(&out, ring_load(out.head), frame, payload);
}

static const uint8_t letters[FRAME_MAX + 1] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-";

/* From the first offset, from the others, and where the index itself wraps. */
static const uint64_t starts[] = { 0, UINT64_MAX - 4 * SIZE + 1 };

static void a_frame_is_whole_at_each_offset(void **state)
{
	uint8_t got[FRAME_MAX];
	struct ktstr_frame frame;

	(void)state;
	for (size_t s = 0; s < sizeof(starts) / sizeof(starts[0]); s++)
		for (uint64_t offset = 0; offset < 8 * SIZE; offset += KTSTR_FRAME_ALIGN)
			for (uint32_t length = 0; length <= FRAME_MAX; length++) {
				uint64_t end = starts[s] + offset + ktstr_frame_space(length);

				begin_at(starts[s] + offset);
				ring_put(&in, 7, length ? letters : NULL, length);
				assert_int_equal(head, end);
				assert_int_equal(tail, starts[s] + offset);
				assert_int_equal(take(&frame, got), RING_FRAME);
				assert_int_equal(tail, end);
				assert_int_equal(frame.type, 7);
				assert_int_equal(frame.length, length);
				assert_memory_equal(got, letters, length);
				assert_int_equal(take(&frame, got), RING_NOTHING);
				guards_hold();
			}
}

/* The same bytes as by ring_put, and the pieces end where the ring does. */
static void a_payload_can_be_put_in_place(void **state)
{
	uint8_t whole[SIZE];

	(void)state;
	for (uint64_t offset = 0; offset < SIZE; offset += KTSTR_FRAME_ALIGN)
		for (uint32_t length = 0; length <= FRAME_MAX; length++) {
			struct iovec room[2];

			begin_at(offset);
			ring_put(&in, 9, letters, length);
			memcpy(whole, in.bytes, SIZE);
			begin_at(offset);
			ring_room(&in, length, room);
			assert_int_equal(room[0].iov_len + room[1].iov_len, length);
			assert_true((uint8_t *)room[0].iov_base + room[0].iov_len <=
				    in.bytes + SIZE);
			assert_true(!room[1].iov_len || room[1].iov_base == in.bytes);
			memcpy(room[0].iov_base, letters, room[0].iov_len);
			memcpy(room[1].iov_base, letters + room[0].iov_len, room[1].iov_len);
			assert_int_equal(head, offset);
			ring_commit(&in, 9, room);
			assert_memory_equal(in.bytes, whole, SIZE);
		}
}

static void the_layout_is_the_protocols(void **state)
{
	static uint8_t region[KTSTR_CHANNEL_SIZE] __attribute__((aligned(4096)));
	struct ktstr_channel *header = (struct ktstr_channel *)region;
	struct ktstr_frame frame;

	(void)state;
	ring_init(&in, region, zlib_crc, &memory);
	ring_put(&in, KTSTR_STDOUT, "xyz", 3);
	ring_init_inbox(&in, region, zlib_crc, &memory);
	ring_put(&in, KTSTR_KEYS, "xyz", 3);
	assert_int_equal(header->head, 32);
	assert_int_equal(header->inbox_head, 32);
	assert_int_equal(header->tail | header->inbox_tail, 0);
	assert_memory_equal(region + KTSTR_INBOX_OFFSET + sizeof(frame), "xyz", 3);
	memcpy(&frame, region + KTSTR_RING_OFFSET, sizeof(frame));
	assert_int_equal(frame.magic, KTSTR_FRAME_MAGIC);
	assert_int_equal(frame.type, KTSTR_STDOUT);
	assert_int_equal(frame.unused, 0);
	assert_int_equal(frame.length, 3);
	/* One piece: the 12 bytes before the field, then the payload. */
	memmove(region + KTSTR_RING_OFFSET + 12, "xyz", 3);
	assert_int_equal(frame.crc, crc32(0, region + KTSTR_RING_OFFSET, 15));
}

static void room_is_counted_to_the_byte(void **state)
{
	struct ktstr_frame frame;
	uint8_t got[FRAME_MAX];

	(void)state;
	for (size_t s = 0; s < sizeof(starts) / sizeof(starts[0]); s++) {
		begin_at(starts[s] + 3 * SIZE);
		assert_true(ring_has_room(&in, SIZE - sizeof(frame)));
		assert_false(ring_has_room(&in, SIZE - sizeof(frame) + 1));
		ring_put(&in, 1, letters, 48);
		assert_int_equal(ring_used(&in), 64);
		assert_true(ring_has_room(&in, 48));
		assert_false(ring_has_room(&in, 49));
		ring_put(&in, 2, letters, 48);
		assert_int_equal(ring_used(&in), SIZE);
		assert_false(ring_has_room(&in, 0));
		/* Full is not empty. */
		assert_int_equal(take(&frame, got), RING_FRAME);
		assert_int_equal(frame.type, 1);
		assert_true(ring_has_room(&in, 48));
		assert_int_equal(take(&frame, got), RING_FRAME);
		assert_int_equal(frame.type, 2);
		assert_int_equal(ring_used(&in), 0);
	}
}

/* The end that takes out is in the guest's hands: its index may be anything. */
static void a_tail_that_is_none_means_no_room(void **state)
{
	static const uint64_t lies[] = { 16 + 1, 16 + SIZE, 1ull << 63, UINT64_MAX - SIZE + 16 };

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		begin_at(16);
		tail = lies[i];
		assert_true(ring_used(&in) > SIZE);
		assert_false(ring_has_room(&in, 0));
	}
}

/* What lies there is named, and is not taken: the end stays where it is. */
static void nothing_bad_is_taken(void **state)
{
	struct ktstr_frame frame, bad;
	uint8_t got[FRAME_MAX];

	(void)state;
	for (uint64_t offset = 0; offset < SIZE; offset += KTSTR_FRAME_ALIGN) {
		begin_at(offset);
		ring_put(&in, 3, letters, 40);
		ring_copy_out(&in, offset, &frame, sizeof(frame));

		head = offset + SIZE + 1;
		assert_int_equal(take(&bad, got), RING_BAD_HEAD);
		head = offset - 16;
		assert_int_equal(take(&bad, got), RING_BAD_HEAD);
		head = offset + sizeof(frame) - 1;
		assert_int_equal(take(&bad, got), RING_BAD_HEADER);
		head = offset + ktstr_frame_space(40) - 1;
		assert_int_equal(take(&bad, got), RING_CUT);
		head = offset + ktstr_frame_space(40);

		bad = frame;
		bad.magic ^= 1;
		ring_copy_in(&in, offset, &bad, sizeof(bad));
		assert_int_equal(take(&bad, got), RING_BAD_MAGIC);
		bad = frame;
		bad.length = FRAME_MAX + 1;
		ring_copy_in(&in, offset, &bad, sizeof(bad));
		assert_int_equal(take(&bad, got), RING_BAD_LENGTH);
		bad.length = UINT32_MAX; /* with its header it would be 15 bytes */
		ring_copy_in(&in, offset, &bad, sizeof(bad));
		assert_int_equal(take(&bad, got), RING_BAD_LENGTH);
		ring_copy_in(&in, offset, &frame, sizeof(frame));

		/* Each byte that the CRC is over, and the CRC's own. */
		for (uint64_t at = 4; at < sizeof(frame) + 40; at++) {
			uint8_t *byte = &in.bytes[(offset + at) % SIZE];

			if (at >= 8 && at < 12)
				continue;
			*byte ^= 0x10;
			assert_int_equal(take(&bad, got), RING_BAD_CRC);
			*byte ^= 0x10;
		}
		assert_int_equal(out.at, offset);
		assert_int_equal(tail, offset);
		assert_int_equal(take(&bad, got), RING_FRAME);
		assert_memory_equal(got, letters, 40);
		guards_hold();
	}
}

/* A reader that looks as far as a head of before does not see what came since. */
static void no_further_than_was_asked_for(void **state)
{
	struct ktstr_frame frame;
	uint8_t got[FRAME_MAX];
	uint64_t before;

	(void)state;
	begin_at(96);
	ring_put(&in, 1, letters, 20);
	before = ring_load(&head);
	ring_put(&in, 2, letters, 20);
	assert_int_equal(ring_take(&out, before, &frame, got), RING_FRAME);
	assert_int_equal(ring_take(&out, before, &frame, got), RING_NOTHING);
	assert_int_equal(ring_take(&out, head, &frame, got), RING_FRAME);
	assert_int_equal(frame.type, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_is_whole_at_each_offset),
		cmocka_unit_test(a_payload_can_be_put_in_place),
		cmocka_unit_test(the_layout_is_the_protocols),
		cmocka_unit_test(room_is_counted_to_the_byte),
		cmocka_unit_test(a_tail_that_is_none_means_no_room),
		cmocka_unit_test(nothing_bad_is_taken),
		cmocka_unit_test(no_further_than_was_asked_for),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
