/* What do a backtrace's frames have, and which stack is it on? See unwind_walk.h. */
#include "inspect/unwind_walk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What a stack may have that no known one is: a task's, as most have it. */
#define UNKNOWN_STACK (16u << 10)

bool walk_stop(struct walk *walk, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(walk->why, INSPECT_WHY_SIZE, fmt, args);
	va_end(args);
	walk->end = BACKTRACE_STOPPED;
	return false;
}

bool walk_is_kernel_text(const struct unwinder *with, uint64_t address)
{
	for (unsigned int i = 0; i < 2; i++)
		if (address >= with->text[i][0] && address < with->text[i][1])
			return true;
	return false;
}

bool walk_is_text(const struct unwinder *with, uint64_t address)
{
	return walk_is_kernel_text(with, address) || module_symbols_find(with->modules, address);
}

/* @address: of a frame that called, before the address that is returned to: what was called last
 * may lie behind the end of its caller. */
static void name_frame(const struct walk *walk, struct backtrace_frame *frame, uint64_t address)
{
	const struct code_range *range = module_symbols_find(walk->with->modules, address);
	char name[INSPECT_SYMBOL_SIZE];

	if (range) {
		frame->place = range->kind == CODE_BPF ? PLACE_BPF : PLACE_MODULE;
		if (range->kind == CODE_MODULE)
			memcpy(frame->module, range->name, sizeof(frame->module) - 1);
		if (!code_symbol_at(walk->inspect, range, address, frame->symbol, &frame->offset,
				    &frame->size))
			frame->symbol[0] = 0;
	} else if (walk_is_kernel_text(walk->with, address) &&
		   inspect_symbol_at(walk->inspect, address, name, &frame->offset, &frame->size)) {
		frame->place = PLACE_KERNEL;
		memcpy(frame->symbol, name, sizeof(frame->symbol) - 1);
	}
	if (*frame->symbol)
		frame->offset += frame->address - address;
}

bool walk_add_frame(struct walk *walk, uint64_t address, enum frame_kind kind)
{
	struct backtrace_frame *frame = &walk->frames[walk->nr];

	if (walk->nr == BACKTRACE_MAX_FRAMES) {
		walk->end = BACKTRACE_FULL;
		return false;
	}
	*frame = (struct backtrace_frame){ .address = address, .kind = kind, .stack = walk->kind };
	name_frame(walk, frame, kind == FRAME_REGISTERS ? address : address - 1);
	walk->nr++;
	return true;
}

bool walk_move_to(struct walk *walk, uint64_t sp)
{
	enum stack_kind kind = stacks_find(&walk->stacks, sp);
	const struct stack *here = &walk->here;

	/* The end of a stack is its own: the outermost frame's. */
	if (sp > walk->sp && sp <= here->end && sp >= here->begin) {
		walk->sp = sp;
		return true;
	}
	if (walk->seen & 1u << kind)
		return walk_stop(walk,
				 "the stack pointer goes from 0x%llx to 0x%llx, which leads back",
				 walk_ull(walk->sp), walk_ull(sp));
	walk->seen |= 1u << kind;
	walk->kind = kind;
	walk->here = kind ? walk->stacks.of[kind]
			  : (struct stack){ sp, sp > UINT64_MAX - UNKNOWN_STACK
							? UINT64_MAX
							: sp + UNKNOWN_STACK };
	walk->sp = sp;
	return true;
}

bool walk_read_word(struct walk *walk, uint64_t address, uint64_t *value)
{
	bool here = address >= walk->here.begin && address < walk->here.end;

	return (here || stacks_find(&walk->stacks, address)) &&
	       inspect_read_u64(walk->inspect, address, value);
}

/* call rel32, or call through a register or memory (Intel SDM vol. 2A, CALL: E8, FF /2). */
static bool follows_call(struct inspect *inspect, uint64_t address)
{
	uint8_t before[7];

	if (!inspect_read(inspect, address - sizeof(before), before, sizeof(before)))
		return false;
	if (before[2] == 0xe8)
		return true;
	for (unsigned int i = 0; i + 1 < sizeof(before); i++)
		if (before[i] == 0xff && ((before[i + 1] >> 3) & 7) == 2)
			return true;
	return false;
}

void walk_scan(struct walk *walk)
{
	enum backtrace_end end = walk->end;
	uint64_t value;

	for (uint64_t at = (walk->sp + 7) & ~7ull; at >= walk->sp && at < walk->here.end; at += 8) {
		if (!inspect_read_u64(walk->inspect, at, &value))
			return;
		if (walk_is_text(walk->with, value - 1) && follows_call(walk->inspect, value) &&
		    !walk_add_frame(walk, value, FRAME_SCAN))
			break;
	}
	walk->end = end;
}
