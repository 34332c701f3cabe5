/* Does what is on standard input go to each VM, whole and in order, and no faster than there is
 * room? */
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../guest/protocol.h"
#include "run/feed.h"

/* What stands for the guest: the feed knows nothing more of it than these two. */
struct vmm {
	unsigned int room; /* frames that it still takes */
	char got[65536];
	size_t used;
	uint64_t bytes;
	unsigned int ends;
};

bool vmm_has_room(const struct vmm *vmm)
{
	return vmm->room;
}

int vmm_send(struct vmm *vmm, uint16_t type, const void *payload, uint32_t length)
{
	assert_int_equal(type, KTSTR_STDIN);
	assert_in_range(length, 0, KTSTR_INBOX_FRAME_MAX);
	assert_int_equal(vmm->ends, 0);
	assert_true(vmm->room);
	vmm->room--;
	vmm->ends += !length;
	vmm->bytes += length;
	if (vmm->used + length < sizeof(vmm->got)) {
		memcpy(vmm->got + vmm->used, payload, length);
		vmm->used += length;
		vmm->got[vmm->used] = '\0';
	}
	return 0;
}

static struct error err;

/* As the VMM does it, for as long as the source has something. */
static void turns(struct feed *feed, struct vmm *vmm, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		feed_turn(feed, vmm, feed->input.fd >= 0);
}

/* Our standard input is the reading end of a pipe; returns the other. */
static int open_pipe(void)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(dup2(fds[0], STDIN_FILENO), STDIN_FILENO);
	close(fds[0]);
	return fds[1];
}

static void put(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void a_pipe_to_both(void **state)
{
	struct vmm first = { .room = 100 }, second = { .room = 100 };
	int fd = open_pipe();
	struct feed feed;

	(void)state;
	assert_int_equal(feed_open(&feed, NULL, &err), 0);
	assert_true(feed_is_open(&feed));
	assert_int_equal(feed_keep(&feed, &err), 0);
	/* Before the payload has started nothing is taken. */
	put(fd, "one ");
	assert_int_equal(feed.input.fd, -1);
	feed_turn(&feed, &first, true);
	assert_int_equal(first.bytes, 0);
	feed_begin(&feed);
	turns(&feed, &first, 1);
	put(fd, "two ");
	turns(&feed, &first, 1);
	assert_string_equal(first.got, "one two ");
	feed_end(&feed);
	assert_int_equal(feed.input.fd, -1);

	/* The second VM has the same, and goes on where the first has stopped. */
	assert_true(feed_can_repeat(&feed));
	put(fd, "three");
	close(fd);
	feed_begin(&feed);
	turns(&feed, &second, 4);
	assert_string_equal(second.got, "one two three");
	assert_int_equal(second.ends, 1);
	assert_int_equal(feed.input.fd, -1);
	assert_int_equal(feed.error, 0);
	/* And again, with the end behind it. */
	second = (struct vmm){ .room = 100 };
	feed_begin(&feed);
	turns(&feed, &second, 4);
	assert_string_equal(second.got, "one two three");
	assert_int_equal(second.ends, 1);
	feed_close(&feed);
}

static void no_room(void **state)
{
	struct vmm vmm = { .room = 0 };
	int fd = open_pipe();
	struct feed feed;
	char rest[16];

	(void)state;
	assert_int_equal(feed_open(&feed, NULL, &err), 0);
	feed_begin(&feed);
	put(fd, "waits");
	turns(&feed, &vmm, 3);
	assert_int_equal(vmm.bytes, 0);
	/* It is still there. */
	assert_int_equal(read(STDIN_FILENO, rest, 1), 1);
	vmm.room = 1;
	turns(&feed, &vmm, 3);
	assert_string_equal(vmm.got, "aits");
	close(fd);
	turns(&feed, &vmm, 3);
	assert_int_equal(vmm.ends, 0);
	vmm.room = 1;
	turns(&feed, &vmm, 3);
	assert_int_equal(vmm.ends, 1);
	/* Nothing was kept. */
	assert_false(feed_can_repeat(&feed));
	feed_close(&feed);
}

static void a_file_stays_where_it_stands(void **state)
{
	char path[] = "/tmp/ktstr-feed-XXXXXX", line[10001];
	struct vmm vmm = { .room = 2 };
	int fd = mkstemp(path);
	struct feed feed;

	(void)state;
	assert_true(fd >= 0);
	memset(line, 'x', sizeof(line));
	put(fd, "head\n");
	assert_int_equal(write(fd, line, sizeof(line)), sizeof(line));
	assert_int_equal(lseek(fd, 5, SEEK_SET), 5);
	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(feed_open(&feed, NULL, &err), 0);
	assert_int_equal(feed_keep(&feed, &err), 0);
	feed_begin(&feed);
	turns(&feed, &vmm, 1);
	assert_int_equal(vmm.bytes, 2 * KTSTR_INBOX_FRAME_MAX);
	vmm.room = 100;
	turns(&feed, &vmm, 2);
	assert_int_equal(vmm.bytes, sizeof(line));
	assert_int_equal(vmm.got[0], 'x');
	assert_int_equal(vmm.ends, 1);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 5);
	assert_true(feed_can_repeat(&feed));
	feed_close(&feed);

	/* By its name, from its start; and what is no good name. */
	vmm = (struct vmm){ .room = 100 };
	assert_int_equal(feed_open(&feed, path, &err), 0);
	feed_begin(&feed);
	turns(&feed, &vmm, 2);
	assert_int_equal(vmm.bytes, sizeof(line) + 5);
	feed_close(&feed);
	assert_int_equal(feed_open(&feed, "/nowhere", &err), -ENOENT);
	feed_close(&feed);
	assert_int_equal(feed_open(&feed, "/", &err), -EINVAL);
	assert_non_null(strstr(err.text, "a folder"));
	feed_close(&feed);
	assert_int_equal(feed_open(&feed, "/dev/null", &err), 0);
	assert_false(feed_is_open(&feed));
	unlink(path);
	close(fd);
}

/* Whatever our standard input is, no program that reads it for nothing must be held up or stopped.
 */
static void nothing_to_hand_on(void **state)
{
	int ours, theirs, fds[2];
	struct feed feed;
	char name[64];

	(void)state;
#define NOTHING(fd)                                                                                \
	do {                                                                                       \
		assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);                            \
		assert_int_equal(feed_open(&feed, NULL, &err), 0);                                 \
		assert_false(feed_is_open(&feed));                                                 \
		feed_close(&feed);                                                                 \
	} while (0)
	assert_int_equal(openpty(&ours, &theirs, name, NULL, NULL), 0);
	NOTHING(theirs);
	assert_int_equal(feed_open(&feed, name, &err), -EINVAL);
	assert_non_null(strstr(err.text, "a terminal"));
	feed_close(&feed);
	assert_int_equal(pipe(fds), 0);
	NOTHING(fds[1]); /* for writing only */
	NOTHING(open("/dev/null", O_RDWR));
	NOTHING(open("/", O_RDONLY));
	NOTHING(open("/etc/passwd", O_PATH));
#undef NOTHING
	close(STDIN_FILENO);
	assert_int_equal(feed_open(&feed, NULL, &err), 0);
	assert_false(feed_is_open(&feed));
}

static void too_much_to_keep(void **state)
{
	struct vmm vmm = { .room = ~0u };
	struct feed feed;

	(void)state;
	assert_int_equal(feed_open(&feed, "/dev/zero", &err), 0);
	assert_int_equal(feed_keep(&feed, &err), 0);
	feed_begin(&feed);
	while (vmm.bytes < FEED_KEEP_MAX)
		turns(&feed, &vmm, 1);
	assert_true(feed_can_repeat(&feed));
	turns(&feed, &vmm, 2);
	/* The first VM goes on. */
	assert_true(vmm.bytes > FEED_KEEP_MAX);
	assert_false(feed_can_repeat(&feed));
	feed_close(&feed);
}

static void unreadable(void **state)
{
	struct vmm vmm = { .room = 100 };
	struct feed feed;

	(void)state;
	/* Nothing is mapped at its address 0. */
	assert_int_equal(feed_open(&feed, "/proc/self/mem", &err), 0);
	feed_begin(&feed);
	turns(&feed, &vmm, 2);
	assert_int_equal(vmm.bytes, 0);
	assert_int_equal(vmm.ends, 1);
	assert_int_equal(feed.error, EIO);
	feed_close(&feed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pipe_to_both),
		cmocka_unit_test(no_room),
		cmocka_unit_test(a_file_stays_where_it_stands),
		cmocka_unit_test(nothing_to_hand_on),
		cmocka_unit_test(too_much_to_keep),
		cmocka_unit_test(unreadable),
	};

	return cmocka_run_group_tests_name("feed", tests, NULL, NULL);
}
