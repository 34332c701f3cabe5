/* Who called whom? See unwind.h. Each step goes up one stack or to one that it has not been on, so
 * that it ends whatever the memory says. */
#include "inspect/unwind.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/inspect.h"

/* CR0.PG (Intel SDM vol. 3A, 2.5) */
#define CR0_PG	      (1u << 31)
/* What a stack may have that no known one is: a task's, as most have it. */
#define UNKNOWN_STACK (16u << 10)

struct walk {
	const struct unwinder *with;
	struct inspect *inspect;
	struct stacks stacks;
	struct stack here; /* the stack that sp is in */
	enum stack_kind kind;
	unsigned int seen; /* bit by kind: the stacks that it has been on */
	uint64_t ip, sp, bp;
	bool signal;			 /* ip was interrupted there: no call is before it */
	const struct inspect_regs *live; /* the vCPU's, while no frame was left */
	uint64_t regs;			 /* a whole pt_regs of this frame, or 0 */
	struct backtrace_frame frames[BACKTRACE_MAX_FRAMES];
	unsigned int nr;
	enum backtrace_end end;
	char *why;
};

static unsigned long long ull(uint64_t value)
{
	return value;
}

/* It ends here, and why; false. */
__attribute__((format(printf, 2, 3))) static bool stop(struct walk *walk, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(walk->why, INSPECT_WHY_SIZE, fmt, args);
	va_end(args);
	walk->end = BACKTRACE_STOPPED;
	return false;
}

static bool is_kernel_text(const struct unwinder *with, uint64_t address)
{
	for (unsigned int i = 0; i < 2; i++)
		if (address >= with->text[i][0] && address < with->text[i][1])
			return true;
	return false;
}

static bool is_text(const struct unwinder *with, uint64_t address)
{
	return is_kernel_text(with, address) || module_symbols_find(with->modules, address);
}

/* Both: what was called last is before the address that it returns to. */
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
	} else if (is_kernel_text(walk->with, address) &&
		   inspect_symbol_at(walk->inspect, address, name, &frame->offset, &frame->size)) {
		frame->place = PLACE_KERNEL;
		memcpy(frame->symbol, name, sizeof(frame->symbol) - 1);
	}
	if (*frame->symbol)
		frame->offset += frame->address - address;
}

/* False: no more fit. */
static bool add_frame(struct walk *walk, uint64_t address, enum frame_kind kind)
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

/* Take @sp for the stack pointer: up the same stack, or to another one. */
static bool move_to(struct walk *walk, uint64_t sp)
{
	enum stack_kind kind = stacks_find(&walk->stacks, sp);
	const struct stack *here = &walk->here;

	/* The end of a stack is its own: the outermost frame's. */
	if (sp > walk->sp && sp <= here->end && sp >= here->begin) {
		walk->sp = sp;
		return true;
	}
	if (walk->seen & 1u << kind)
		return stop(walk, "the stack pointer goes from 0x%llx to 0x%llx, which leads back",
			    ull(walk->sp), ull(sp));
	walk->seen |= 1u << kind;
	walk->kind = kind;
	walk->here = kind ? walk->stacks.of[kind]
			  : (struct stack){ sp, sp > UINT64_MAX - UNKNOWN_STACK
							? UINT64_MAX
							: sp + UNKNOWN_STACK };
	walk->sp = sp;
	return true;
}

/* A word of a stack; no other memory is taken for one. */
static bool read_word(struct walk *walk, uint64_t address, uint64_t *value)
{
	bool here = address >= walk->here.begin && address < walk->here.end;

	return (here || stacks_find(&walk->stacks, address)) &&
	       inspect_read_u64(walk->inspect, address, value);
}

static bool get_register(struct walk *walk, const struct btf_field *field, enum inspect_gpr live,
			 uint64_t *value)
{
	if (walk->live) {
		*value = walk->live->gpr[live];
		return true;
	}
	return walk->regs && layout_read(walk->inspect, walk->regs, field, value);
}

/* Where this frame ends, by its entry. */
static bool frame_end(struct walk *walk, const struct orc_entry *entry, uint64_t *end)
{
	const struct unwinder *with = walk->with;
	uint64_t offset = (uint64_t)(int64_t)entry->sp_offset;
	bool ok = true;

	switch (entry->sp_register) {
	case ORC_REG_SP:
		*end = walk->sp;
		break;
	case ORC_REG_BP:
		*end = walk->bp;
		break;
	case ORC_REG_SP_INDIRECT:
		ok = read_word(walk, walk->sp, end);
		break;
	case ORC_REG_BP_INDIRECT:
		ok = read_word(walk, walk->bp + offset, end);
		offset = 0;
		break;
	case ORC_REG_AX:
		ok = get_register(walk, &with->regs_ax, INSPECT_RAX, end);
		break;
	case ORC_REG_DX:
		ok = get_register(walk, &with->regs_dx, INSPECT_RDX, end);
		break;
	case ORC_REG_DI:
		ok = get_register(walk, &with->regs_di, INSPECT_RDI, end);
		break;
	case ORC_REG_R10:
		ok = get_register(walk, &with->regs_r10, INSPECT_R10, end);
		break;
	case ORC_REG_R13:
		ok = get_register(walk, &with->regs_r13, INSPECT_R13, end);
		break;
	default:
		ok = false;
	}
	if (!ok)
		return stop(walk,
			    "where the frame of 0x%llx ends is not known: ORC names a "
			    "register that is not",
			    ull(walk->ip));
	*end += offset;
	return true;
}

/* What it pushed for an interrupt: of a whole pt_regs, or from its ip on only. */
static bool leave_by_regs(struct walk *walk, uint64_t regs, bool whole, uint64_t *ip, uint64_t *sp)
{
	const struct unwinder *with = walk->with;
	uint64_t cs;

	if (!with->regs_size)
		return stop(walk, "the layout of struct pt_regs is not known (no BTF)");
	if (!whole)
		regs -= with->regs_ip.offset;
	if (!stacks_find(&walk->stacks, regs + with->regs_cs.offset) &&
	    (regs < walk->here.begin || regs >= walk->here.end))
		return stop(walk, "registers should lie at 0x%llx, which is no stack", ull(regs));
	if (!layout_read(walk->inspect, regs, &with->regs_cs, &cs) ||
	    !layout_read(walk->inspect, regs, &with->regs_ip, ip) ||
	    !layout_read(walk->inspect, regs, &with->regs_sp, sp))
		return stop(walk, "the registers at 0x%llx are not readable", ull(regs));
	if (cs & 3) {
		walk->end = BACKTRACE_USER;
		return false;
	}
	walk->regs = whole ? regs : 0;
	return true;
}

static bool leave_frame(struct walk *walk, const struct orc_entry *entry, enum frame_kind kind)
{
	uint64_t end, ip, sp, bp = walk->bp, ignored;
	bool is_call = entry->type == ORC_CALL;

	if (!frame_end(walk, entry, &end))
		return false;
	switch (entry->bp_register) {
	case ORC_REG_PREV_SP:
		if (!read_word(walk, end + (uint64_t)(int64_t)entry->bp_offset, &bp))
			bp = 0;
		break;
	case ORC_REG_BP:
		if (!read_word(walk, walk->bp + (uint64_t)(int64_t)entry->bp_offset, &bp))
			bp = 0;
		break;
	default:
		break;
	}
	if (is_call) {
		sp = end;
		if (!read_word(walk, end - 8, &ip))
			return stop(walk,
				    "the return address at 0x%llx is not readable, or on no "
				    "stack",
				    ull(end - 8));
		walk->regs = 0;
	} else {
		if (!leave_by_regs(walk, end, entry->type == ORC_REGS, &ip, &sp))
			return false;
		if (walk->regs && entry->bp_register == ORC_REG_UNDEFINED &&
		    layout_read(walk->inspect, walk->regs, &walk->with->regs_bp, &ignored))
			bp = ignored;
	}
	walk->live = NULL;
	if (!move_to(walk, sp))
		return false;
	walk->ip = ip;
	walk->bp = bp;
	walk->signal = entry->signal;
	if (!is_text(walk->with, walk->signal ? ip : ip - 1) && is_call)
		return stop(walk, "0x%llx is returned to, and is no code", ull(ip));
	return add_frame(walk, ip, walk->signal ? FRAME_REGISTERS : kind);
}

/* Code that is called through a null pointer, or by another wild jump: all that is known is that a
 * return address is on top. */
static const struct orc_entry wild_entry = { .sp_register = ORC_REG_SP,
					     .sp_offset = 8,
					     .type = ORC_CALL };
/* push %rbp; mov %rsp, %rbp */
static const struct orc_entry pointer_entry = { .sp_register = ORC_REG_BP,
						.sp_offset = 16,
						.bp_register = ORC_REG_PREV_SP,
						.bp_offset = -16,
						.type = ORC_CALL };

/* One frame on; false: the end, see walk->end. */
static bool step(struct walk *walk)
{
	const struct unwinder *with = walk->with;
	uint64_t address = walk->signal ? walk->ip : walk->ip - 1;
	const struct code_range *range = module_symbols_find(with->modules, address);
	struct orc_entry entry;

	if (!range && !is_kernel_text(with, address)) {
		if (!walk->signal)
			return stop(walk, "0x%llx is no code", ull(walk->ip));
		return leave_frame(walk, &wild_entry, FRAME_SCAN);
	}
	if (range && !range->orc.nr)
		return leave_frame(walk, &pointer_entry, FRAME_POINTER);
	if (*with->orc_why)
		return stop(walk, "%s", with->orc_why);
	if (!orc_find(walk->inspect, &with->orc, range ? &range->orc : &with->orc.kernel, address,
		      &entry))
		return stop(walk, "ORC's tables say nothing readable of 0x%llx", ull(walk->ip));
	if (entry.type == ORC_UNDEFINED)
		return stop(walk, "ORC says nothing of 0x%llx", ull(walk->ip));
	if (entry.type == ORC_END) {
		walk->end = BACKTRACE_START;
		return false;
	}
	return leave_frame(walk, &entry, FRAME_ORC);
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

/* The rest of this stack, word by word. */
static void scan(struct walk *walk)
{
	enum backtrace_end end = walk->end;
	uint64_t value;

	for (uint64_t at = (walk->sp + 7) & ~7ull; at >= walk->sp && at < walk->here.end; at += 8) {
		if (!inspect_read_u64(walk->inspect, at, &value))
			return;
		if (is_text(walk->with, value - 1) && follows_call(walk->inspect, value) &&
		    !add_frame(walk, value, FRAME_SCAN))
			break;
	}
	walk->end = end;
}

static int run(struct walk *walk, struct backtrace *trace, struct error *err)
{
	while (step(walk))
		if (inspect_out_of_time(walk->inspect)) {
			stop(walk, "the time to read this guest is over");
			break;
		}
	if (walk->end == BACKTRACE_STOPPED)
		scan(walk);
	trace->end = walk->end;
	if (!walk->nr)
		return 0;
	trace->frames = malloc(walk->nr * sizeof(*trace->frames));
	if (!trace->frames)
		return error_set(err, -ENOMEM, "backtrace: out of memory");
	memcpy(trace->frames, walk->frames, walk->nr * sizeof(*trace->frames));
	trace->nr = walk->nr;
	return 0;
}

static struct walk begin(const struct unwinder *with, uint64_t task, struct backtrace *trace)
{
	struct walk walk = { .with = with, .inspect = with->inspect, .why = trace->why };

	stacks_of_task(with->inspect, &with->stacks, task, &walk.stacks);
	return walk;
}

int backtrace_of_cpu(const struct unwinder *unwinder, const struct inspect_regs *regs,
		     unsigned int cpu, uint64_t task, struct backtrace *trace, struct error *err)
{
	struct walk walk;

	*trace = (struct backtrace){ .end = BACKTRACE_USER };
	if (!(regs->cr0 & CR0_PG)) {
		trace->end = BACKTRACE_NONE;
		snprintf(trace->why, sizeof(trace->why),
			 "the vCPU has not come as far as the kernel: its paging is off");
		return 0;
	}
	if (regs->cs & 3)
		return 0;
	walk = begin(unwinder, task, trace);
	stacks_add_cpu(unwinder->inspect, &unwinder->stacks, cpu, &walk.stacks);
	walk.ip = regs->rip;
	walk.bp = regs->gpr[INSPECT_RBP];
	walk.live = regs;
	walk.signal = true;
	move_to(&walk, regs->gpr[INSPECT_RSP]);
	add_frame(&walk, walk.ip, FRAME_REGISTERS);
	return run(&walk, trace, err);
}

int backtrace_of_task(const struct unwinder *unwinder, uint64_t task, struct backtrace *trace,
		      struct error *err)
{
	struct inspect *inspect = unwinder->inspect;
	struct walk walk;
	uint64_t sp;

	*trace = (struct backtrace){ .end = BACKTRACE_NONE };
	walk = begin(unwinder, task, trace);
	if (!unwinder->sleep_size) {
		snprintf(trace->why, sizeof(trace->why),
			 "where a sleeping task keeps its registers is not known (no BTF, or one "
			 "without inactive_task_frame)");
		return 0;
	}
	if (!layout_read_or(inspect, task, &unwinder->stacks.task_stack, 1)) {
		snprintf(trace->why, sizeof(trace->why),
			 "the task has ended: its stack was given back");
		return 0;
	}
	if (!layout_read(inspect, task, &unwinder->task_sp, &sp) ||
	    !layout_read(inspect, sp, &unwinder->sleep_ip, &walk.ip) ||
	    !layout_read(inspect, sp, &unwinder->sleep_bp, &walk.bp)) {
		snprintf(trace->why, sizeof(trace->why),
			 "the stack of the task at 0x%llx is not readable", ull(task));
		return 0;
	}
	if (walk.stacks.of[STACK_TASK].end && stacks_find(&walk.stacks, sp) != STACK_TASK) {
		snprintf(trace->why, sizeof(trace->why),
			 "the task's stack pointer 0x%llx is not on its stack", ull(sp));
		return 0;
	}
	move_to(&walk, sp + unwinder->sleep_size);
	add_frame(&walk, walk.ip, FRAME_ORC);
	return run(&walk, trace, err);
}

void backtrace_free(struct backtrace *trace)
{
	free(trace->frames);
	*trace = (struct backtrace){ 0 };
}

#define WANT(type, path, field)                                                                    \
	{                                                                                          \
		type, path, offsetof(struct unwinder, field), true                                 \
	}

static const struct layout_want wants[] = {
	WANT("pt_regs", "ip", regs_ip),
	WANT("pt_regs", "sp", regs_sp),
	WANT("pt_regs", "bp", regs_bp),
	WANT("pt_regs", "cs", regs_cs),
	WANT("pt_regs", "ax", regs_ax),
	WANT("pt_regs", "dx", regs_dx),
	WANT("pt_regs", "di", regs_di),
	WANT("pt_regs", "r10", regs_r10),
	WANT("pt_regs", "r13", regs_r13),
	WANT("task_struct", "thread.sp", task_sp),
	WANT("inactive_task_frame", "bp", sleep_bp),
	WANT("inactive_task_frame", "ret_addr", sleep_ip),
};

void unwinder_open(struct inspect *inspect, const struct btf *btf,
		   const struct module_symbols *modules, struct unwinder *unwinder)
{
	static const char *const ends[2][2] = { { "_stext", "_etext" },
						{ "_sinittext", "_einittext" } };
	struct error err = { "" };

	*unwinder = (struct unwinder){ .inspect = inspect, .modules = modules };
	for (unsigned int i = 0; i < 2; i++)
		if (!inspect_symbol(inspect, ends[i][0], &unwinder->text[i][0]) ||
		    !inspect_symbol(inspect, ends[i][1], &unwinder->text[i][1]))
			unwinder->text[i][0] = unwinder->text[i][1] = 0;
	stacks_layout_open(inspect, btf, &unwinder->stacks);
	if (orc_open(inspect, btf, &unwinder->orc, &err))
		snprintf(unwinder->orc_why, sizeof(unwinder->orc_why), "%.*s",
			 (int)sizeof(unwinder->orc_why) - 1, err.text);
	if (!btf)
		return;
	layout_resolve(btf, wants, sizeof(wants) / sizeof(*wants), unwinder, NULL);
	if (unwinder->regs_ip.found && unwinder->regs_sp.found && unwinder->regs_cs.found)
		unwinder->regs_size = btf_size(btf, "pt_regs");
	if (unwinder->task_sp.found && unwinder->sleep_bp.found && unwinder->sleep_ip.found)
		unwinder->sleep_size = btf_size(btf, "inactive_task_frame");
}
