/*
 * What can a malicious guest do to the channel? A payload for the tests: maps it through /dev/mem
 * as init does, and writes what no honest init writes. Argument: garbage, head, length, crc; and
 * with all of that right: type (one that there is not), hello, ready, bell (each once more), exited
 * (twice); inbox: an index of the inbox that is none; cargo: writes over all of it, and ends
 * with 3. As a tracer (its arguments begin with "-") it resets the machine a second after SIGINT.
 * On the host: where, for an init that is a script and lies; it prints the addresses of head and of
 * the ready bell.
 */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../guest/ring.h"

static struct ring ring;
static uint8_t *region;

static void ring_bell(uint32_t bell)
{
	*(volatile uint32_t *)(region + KTSTR_CHANNEL_SIZE + bell) = 1;
}

static void ring_doorbell(void)
{
	ring_bell(KTSTR_DOORBELL);
}

/* Put a header where the host looks next, and @count bytes of ring behind head. */
static void put_frame(const struct ktstr_frame *frame, uint64_t count)
{
	ring_copy_in(&ring, ring.at, frame, sizeof(*frame));
	__atomic_store_n(ring.head, ring.at + count, __ATOMIC_RELEASE);
	ring_doorbell();
}

/* CRC-32 as zlib has it, so that the guest needs no zlib. */
static uint32_t crc32_add(const void *unused, uint32_t crc, const void *bytes, size_t count)
{
	const uint8_t *byte = bytes;

	(void)unused;
	crc = ~crc;
	for (size_t i = 0; i < count; i++) {
		crc ^= byte[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static int reset_when_stopped(void)
{
	sigset_t stop;
	int fd, number;

	sigemptyset(&stop);
	sigaddset(&stop, SIGINT);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	printf("%s\n", KTSTR_TRACER_READY_LINE);
	fflush(stdout);
	sigwait(&stop, &number);
	sleep(1);
	fd = open("/proc/sysrq-trigger", O_WRONLY);
	return write(fd, "b", 1) == 1 ? 0 : 99;
}

static int lie(const char *what)
{
	struct ktstr_frame frame = { .magic = KTSTR_FRAME_MAGIC, .type = KTSTR_STDOUT };
	struct ktstr_channel *channel;
	int fd = open("/dev/mem", O_RDWR);

	region = mmap(NULL, KTSTR_CHANNEL_SIZE + KTSTR_BELLS_SIZE, PROT_READ | PROT_WRITE,
		      MAP_SHARED, fd, (off_t)KTSTR_CHANNEL_GPA);
	if (fd < 0 || region == MAP_FAILED) {
		perror("hostile");
		return 99;
	}
	channel = (struct ktstr_channel *)region;
	/* Behind what init has put in. */
	ring_init(&ring, region, crc32_add, NULL);
	ring.at = ring_load(ring.head);
	if (!strcmp(what, "garbage")) {
		srand(1);
		for (size_t i = 0; i < KTSTR_RING_SIZE; i++)
			ring.bytes[i] = (uint8_t)rand();
		__atomic_store_n(ring.head, ring_load(ring.head) + 4096, __ATOMIC_RELEASE);
		ring_doorbell();
	} else if (!strcmp(what, "head")) {
		__atomic_store_n(ring.head, UINT64_MAX - 15, __ATOMIC_RELEASE);
		ring_doorbell();
	} else if (!strcmp(what, "inbox")) {
		__atomic_store_n(&channel->inbox_tail, 1ull << 40, __ATOMIC_RELEASE);
		/* The host sees it when it has something to say. */
		printf("done\n");
		fflush(stdout);
	} else if (!strcmp(what, "length")) {
		frame.length = UINT32_MAX;
		put_frame(&frame, sizeof(frame));
	} else if (!strcmp(what, "crc")) {
		frame.length = 16;
		frame.crc = 0x12345678;
		put_frame(&frame, 32);
	} else if (!strcmp(what, "type")) {
		ring_put(&ring, 200, NULL, 0);
		ring_doorbell();
	} else if (!strcmp(what, "hello")) {
		struct ktstr_hello hello = { .version = KTSTR_PROTOCOL_VERSION, .cpus_online = 1 };

		ring_put(&ring, KTSTR_HELLO, &hello, sizeof(hello));
		ring_doorbell();
	} else if (!strcmp(what, "ready")) {
		struct ktstr_ready ready = { .boottime_ns = 1 };

		ring_put(&ring, KTSTR_READY, &ready, sizeof(ready));
		ring_doorbell();
	} else if (!strcmp(what, "bell")) {
		ring_bell(KTSTR_READY_BELL);
	} else if (!strcmp(what, "exited")) {
		struct ktstr_exited exited = { .kind = KTSTR_EXIT_STATUS };

		ring_put(&ring, KTSTR_EXITED, &exited, sizeof(exited));
		ring_put(&ring, KTSTR_EXITED, &exited, sizeof(exited));
		ring_doorbell();
	} else {
		fprintf(stderr, "hostile: '%s' is nothing it knows\n", what);
		return 99;
	}
	/* The host ends the machine; getting past this is the test's failure. */
	sleep(30);
	return 0;
}

static int spoil_cargo(void)
{
	const struct ktstr_handover *handover;
	const struct ktstr_channel *channel;
	int fd = open("/dev/mem", O_RDWR);
	void *cargo;

	channel =
		mmap(NULL, KTSTR_RING_OFFSET, PROT_READ, MAP_SHARED, fd, (off_t)KTSTR_CHANNEL_GPA);
	if (fd < 0 || channel == MAP_FAILED) {
		perror("hostile: the channel");
		return 99;
	}
	handover = &channel->handover;
	cargo = mmap(NULL, handover->cargo_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		     (off_t)handover->cargo_gpa);
	if (cargo == MAP_FAILED) {
		perror("hostile: the cargo");
		return 99;
	}
	memset(cargo, 'x', handover->cargo_size);
	return 3;
}

static int print_addresses(void)
{
	printf("%#llx %#llx\n", KTSTR_CHANNEL_GPA + offsetof(struct ktstr_channel, head),
	       KTSTR_BELLS_GPA + KTSTR_READY_BELL);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "where"))
		return print_addresses();
	if (!strcmp(what, "cargo"))
		return spoil_cargo();
	return *what == '-' ? reset_when_stopped() : lie(what);
}
