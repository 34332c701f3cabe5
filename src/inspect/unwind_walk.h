/*
 * A backtrace that is being made: where it is, and what it has. For the files that make one:
 *   unwind.c       begins and ends it
 *   unwind_step.c  one frame on, by ORC, a frame pointer or saved registers
 *   unwind_walk.c  frames with their names, stacks and their ends, the scan
 */
#ifndef KTSTR_INSPECT_UNWIND_WALK_H
#define KTSTR_INSPECT_UNWIND_WALK_H

#include "inspect/inspect.h"
#include "inspect/unwind.h"

struct walk {
	const struct unwinder *with;
	struct inspect *inspect;
	struct stacks stacks;
	struct stack here; /* the stack that sp is in */
	enum stack_kind kind;
	unsigned int seen; /* bit by kind: the stacks that it has been on */
	uint64_t ip, sp, bp;
	bool guessed;			 /* a frame was, and so are all behind it */
	bool signal;			 /* ip was interrupted there: no call is before it */
	const struct inspect_regs *live; /* the vCPU's, while no frame was left */
	uint64_t regs;			 /* a whole pt_regs of this frame, or 0 */
	struct backtrace_frame frames[BACKTRACE_MAX_FRAMES];
	unsigned int nr;
	enum backtrace_end end;
	char *why;
};

/* It ends here, and why; false. */
bool walk_stop(struct walk *walk, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Is there code at @address: in the kernel's image, or in modules and BPF programs as well? */
bool walk_is_kernel_text(const struct unwinder *with, uint64_t address);
bool walk_is_text(const struct unwinder *with, uint64_t address);

/* walk_add_frame - and its name; false: no more fit */
bool walk_add_frame(struct walk *walk, uint64_t address, enum frame_kind kind);

/* walk_move_to - take @sp for the stack pointer: up the same stack, or to another one; false: the
 * end */
bool walk_move_to(struct walk *walk, uint64_t sp);

/* walk_read_word - a word of a stack; no other memory is taken for one */
bool walk_read_word(struct walk *walk, uint64_t address, uint64_t *value);

/* walk_scan - the rest of this stack, word by word */
void walk_scan(struct walk *walk);

/* walk_step - one frame on; false: the end, see walk->end */
bool walk_step(struct walk *walk);

static inline unsigned long long walk_ull(uint64_t value)
{
	return value;
}

#endif
