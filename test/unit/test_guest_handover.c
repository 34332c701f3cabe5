/* Does init set the date that the host gives, and does the kernel's pool get the host's seed? */
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* A kernel that notes what it is asked for. */
static struct {
	int open_error, add_error, reseed_error, date_error;
	bool is_open;
	unsigned int added, reseeded; /* the number of the request, from 1; 0: none */
	unsigned int requests;
	int bits, size;
	uint8_t bytes[256];
	struct timespec date;
} kernel;

static int answer(int error)
{
	errno = error;
	return error ? -1 : 0;
}

static int fake_open(const char *path, int flags)
{
	assert_string_equal(path, "/dev/urandom");
	assert_int_equal(flags & O_ACCMODE, O_WRONLY);
	if (answer(kernel.open_error))
		return -1;
	kernel.is_open = true;
	return 1000;
}

static int fake_close(int fd)
{
	assert_int_equal(fd, 1000);
	assert_true(kernel.is_open);
	kernel.is_open = false;
	return 0;
}

/* What RNDADDENTROPY takes; its bytes are behind it. */
static int fake_ioctl(int fd, unsigned long request, ...)
{
	const struct rand_pool_info *info;
	va_list args;

	assert_int_equal(fd, 1000);
	assert_true(kernel.is_open);
	kernel.requests++;
	if (request == RNDRESEEDCRNG) {
		kernel.reseeded = kernel.requests;
		return answer(kernel.reseed_error);
	}
	assert_int_equal(request, RNDADDENTROPY);
	kernel.added = kernel.requests;
	va_start(args, request);
	info = va_arg(args, const struct rand_pool_info *);
	va_end(args);
	kernel.bits = info->entropy_count;
	kernel.size = info->buf_size;
	assert_in_range(kernel.size, 1, sizeof(kernel.bytes));
	memcpy(kernel.bytes, info->buf, (size_t)kernel.size);
	return answer(kernel.add_error);
}

static int fake_settime(clockid_t clock, const struct timespec *date)
{
	assert_int_equal(clock, CLOCK_REALTIME);
	kernel.date = *date;
	return answer(kernel.date_error);
}

#define open(path, flags)	   fake_open(path, flags)
#define close(fd)		   fake_close(fd)
#define ioctl(fd, ...)		   fake_ioctl(fd, __VA_ARGS__)
#define clock_settime(clock, date) fake_settime(clock, date)
#include "../../guest/handover.c"
#undef open
#undef close
#undef ioctl
#undef clock_settime

static char logged[512];

void guest_channel_log(struct guest_channel *channel, const char *fmt, ...)
{
	va_list args;

	(void)channel;
	va_start(args, fmt);
	vsnprintf(logged, sizeof(logged), fmt, args);
	va_end(args);
}

static struct ktstr_channel region;
static struct guest_channel channel = { .header = &region };
static char why[256];

static int set_up(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	*logged = *why = '\0';
	region.handover.realtime_ns = 1234567890987654321;
	for (size_t i = 0; i < KTSTR_SEED_SIZE; i++)
		region.handover.seed[i] = (uint8_t)(i + 1);
	return 0;
}

/* All that came after it may read the channel. */
static void assert_seed_is_gone(void)
{
	for (size_t i = 0; i < KTSTR_SEED_SIZE; i++)
		assert_int_equal(region.handover.seed[i], 0);
	assert_false(kernel.is_open);
}

static void all_is_taken(void **state)
{
	(void)state;
	assert_int_equal(handover_take(&channel, why, sizeof(why)), 0);
	assert_int_equal(kernel.date.tv_sec, 1234567890);
	assert_int_equal(kernel.date.tv_nsec, 987654321);
	/* In this order; the other way round what was drawn before would go on. */
	assert_int_equal(kernel.added, 1);
	assert_int_equal(kernel.reseeded, 2);
	assert_int_equal(kernel.requests, 2);
	assert_int_equal(kernel.size, KTSTR_SEED_SIZE);
	assert_int_equal(kernel.bits, 8 * KTSTR_SEED_SIZE);
	for (size_t i = 0; i < KTSTR_SEED_SIZE; i++)
		assert_int_equal(kernel.bytes[i], i + 1);
	assert_seed_is_gone();
	assert_string_equal(logged, "");
}

static void nothing_has_been_drawn_yet(void **state)
{
	(void)state;
	kernel.reseed_error = ENODATA;
	assert_int_equal(handover_take(&channel, why, sizeof(why)), 0);
	assert_int_equal(kernel.reseeded, 2);
}

static void a_pool_that_cannot_be_seeded(void **state)
{
	int *const errors[] = { &kernel.open_error, &kernel.add_error, &kernel.reseed_error };

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		set_up(state);
		*errors[i] = EPERM;
		assert_int_equal(handover_take(&channel, why, sizeof(why)), -EPERM);
		assert_string_equal(why, "cannot seed the random pool: Operation not permitted");
		assert_seed_is_gone();
	}
}

static void a_date_that_cannot_be_set(void **state)
{
	(void)state;
	kernel.date_error = EPERM;
	assert_int_equal(handover_take(&channel, why, sizeof(why)), 0);
	assert_string_equal(logged, "cannot set the date: Operation not permitted");
	assert_int_equal(kernel.reseeded, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_is_taken, set_up),
		cmocka_unit_test_setup(nothing_has_been_drawn_yet, set_up),
		cmocka_unit_test_setup(a_pool_that_cannot_be_seeded, set_up),
		cmocka_unit_test_setup(a_date_that_cannot_be_set, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
