/* What is this guest told when it gets its job? See handover.h. */
#include "handover.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
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
static void seed_pool(struct guest_channel *channel, const uint8_t seed[KTSTR_SEED_SIZE])
{
	struct entropy entropy = { .bits = 8 * KTSTR_SEED_SIZE, .size = KTSTR_SEED_SIZE };
	int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);

	memcpy(entropy.bytes, seed, KTSTR_SEED_SIZE);
	if (fd < 0 || ioctl(fd, RNDADDENTROPY, &entropy) ||
	    (ioctl(fd, RNDRESEEDCRNG) && errno != ENODATA))
		guest_channel_log(channel, "cannot seed the random pool: %s", strerror(errno));
	explicit_bzero(&entropy, sizeof(entropy));
	if (fd >= 0)
		close(fd);
}

void handover_take(struct guest_channel *channel)
{
	struct ktstr_handover *handover = &channel->header->handover;

	set_date(channel, handover->realtime_ns);
	seed_pool(channel, handover->seed);
	explicit_bzero(handover->seed, KTSTR_SEED_SIZE);
}
