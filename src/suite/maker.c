/* How does a base come to the suite? See maker.h. */
#include "suite/maker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/base_make.h"
#include "run/configure.h"

void maker_send_reason(int fd, int code, const char *text)
{
	dprintf(fd, "%d %s", code, text);
}

void maker_send(int fd, const struct base *base)
{
	struct error err = { "" };
	int packed, ret = base_pack(base, &packed, &err);

	if (ret) {
		maker_send_reason(fd, ret, err.text);
		return;
	}
	child_send_files(fd, base->ram_fd, packed);
	close(packed);
}

struct work {
	const struct worker_settings *settings;
	const struct variant *variant;
	struct made *made;
};

/* The machine that the variant would be given; what is done in it is no part of a base. */
static int make(const struct work *work, int cancel_fd, struct base *base, struct error *err)
{
	const struct configure_from from = { .options =
						     worker_options(work->settings, work->variant),
					     .test = work->variant->test,
					     .kernel = work->variant->image,
					     .plan = &work->variant->plan,
					     .own_tracer = work->settings->own_tracer };
	struct configuration configuration = { 0 };
	int ret = configure(&from, &configuration, err);

	configuration.run.cancel_fd = cancel_fd;
	return ret ? ret : run_make_base(&configuration.run, base, err);
}

/* The process, which ends soon: nothing is freed. */
static void work(int fd, int signal_fd, const void *data)
{
	const struct work *work = data;
	struct error err = { "" };
	struct base base;
	int ret;

	made_keep(work->made, BASE_NONE);
	ret = make(work, signal_fd, &base, &err);
	if (ret)
		maker_send_reason(fd, ret, err.text);
	else
		maker_send(fd, &base);
}

int maker_start(struct child *child, const struct worker_settings *settings,
		const struct variant *variant, struct made *made, struct error *err)
{
	const struct work of = { settings, variant, made };

	return child_start(child, "a base", work, &of, err);
}

static int ended(int status, struct error *why)
{
	if (WIFSIGNALED(status))
		return error_set(why, -EIO, "the process that made it was killed by signal %d%s",
				 WTERMSIG(status),
				 WTERMSIG(status) == SIGKILL ? " (out of memory?)" : "");
	return error_set(why, -EIO, "the process that made it ended with status %d and no result",
			 WEXITSTATUS(status));
}

int maker_finish(struct child *child, struct base *base, struct error *why)
{
	const char *text = child->bytes ? strchr(child->bytes, ' ') : NULL;
	int ret = text ? atoi(child->bytes) : 0, status;
	bool handed_over = child->files[0] >= 0;

	if (ret < 0)
		error_set(why, ret, "%s", text + 1);
	else if (handed_over)
		ret = base_unpack(child->files[0], child->files[1], base, why);
	status = child_end(child);
	return ret || handed_over ? ret : ended(status, why);
}
