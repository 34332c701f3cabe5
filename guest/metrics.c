/* How do a payload's metrics come back? See metrics.h. */
#include "metrics.h"

#include "metrics_file.h"

void metrics_begin(struct session *session)
{
	struct metrics_file *file = &session->metrics;
	int ret;

	if (!session->job->metrics)
		return;
	ret = metrics_file_make(file->path, &file->device);
	file->made = !ret;
	if (ret)
		guest_channel_log(session->channel,
				  "cannot make %s, so that the payload's metrics are lost: %s",
				  file->path, strerror(-ret));
}

void metrics_send(struct session *session)
{
	const struct metrics_file *file = &session->metrics;
	struct {
		struct ktstr_metrics head;
		char bytes[KTSTR_METRICS_MAX];
	} frame;
	size_t count;

	if (!file->made)
		return;
	count = metrics_file_read(file->path, file->device, &frame.head, frame.bytes);
	if (count || frame.head.state != KTSTR_METRICS_READ)
		guest_channel_send(session->channel, KTSTR_METRICS, &frame,
				   sizeof(frame.head) + count);
}
