/* How does a trace say which processes and threads there are? See tree.h. */
#include "trace/tree.h"

#include <string.h>

enum { TREE_PROCESSES = 1, TREE_THREADS = 2 };
enum { PROCESS_PID = 1, PROCESS_PPID = 2, PROCESS_CMDLINE = 3, PROCESS_UID = 5 };
enum { THREAD_TID = 1, THREAD_NAME = 2, THREAD_TGID = 3 };

/* An argument takes two bytes at least ("x\0") and two or three more for tag and length. */
#define PROCESS_ENTRY_SIZE (128 + 3 * TREE_CMDLINE_SIZE)

void tree_begin(struct tree *tree)
{
	tree->pb = (struct pb){ .data = tree->space, .size = sizeof(tree->space) };
	pb_uint(&tree->pb, PACKET_TIMESTAMP, tree->boottime_ns);
	tree->mark = pb_begin(&tree->pb, PACKET_PROCESS_TREE);
}

int tree_end(struct tree *tree)
{
	pb_end(&tree->pb, tree->mark);
	return trace_packet(tree->sink, &tree->pb, tree->failure);
}

/* Make room for an entry of up to @size bytes, beside what ends the packet. */
static int reserve(struct tree *tree, size_t size)
{
	int ret;

	if (tree->pb.size - tree->pb.used >= size + 64)
		return 0;
	ret = tree_end(tree);
	if (!ret)
		tree_begin(tree);
	return ret;
}

int tree_thread(struct tree *tree, uint64_t tid, uint64_t tgid, const char *name)
{
	size_t mark, length = strcspn(name, "\n");
	int ret = reserve(tree, 64 + length);

	if (ret)
		return ret;
	mark = pb_begin(&tree->pb, TREE_THREADS);
	pb_uint(&tree->pb, THREAD_TID, tid);
	pb_string(&tree->pb, THREAD_NAME, name, length);
	pb_uint(&tree->pb, THREAD_TGID, tgid);
	pb_end(&tree->pb, mark);
	return 0;
}

static void put_cmdline(struct pb *pb, const struct tree_process *process)
{
	const char *cmdline = process->cmdline;
	size_t size = process->cmdline_size;

	if (!size)
		pb_string(pb, PROCESS_CMDLINE, process->name, strcspn(process->name, "\n"));
	if (size > TREE_CMDLINE_SIZE)
		size = TREE_CMDLINE_SIZE;
	while (size) {
		size_t length = strnlen(cmdline, size);

		pb_string(pb, PROCESS_CMDLINE, cmdline, length);
		length += length < size;
		cmdline += length;
		size -= length;
	}
}

int tree_process(struct tree *tree, const struct tree_process *process)
{
	int ret = reserve(tree, PROCESS_ENTRY_SIZE);
	size_t mark;

	if (ret)
		return ret;
	mark = pb_begin(&tree->pb, TREE_PROCESSES);
	pb_uint(&tree->pb, PROCESS_PID, process->pid);
	if (process->has_ppid)
		pb_uint(&tree->pb, PROCESS_PPID, process->ppid);
	put_cmdline(&tree->pb, process);
	if (process->has_uid)
		pb_uint(&tree->pb, PROCESS_UID, process->uid);
	pb_end(&tree->pb, mark);
	return 0;
}
