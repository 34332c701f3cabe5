/* How is one frame left for the one that called it? See unwind_walk.h. */
#include "inspect/unwind_walk.h"

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
		ok = walk_read_word(walk, walk->sp, end);
		break;
	case ORC_REG_BP_INDIRECT:
		ok = walk_read_word(walk, walk->bp + offset, end);
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
		return walk_stop(walk,
				 "where the frame of 0x%llx ends is not known: ORC names a "
				 "register that is not",
				 walk_ull(walk->ip));
	*end += offset;
	return true;
}

/* What it pushed for an interrupt: of a whole pt_regs, or from its ip on only. */
static bool leave_by_regs(struct walk *walk, uint64_t regs, bool whole, uint64_t *ip, uint64_t *sp)
{
	const struct unwinder *with = walk->with;
	uint64_t cs;

	if (!with->regs_size)
		return walk_stop(walk, "the layout of struct pt_regs is not known (no BTF)");
	if (!whole)
		regs -= with->regs_ip.offset;
	if (!stacks_find(&walk->stacks, regs + with->regs_cs.offset) &&
	    (regs < walk->here.begin || regs >= walk->here.end))
		return walk_stop(walk, "registers should lie at 0x%llx, which is no stack",
				 walk_ull(regs));
	if (!layout_read(walk->inspect, regs, &with->regs_cs, &cs) ||
	    !layout_read(walk->inspect, regs, &with->regs_ip, ip) ||
	    !layout_read(walk->inspect, regs, &with->regs_sp, sp))
		return walk_stop(walk, "the registers at 0x%llx are not readable", walk_ull(regs));
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
		if (!walk_read_word(walk, end + (uint64_t)(int64_t)entry->bp_offset, &bp))
			bp = 0;
		break;
	case ORC_REG_BP:
		if (!walk_read_word(walk, walk->bp + (uint64_t)(int64_t)entry->bp_offset, &bp))
			bp = 0;
		break;
	default:
		break;
	}
	if (is_call) {
		sp = end;
		if (!walk_read_word(walk, end - 8, &ip))
			return walk_stop(walk,
					 "the return address at 0x%llx is not readable, or on no "
					 "stack",
					 walk_ull(end - 8));
		walk->regs = 0;
	} else {
		if (!leave_by_regs(walk, end, entry->type == ORC_REGS, &ip, &sp))
			return false;
		if (walk->regs && entry->bp_register == ORC_REG_UNDEFINED &&
		    layout_read(walk->inspect, walk->regs, &walk->with->regs_bp, &ignored))
			bp = ignored;
	}
	walk->live = NULL;
	if (!walk_move_to(walk, sp))
		return false;
	walk->ip = ip;
	walk->bp = bp;
	walk->signal = entry->signal;
	if (!walk_is_text(walk->with, walk->signal ? ip : ip - 1) && is_call)
		return walk_stop(walk, "0x%llx is returned to, and is no code", walk_ull(ip));
	/* What hangs on a guess is one. */
	walk->guessed |= kind == FRAME_SCAN;
	if (walk->guessed)
		kind = FRAME_SCAN;
	else if (walk->signal)
		kind = FRAME_REGISTERS;
	return walk_add_frame(walk, ip, kind);
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

bool walk_step(struct walk *walk)
{
	const struct unwinder *with = walk->with;
	uint64_t address = walk->signal ? walk->ip : walk->ip - 1;
	const struct code_range *range = module_symbols_find(with->modules, address);
	struct orc_entry entry;

	if (!range && !walk_is_kernel_text(with, address)) {
		if (!walk->signal)
			return walk_stop(walk, "0x%llx is no code", walk_ull(walk->ip));
		return leave_frame(walk, &wild_entry, FRAME_SCAN);
	}
	/* Programs have frame pointers; modules have none, where the kernel has ORC. */
	if (range && !range->orc.nr && range->kind != CODE_BPF)
		return walk_stop(walk, "the module that 0x%llx is in has no readable ORC tables",
				 walk_ull(walk->ip));
	if (range && !range->orc.nr)
		return leave_frame(walk, &pointer_entry, FRAME_POINTER);
	if (*with->orc_why)
		return walk_stop(walk, "%s", with->orc_why);
	if (!orc_find(walk->inspect, &with->orc, range ? &range->orc : &with->orc.kernel, address,
		      &entry))
		return walk_stop(walk, "ORC's tables say nothing readable of 0x%llx",
				 walk_ull(walk->ip));
	if (entry.type == ORC_UNDEFINED)
		return walk_stop(walk, "ORC says nothing of 0x%llx", walk_ull(walk->ip));
	if (entry.type == ORC_END) {
		walk->end = BACKTRACE_START;
		return false;
	}
	return leave_frame(walk, &entry, FRAME_ORC);
}
