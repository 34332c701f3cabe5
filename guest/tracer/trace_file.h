/*
 * When does a trace file get its name? Packets go to <path>.tmp one after the other; only a whole
 * file is renamed to <path>.
 */
#ifndef KTSTR_TRACER_TRACE_FILE_H
#define KTSTR_TRACER_TRACE_FILE_H

#include <stdint.h>

#include "trace/packets.h"

struct trace {
	struct trace_sink sink; /* into the file */
	int fd;
	const char *path; /* borrowed */
	char *temporary;  /* owned */
	uint64_t size;
};

/* trace_open - make <path>.tmp. @path that is there and no regular file is refused. @trace stays
 * where it is. */
int trace_open(struct trace *trace, const char *path, struct failure *failure);

/*
 * trace_reserve - set @size bytes of the file system aside for what is written from here on, where
 * the file system can. What is not used is given back at the end.
 */
int trace_reserve(struct trace *trace, uint64_t size, struct failure *failure);

/* trace_finish - close the file and give it its name. */
int trace_finish(struct trace *trace, struct failure *failure);

/* trace_close - give up whatever is unfinished. */
void trace_close(struct trace *trace);

#endif
