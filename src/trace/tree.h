/*
 * How does a trace say which processes and threads there are? Packets with a ProcessTree
 * (protos/perfetto/trace/ps/process_tree.proto of Perfetto), each as full as it can be.
 */
#ifndef KTSTR_TRACE_TREE_H
#define KTSTR_TRACE_TREE_H

#include "trace/packets.h"

/* Bytes of a command line that are kept. */
#define TREE_CMDLINE_SIZE 1024

struct tree {
	const struct trace_sink *sink; /* the caller's, as long as the tree */
	struct failure *failure;
	uint64_t boottime_ns; /* when they are there */

	/* Private: the packet that is being filled. */
	struct pb pb;
	size_t mark;
	uint8_t space[16384];
};

struct tree_process {
	uint64_t pid;
	bool has_ppid, has_uid;
	uint64_t ppid, uid;
	const char
		*cmdline; /* arguments, each with a NUL behind it, the last one perhaps without */
	size_t cmdline_size; /* 0: it has none, as a kernel thread; then @name is put there */
	const char *name;
};

/* Set the public fields first. */
void tree_begin(struct tree *tree);

/*
 * tree_process, tree_thread - one of them; a process comes before its threads. A name ends at its
 * NUL or its newline. Return 0 or what the sink returns.
 */
int tree_process(struct tree *tree, const struct tree_process *process);
int tree_thread(struct tree *tree, uint64_t tid, uint64_t tgid, const char *name);

/* The last packet goes out. */
int tree_end(struct tree *tree);

#endif
