/* What is this guest told when it gets its job? See handover.h. */
#include "handover.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* struct rand_pool_info of linux/random.h with its bytes; a flexible array cannot have them. */
struct entropy {
	int bits;
	int size;
	uint8_t bytes[KTSTR_SEED_SIZE];
};

static void set_date(struct guest_channel *channel, uint64_t realtime_ns)
{
	struct timespec date = { .tv_sec = (time_t)(realtime_ns / 1000000000),
				 .tv_nsec = (long)(realtime_ns % 1000000000) };

	if (clock_settime(CLOCK_REALTIME, &date))
		guest_channel_log(channel, "cannot set the date: %s", strerror(errno));
}

/*
 * What has already been drawn from the pool is still in the generators of each CPU: they are
 * renewed at once. ENODATA: there was too little in the pool for them to be in use.
 */
static int seed_pool(const uint8_t seed[KTSTR_SEED_SIZE], char *why, size_t why_size)
{
	struct entropy entropy = { .bits = 8 * KTSTR_SEED_SIZE, .size = KTSTR_SEED_SIZE };
	int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC), ret = 0;

	memcpy(entropy.bytes, seed, KTSTR_SEED_SIZE);
	if (fd < 0 || ioctl(fd, RNDADDENTROPY, &entropy) ||
	    (ioctl(fd, RNDRESEEDCRNG) && errno != ENODATA)) {
		ret = -errno;
		snprintf(why, why_size, "cannot seed the random pool: %s", strerror(-ret));
	}
	explicit_bzero(&entropy, sizeof(entropy));
	if (fd >= 0)
		close(fd);
	return ret;
}

int handover_take(struct guest_channel *channel, char *why, size_t why_size)
{
	struct ktstr_handover *handover = &channel->header->handover;
	int ret;

	set_date(channel, handover->realtime_ns);
	ret = seed_pool(handover->seed, why, why_size);
	explicit_bzero(handover->seed, KTSTR_SEED_SIZE);
	return ret;
}
