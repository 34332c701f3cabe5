/* How do a payload's metrics, and what ktstr-work says, come back? See metrics.h. */
#include "metrics.h"

#include "payload_file.h"

static void begin(struct session *session, struct payload_file *file, const char *what)
{
	int ret = payload_file_make(file->path, &file->device);

	file->made = !ret;
	if (ret)
		guest_channel_log(session->channel, "cannot make %s, so that %s lost: %s",
				  file->path, what, strerror(-ret));
}

void metrics_begin(struct session *session)
{
	if (!session->job->metrics)
		return;
	begin(session, &session->metrics, "the payload's metrics are");
	begin(session, &session->work, "what ktstr-work says of itself is");
}

static void send_metrics(struct session *session)
{
	const struct payload_file *file = &session->metrics;
	struct {
		struct ktstr_file head;
		char bytes[KTSTR_METRICS_MAX];
	} frame;
	size_t count;

	if (!file->made)
		return;
	count = payload_file_read(file->path, file->device, &frame.head, frame.bytes,
				  sizeof(frame.bytes));
	if (count || frame.head.state != KTSTR_FILE_READ)
		guest_channel_send(session->channel, KTSTR_METRICS, &frame,
				   sizeof(frame.head) + count);
}

static void send_work(struct session *session)
{
	const struct payload_file *file = &session->work;
	char bytes[KTSTR_WORK_MAX];
	struct ktstr_file head;
	size_t count;

	if (!file->made)
		return;
	count = payload_file_read(file->path, file->device, &head, bytes, sizeof(bytes));
	if (count)
		guest_channel_send(session->channel, KTSTR_WORK, bytes, count);
}

void metrics_send(struct session *session)
{
	send_metrics(session);
	send_work(session);
}
