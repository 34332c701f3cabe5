/*
 * What does a guest see of chance and of time? A payload for the tests. Arguments: chance (what the
 * random pool gives, from the first draw on, which does not wait), date, clocks (CLOCK_MONOTONIC
 * goes round all CPUs, and on none of them it is earlier than on the one before).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define MAX_CPUS   64
#define ROUNDS	   50
/* Two guests with one and the same generator give the same bytes, if not in the same places. */
#define DRAWS	   256
#define DRAW_BYTES 32

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "witness: %s: %s\n", what, strerror(errno));
	exit(99);
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now))
		give_up("clock_gettime");
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void pin(int cpu)
{
	cpu_set_t only;

	CPU_ZERO(&only);
	CPU_SET(cpu, &only);
	if (sched_setaffinity(0, sizeof(only), &only))
		give_up("sched_setaffinity");
}

/* --- chance --------------------------------------------------------------------------------------
 */

static void print_hex(const char *name, const uint8_t bytes[DRAW_BYTES])
{
	printf("%s ", name);
	for (size_t i = 0; i < DRAW_BYTES; i++)
		printf("%02x", bytes[i]);
	printf("\n");
}

/* Each CPU has a generator of its own. */
static void draw(void)
{
	static uint8_t draws[DRAWS][DRAW_BYTES];
	uint8_t bytes[DRAW_BYTES];
	int fd;

	pin(0);
	for (size_t i = 0; i < DRAWS; i++)
		if (getrandom(draws[i], DRAW_BYTES, GRND_NONBLOCK) != DRAW_BYTES)
			give_up("getrandom");
	fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, bytes, DRAW_BYTES) != DRAW_BYTES)
		give_up("/dev/urandom");
	close(fd);
	print_hex("urandom", bytes);
	for (size_t i = 0; i < DRAWS; i++)
		print_hex("getrandom", draws[i]);
}

/* --- clocks --------------------------------------------------------------------------------------
 */

static struct {
	sem_t turn[MAX_CPUS];
	int count;
	uint64_t stamp; /* ns, of whose turn it was last */
	bool back;
} ring;

static void *go_round(void *data)
{
	int cpu = (int)(intptr_t)data;

	pin(cpu);
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t now;

		while (sem_wait(&ring.turn[cpu]))
			;
		now = now_ns(CLOCK_MONOTONIC);
		if (now < ring.stamp) {
			printf("clocks: CPU %d is %" PRIu64 " ns behind the one before it\n", cpu,
			       ring.stamp - now);
			ring.back = true;
		}
		ring.stamp = now;
		sem_post(&ring.turn[(cpu + 1) % ring.count]);
	}
	return NULL;
}

static int compare_clocks(void)
{
	pthread_t threads[MAX_CPUS];

	ring.count = (int)sysconf(_SC_NPROCESSORS_ONLN);
	if (ring.count > MAX_CPUS)
		ring.count = MAX_CPUS;
	for (int i = 0; i < ring.count; i++)
		sem_init(&ring.turn[i], 0, i == 0);
	for (int i = 0; i < ring.count; i++) {
		errno = pthread_create(&threads[i], NULL, go_round, (void *)(intptr_t)i);
		if (errno)
			give_up("pthread_create");
	}
	for (int i = 0; i < ring.count; i++)
		pthread_join(threads[i], NULL);
	printf("clocks %d CPUs %s\n", ring.count, ring.back ? "back" : "forward");
	return ring.back;
}

int main(int argc, char **argv)
{
	int status = 0;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "chance")) {
			draw();
		} else if (!strcmp(argv[i], "date")) {
			printf("date %" PRIu64 "\n", now_ns(CLOCK_REALTIME) / 1000);
		} else if (!strcmp(argv[i], "clocks")) {
			status |= compare_clocks();
		} else {
			fprintf(stderr, "witness: '%s' is nothing it knows\n", argv[i]);
			return 99;
		}
		fflush(stdout);
	}
	return status;
}
