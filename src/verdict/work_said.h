/*
 * What did ktstr-work say of itself? That it could not do what it was told, that it could not tell,
 * which check failed, and what came of each: lines of the file KTSTR_WORK_PATH (guest/protocol.h).
 * Any payload can write there, and so say of itself no more than its exit status could.
 */
#ifndef KTSTR_VERDICT_WORK_SAID_H
#define KTSTR_VERDICT_WORK_SAID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a line, with its NUL; the rest is cut. */
#define WORK_SAID_SIZE 320

/* The task that a check which failed has as its worst, and for when. */
struct work_task {
	int32_t pid;		  /* a thread's; 0: none is named */
	char name[64];		  /* GROUP/NUMBER, printable */
	uint64_t from_ns, for_ns; /* guest's CLOCK_BOOTTIME */
};

/* Of so many checks is kept what came of them: the first ones. */
#define WORK_SAID_CHECKS 128

/* What came of a check. All texts are printable. */
struct work_said_check {
	char name[96];	  /* [PHASE/]GROUP.METRIC */
	char verdict[16]; /* "holds", "failed", "inconclusive" */
	char op[3];	  /* "<", "<=", ">", ">=": what the value is to be, of the limit */
	char unit[17];
	double limit, value; /* finite */
	bool has_value;	     /* false: nothing was measured */
};

/* The first of each kind, printable; "": there was none. All zeros at the start. */
struct work_said {
	char error[WORK_SAID_SIZE];
	char inconclusive[WORK_SAID_SIZE];
	char failed[WORK_SAID_SIZE];
	uint32_t nr_failed, nr_timed; /* lines of checks; how many of them are of time or share */
	struct work_task task;	      /* of the first check that has one */
	struct work_said_check checks[WORK_SAID_CHECKS];
	size_t nr_checks;
};

/* work_said_take - the file's beginning, any bytes. What is no such line says nothing. */
void work_said_take(struct work_said *said, const char *text, size_t size);

/*
 * work_said_is_timed - checks failed, and each that did is of time or share: one that a busy host
 * can fail.
 */
bool work_said_is_timed(const struct work_said *said);

#endif
