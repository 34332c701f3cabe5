/* Are stacks unwound as they were wound, is a guess marked as one, and does all of it end? */
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "btf_writer.h"
#include "inspect/names.h"
#include "inspect/unwind.h"
#include "inspect_fake.h"
#include "orc_sample.h"

#define TEXT	  0xffffffff81000000ull
#define MODULE	  0xffffffffc0000000ull
#define BPF	  0xffffffffc0400000ull
#define DATA	  0xffff888000000000ull /* where the structs below lie */
#define STACK	  0xffffc90000004000ull
#define IRQ_STACK 0xffffc90000100000ull
#define SIZE	  16384u
#define WORDS	  (SIZE / 8)

/* Where functions begin, by what ORC says of them. */
#define PLAIN	  (TEXT + 0x100) /* one word below the return address */
#define FRAMED	  (TEXT + 0x200) /* by bp */
#define ENTRY	  (TEXT + 0x300) /* a whole pt_regs */
#define IRET	  (TEXT + 0x400) /* only what the CPU pushes */
#define ON_IRQ	  (TEXT + 0x500) /* the way back lies on top */
#define THREAD	  (TEXT + 0x600) /* a thread's start */
#define UNDEFINED (TEXT + 0x700)
#define BY_R10	  (TEXT + 0x800)
#define TEXT_END  (TEXT + 0x900)

struct g_regs {
	uint64_t r10, r13, di, dx, ax, bp, ip;
	uint16_t cs, pad[3];
	uint64_t flags, sp, ss;
};

struct g_task {
	uint64_t before, stack, thread_sp;
};

struct g_module {
	uint64_t next, prev;
	char name[56];
	struct {
		uint64_t base;
		uint32_t size, pad;
	} mem[2];
	uint64_t kallsyms;
	uint32_t nr_orcs, pad;
	uint64_t orc_ips, orcs;
	/* its own kallsyms */
	uint64_t symtab;
	uint32_t num_symtab, pad2;
	uint64_t strtab;
	Elf64_Sym symbols[3];
	char strings[32];
};

struct g_bpf {
	uint64_t start, end;
	char name[512];
	uint64_t next, prev;
};

struct guest {
	struct inspect fake;
	struct orc_sample orc;
	uint8_t code[0x900];
	uint64_t stack[WORDS], irq_stack[WORDS];
	struct {
		struct g_task task;
		struct g_module module;
		struct g_bpf bpf;
		uint64_t modules[2], programs[2], irq_stack_ptr, exception_stacks;
		int32_t module_ip;
		uint8_t module_orc[6];
	} data;
	struct btf *btf;
	struct module_symbols *modules;
	struct unwinder unwinder;
	struct inspect_regs regs;
	struct backtrace trace;
};

#define AT(member) (DATA + offsetof(struct guest, data.member) - offsetof(struct guest, data))
#define M(type, s, m)                                                                              \
	{                                                                                          \
#m, type, offsetof(struct s, m), 0, 0                                              \
	}
#define STRUCT(w, name, s, ...)                                                                    \
	w_struct(w, W_STRUCT, name, sizeof(struct s),                                              \
		 (struct btf_writer_member[]){ __VA_ARGS__, { 0 } })

static struct btf *types(void)
{
	static struct btf_writer w;
	uint32_t u8, u16, u32, u64, name, list, thread, memory, memories, arch, stack, program_name;
	struct btf *btf;
	uint8_t *bytes;
	size_t size;

	memset(&w, 0, sizeof(w));
	u8 = w_int(&w, 1);
	u16 = w_int(&w, 2);
	u32 = w_int(&w, 4);
	u64 = w_int(&w, 8);
	name = w_array(&w, u8, 56);
	program_name = w_array(&w, u8, 512);
	stack = w_array(&w, u8, SIZE);
	list = w_struct(&w, W_STRUCT, "list_head", 16,
			(struct btf_writer_member[]){ { "next", u64, 0, 0, 0 }, { 0 } });
	thread = w_struct(&w, W_STRUCT, "thread_struct", 8,
			  (struct btf_writer_member[]){ { "sp", u64, 0, 0, 0 }, { 0 } });
	memory = w_struct(&w, W_STRUCT, "module_memory", 16,
			  (struct btf_writer_member[]){
				  { "base", u64, 0, 0, 0 }, { "size", u32, 8, 0, 0 }, { 0 } });
	memories = w_array(&w, memory, 2);
	arch = w_struct(&w, W_STRUCT, "mod_arch_specific", 24,
			(struct btf_writer_member[]){ { "num_orcs", u32, 0, 0, 0 },
						      { "orc_unwind_ip", u64, 8, 0, 0 },
						      { "orc_unwind", u64, 16, 0, 0 },
						      { 0 } });
	STRUCT(&w, "pt_regs", g_regs, M(u64, g_regs, r10), M(u64, g_regs, r13), M(u64, g_regs, di),
	       M(u64, g_regs, dx), M(u64, g_regs, ax), M(u64, g_regs, bp), M(u64, g_regs, ip),
	       M(u16, g_regs, cs), M(u64, g_regs, sp));
	STRUCT(&w, "task_struct", g_task, M(u64, g_task, stack),
	       { "thread", thread, offsetof(struct g_task, thread_sp), 0, 0 });
	w_struct(&w, W_STRUCT, "inactive_task_frame", 24,
		 (struct btf_writer_member[]){
			 { "bp", u64, 8, 0, 0 }, { "ret_addr", u64, 16, 0, 0 }, { 0 } });
	w_struct(&w, W_STRUCT, "irq_stack", SIZE,
		 (struct btf_writer_member[]){ { "stack", stack, 0, 0, 0 }, { 0 } });
	STRUCT(&w, "module", g_module, { "list", list, 0, 0, 0 }, M(name, g_module, name),
	       M(memories, g_module, mem), M(u64, g_module, kallsyms),
	       { "arch", arch, offsetof(struct g_module, nr_orcs), 0, 0 });
	w_struct(&w, W_STRUCT, "mod_kallsyms", 24,
		 (struct btf_writer_member[]){ { "symtab", u64, 0, 0, 0 },
					       { "num_symtab", u32, 8, 0, 0 },
					       { "strtab", u64, 16, 0, 0 },
					       { 0 } });
	STRUCT(&w, "bpf_ksym", g_bpf, M(u64, g_bpf, start), M(u64, g_bpf, end),
	       M(program_name, g_bpf, name), { "lnode", list, offsetof(struct g_bpf, next), 0, 0 });
	w_type(&w, W_ENUM, "mod_mem_type", 2, 4);
	w_u32(&w, w_string(&w, "MOD_TEXT"));
	w_u32(&w, 1);
	w_u32(&w, w_string(&w, "MOD_INIT_TEXT"));
	w_u32(&w, 0);
	w_struct(&w, W_STRUCT, "cea_exception_stacks", 4 * SIZE,
		 (struct btf_writer_member[]){ { "DF_stack", stack, 0, 0, 0 },
					       { "NMI_stack", stack, SIZE, 0, 0 },
					       { 0 } });
	bytes = w_end(&w, &size);
	assert_int_equal(btf_parse(bytes, size, &btf, NULL), 0);
	return btf;
}

static void map_module(struct guest *guest)
{
	struct g_module *module = &guest->data.module;
	uint16_t bits = 5 | 2 << 8; /* sp, a call */

	guest->data.modules[0] = AT(module);
	module->next = AT(modules);
	strcpy(module->name, "faulty");
	module->mem[0].base = 1;
	module->mem[1].base = MODULE;
	module->mem[1].size = 0x1000;
	module->kallsyms = AT(module.symtab);
	module->nr_orcs = 1;
	module->orc_ips = AT(module_ip);
	module->orcs = AT(module_orc);
	module->symtab = AT(module.symbols);
	module->strtab = AT(module.strings);
	module->num_symtab = 3;
	memcpy(module->strings, "\0outside\0mod_fn", 16);
	module->symbols[1] = (Elf64_Sym){ .st_name = 1, .st_shndx = 1, .st_value = MODULE - 16 };
	module->symbols[2] = (Elf64_Sym){ .st_name = 9, .st_shndx = 1, .st_value = MODULE + 0x20 };
	/* Within reach of an s32 it is not, as little as the rest of this guest's data. */
	guest->data.module_ip = 0x10;
	guest->data.module_orc[0] = 8;
	memcpy(guest->data.module_orc + 4, &bits, 2);
	guest->data.programs[0] = AT(bpf.next);
	guest->data.bpf = (struct g_bpf){ .start = BPF, .end = BPF + 0x100, .next = AT(programs) };
	strcpy(guest->data.bpf.name, "bpf_prog_spin");
}

static void add_code(struct guest *guest)
{
	struct orc_sample *orc = &guest->orc;

	orc_add(orc, 3, (struct orc_row){ TEXT, 8, 0, 5, 0, 2, 0 });
	orc_add(orc, 3, (struct orc_row){ PLAIN, 16, 0, 5, 0, 2, 0 });
	orc_add(orc, 3, (struct orc_row){ FRAMED, 16, -16, 4, 1, 2, 0 });
	orc_add(orc, 3, (struct orc_row){ ENTRY, 0, 0, 5, 0, 3, 1 });
	orc_add(orc, 3, (struct orc_row){ IRET, 0, 0, 5, 0, 4, 1 });
	orc_add(orc, 3, (struct orc_row){ ON_IRQ, 8, 0, 9, 0, 2, 0 });
	orc_add(orc, 3, (struct orc_row){ THREAD, 0, 0, 0, 0, 1, 0 });
	orc_add(orc, 3, (struct orc_row){ UNDEFINED, 0, 0, 0, 0, 0, 0 });
	orc_add(orc, 3, (struct orc_row){ BY_R10, 0, 0, 6, 0, 2, 0 });
	/* A call in the middle of each. */
	for (size_t i = 0x40; i < sizeof(guest->code); i += 0x100)
		guest->code[i - 5] = 0xe8;
	fake_symbol(&guest->fake, "plain", PLAIN);
	fake_symbol(&guest->fake, "framed", FRAMED);
	fake_symbol(&guest->fake, "entry", ENTRY);
	fake_symbol(&guest->fake, "iret", IRET);
	fake_symbol(&guest->fake, "on_irq", ON_IRQ);
	fake_symbol(&guest->fake, "thread", THREAD);
	fake_symbol(&guest->fake, "undefined", UNDEFINED);
	fake_symbol(&guest->fake, "by_r10", BY_R10);
	fake_symbol(&guest->fake, "_stext", TEXT);
	fake_symbol(&guest->fake, "_etext", TEXT_END);
}

static struct guest *guest_new(const uint8_t *hash)
{
	struct guest *guest = calloc(1, sizeof(*guest));
	struct inspect *fake = &guest->fake;

	assert_non_null(guest);
	add_code(guest);
	orc_map(fake, &guest->orc, hash);
	fake_map(fake, TEXT, guest->code, sizeof(guest->code));
	fake_map(fake, STACK, guest->stack, SIZE);
	fake_map(fake, IRQ_STACK, guest->irq_stack, SIZE);
	fake_map(fake, DATA, &guest->data, sizeof(guest->data));
	fake_symbol(fake, "init_stack", 0xffffffff82000000);
	fake_symbol(fake, "__end_init_stack", 0xffffffff82000000 + SIZE);
	fake_symbol(fake, "modules", AT(modules));
	fake_symbol(fake, "bpf_kallsyms", AT(programs));
	fake_symbol(fake, "hardirq_stack_ptr", AT(irq_stack_ptr) - 0x1000);
	fake_symbol(fake, "cea_exception_stacks", AT(exception_stacks) - 0x1000);
	fake->nr_cpus = 1;
	fake->per_cpu[0] = 0x1000;
	guest->data.irq_stack_ptr = IRQ_STACK + SIZE - 8;
	guest->data.task.stack = STACK;
	map_module(guest);
	guest->btf = types();
	assert_int_equal(module_symbols_open(fake, guest->btf, &guest->modules, NULL), 0);
	assert_string_equal(module_symbols_why(guest->modules, CODE_MODULE), "");
	assert_string_equal(module_symbols_why(guest->modules, CODE_BPF), "");
	unwinder_open(fake, guest->btf, guest->modules, &guest->unwinder);
	guest->regs.cs = 0x10;
	guest->regs.cr0 = 0x80000001;
	return guest;
}

static void guest_free(struct guest *guest)
{
	backtrace_free(&guest->trace);
	module_symbols_close(guest->modules);
	btf_close(guest->btf);
	free(guest);
}

/* The stack's word at @at. */
static uint64_t *word(struct guest *guest, uint64_t at)
{
	return at >= IRQ_STACK ? &guest->irq_stack[(at - IRQ_STACK) / 8]
			       : &guest->stack[(at - STACK) / 8];
}

static void put_regs(struct guest *guest, uint64_t at, uint64_t ip, uint64_t sp, uint16_t cs)
{
	struct g_regs regs = { .ip = ip, .sp = sp, .cs = cs };

	memcpy(word(guest, at), &regs, sizeof(regs));
}

static void run_cpu(struct guest *guest, uint64_t ip, uint64_t sp)
{
	guest->regs.rip = ip;
	guest->regs.gpr[INSPECT_RSP] = sp;
	backtrace_free(&guest->trace);
	assert_int_equal(
		backtrace_of_cpu(&guest->unwinder, &guest->regs, 0, AT(task), &guest->trace, NULL),
		0);
}

static void check(const struct guest *guest, unsigned int i, const char *symbol, uint64_t offset,
		  enum frame_kind kind, enum stack_kind stack)
{
	const struct backtrace_frame *frame = &guest->trace.frames[i];

	assert_true(i < guest->trace.nr);
	assert_string_equal(frame->symbol, symbol);
	assert_int_equal(frame->offset, offset);
	assert_int_equal(frame->kind, kind);
	assert_int_equal(frame->stack, stack);
}

/* An interrupt on its own stack, in the middle of a system call. */
static void through_an_interrupt(void **state)
{
	struct guest *guest = guest_new(orc_hash_6_12);
	uint64_t irq = IRQ_STACK + SIZE - 24, task = STACK + 0x3000, regs = STACK + 0x3100;

	(void)state;
	*word(guest, irq + 8) = ON_IRQ + 0x40; /* PLAIN's way back */
	*word(guest, irq + 16) = task - 8;     /* ON_IRQ's: the stack that it came from */
	*word(guest, task - 8) = ENTRY + 0x40;
	put_regs(guest, task, FRAMED + 0x10, task + 0x80, 0x10);
	((struct g_regs *)word(guest, task))->bp = task + 0x90;
	*word(guest, task + 0x90) = 0x1234;
	*word(guest, task + 0x98) = ENTRY + 0x40;
	assert_true(task + 0xa0 < regs);
	put_regs(guest, task + 0xa0, 0x401000, 0x7ffc0000, 0x33);
	run_cpu(guest, PLAIN + 4, irq);
	assert_int_equal(guest->trace.end, BACKTRACE_USER);
	assert_string_equal(guest->trace.why, "");
	assert_int_equal(guest->trace.nr, 5);
	check(guest, 0, "plain", 4, FRAME_REGISTERS, STACK_IRQ);
	check(guest, 1, "on_irq", 0x40, FRAME_ORC, STACK_IRQ);
	check(guest, 2, "entry", 0x40, FRAME_ORC, STACK_TASK);
	check(guest, 3, "framed", 0x10, FRAME_REGISTERS, STACK_TASK);
	check(guest, 4, "entry", 0x40, FRAME_ORC, STACK_TASK);
	assert_int_equal(guest->trace.frames[0].size, 0x100);
	guest_free(guest);
}

/* An NMI in the middle of an interrupt: its stack is its own, and where it was is on another. */
static void through_an_nmi(void **state)
{
	struct guest *guest = guest_new(orc_hash_6_12);
	uint64_t nmi = IRQ_STACK + 0x1000, task = STACK + 0x2000;

	(void)state;
	/* The middle of that memory is the NMI's stack, and no interrupt's. */
	guest->data.irq_stack_ptr = 0;
	guest->data.exception_stacks = IRQ_STACK - SIZE;
	*word(guest, nmi + 8) = ENTRY + 0x40;
	put_regs(guest, nmi + 16, PLAIN + 8, task, 0x10);
	*word(guest, task + 8) = THREAD + 0x40;
	run_cpu(guest, PLAIN + 4, nmi);
	assert_int_equal(guest->trace.end, BACKTRACE_START);
	assert_int_equal(guest->trace.nr, 4);
	check(guest, 0, "plain", 4, FRAME_REGISTERS, STACK_NMI);
	check(guest, 1, "entry", 0x40, FRAME_ORC, STACK_NMI);
	check(guest, 2, "plain", 8, FRAME_REGISTERS, STACK_TASK);
	check(guest, 3, "thread", 0x40, FRAME_ORC, STACK_TASK);
	assert_string_equal(stack_name(guest->trace.frames[0].stack), "NMI");
	guest_free(guest);
}

/* Only what the CPU pushes, and a register that no longer is known behind it. */
static void through_an_iret_frame(void **state)
{
	struct guest *guest = guest_new(orc_hash_6_12);
	uint64_t sp = STACK + 0x1000;

	(void)state;
	*word(guest, sp) = PLAIN + 0x10;
	*word(guest, sp + 8) = 0x10;
	*word(guest, sp + 24) = sp + 0x100;
	*word(guest, sp + 0x108) = BY_R10 + 0x40;
	guest->regs.gpr[INSPECT_R10] = STACK;
	run_cpu(guest, IRET + 8, sp);
	assert_int_equal(guest->trace.end, BACKTRACE_STOPPED);
	assert_non_null(strstr(guest->trace.why, "register"));
	check(guest, 1, "plain", 0x10, FRAME_REGISTERS, STACK_TASK);
	check(guest, 2, "by_r10", 0x40, FRAME_ORC, STACK_TASK);
	assert_int_equal(guest->trace.nr, 3);
	/* The vCPU's own is known. */
	guest->regs.gpr[INSPECT_R10] = sp + 0x200;
	*word(guest, sp + 0x1f8) = THREAD + 0x40;
	run_cpu(guest, BY_R10 + 8, sp + 0x180);
	assert_int_equal(guest->trace.end, BACKTRACE_START);
	assert_int_equal(guest->trace.nr, 2);
	guest_free(guest);
}

/* A call that is the last of its function returns to where the next one begins, which is another
 * frame's. */
static void call_that_does_not_return(void **state)
{
	struct guest *guest = guest_new(orc_hash_6_12);
	uint64_t sp = STACK + 0x1000;

	(void)state;
	*word(guest, sp + 8) = FRAMED;
	*word(guest, sp + 24) = THREAD + 0x40;
	run_cpu(guest, PLAIN + 4, sp);
	assert_int_equal(guest->trace.end, BACKTRACE_START);
	assert_int_equal(guest->trace.nr, 3);
	check(guest, 1, "plain", 0x100, FRAME_ORC, STACK_TASK);
	/* What was interrupted at its first instruction is that function. */
	run_cpu(guest, FRAMED, sp);
	check(guest, 0, "framed", 0, FRAME_REGISTERS, STACK_TASK);
	guest_free(guest);
}

static void sleeping_task(void **state)
{
	struct guest *guest = guest_new(orc_hash_6_12);
	uint64_t sp = STACK + 0x2000;

	(void)state;
	guest->data.task.thread_sp = sp;
	*word(guest, sp + 8) = sp + 24 + 0x20; /* bp */
	*word(guest, sp + 16) = FRAMED + 0x40;
	*word(guest, sp + 24 + 0x28) = THREAD + 0x40;
	assert_int_equal(backtrace_of_task(&guest->unwinder, AT(task), &guest->trace, NULL), 0);
	assert_int_equal(guest->trace.end, BACKTRACE_START);
	assert_int_equal(guest->trace.nr, 2);
	check(guest, 0, "framed", 0x40, FRAME_ORC, STACK_TASK);
	check(guest, 1, "thread", 0x40, FRAME_ORC, STACK_TASK);
	backtrace_free(&guest->trace);
	/* A stack pointer that is on no stack of its. */
	guest->data.task.thread_sp = IRQ_STACK;
	assert_int_equal(backtrace_of_task(&guest->unwinder, AT(task), &guest->trace, NULL), 0);
	assert_int_equal(guest->trace.end, BACKTRACE_NONE);
	assert_non_null(strstr(guest->trace.why, "not on its stack"));
	guest->data.task.stack = 0;
	assert_int_equal(backtrace_of_task(&guest->unwinder, AT(task), &guest->trace, NULL), 0);
	assert_int_equal(guest->trace.end, BACKTRACE_NONE);
	assert_non_null(strstr(guest->trace.why, "has ended"));
	guest->data.task.stack = STACK;
	guest->data.task.thread_sp = 0;
	assert_int_equal(backtrace_of_task(&guest->unwinder, AT(task), &guest->trace, NULL), 0);
	assert_int_equal(guest->trace.end, BACKTRACE_NONE);
	assert_non_null(strstr(guest->trace.why, "not readable"));
	guest_free(guest);
}

/* A BPF program has no ORC, a module has its own; both have names. */
static void programs_and_modules(void **state)
{
	struct guest *guest = guest_new(orc_hash_6_12);
	uint64_t sp = STACK + 0x1000;
	char name[NAMES_SIZE];

	(void)state;
	/* The module's only row begins at its code, which is too far from our data for an s32. */
	fake_map(&guest->fake, MODULE + 0x800, &guest->data.module_ip, 4);
	guest->data.module_ip = -0x800;
	guest->data.module.orc_ips = MODULE + 0x800;
	module_symbols_close(guest->modules);
	assert_int_equal(module_symbols_open(&guest->fake, guest->btf, &guest->modules, NULL), 0);
	guest->unwinder.modules = guest->modules;
	guest->regs.gpr[INSPECT_RBP] = sp + 0x40;
	*word(guest, sp + 0x48) = MODULE + 0x30;
	*word(guest, sp + 0x50) = THREAD + 0x40;
	run_cpu(guest, BPF + 0x10, sp);
	assert_int_equal(guest->trace.end, BACKTRACE_START);
	assert_int_equal(guest->trace.nr, 3);
	check(guest, 0, "bpf_prog_spin", 0x10, FRAME_REGISTERS, STACK_TASK);
	check(guest, 1, "mod_fn", 0x10, FRAME_POINTER, STACK_TASK);
	check(guest, 2, "thread", 0x40, FRAME_ORC, STACK_TASK);
	assert_int_equal(guest->trace.frames[0].place, PLACE_BPF);
	assert_int_equal(guest->trace.frames[1].place, PLACE_MODULE);
	assert_string_equal(guest->trace.frames[1].module, "faulty");
	assert_int_equal(guest->trace.frames[1].size, 0x1000 - 0x20);
	assert_int_equal(guest->trace.frames[2].place, PLACE_KERNEL);
	assert_true(names_of(&guest->fake, guest->modules, MODULE + 0x20, name));
	assert_string_equal(name, "mod_fn+0x0/0xfe0 [faulty]");
	assert_true(names_of(&guest->fake, guest->modules, BPF + 0x10, name));
	assert_string_equal(name, "bpf_prog_spin+0x10/0x100");
	assert_true(names_of(&guest->fake, guest->modules, PLAIN + 0x10, name));
	assert_string_equal(name, "plain+0x10/0x100");
	assert_false(names_of(&guest->fake, guest->modules, MODULE + 0x10, name));
	assert_string_equal(name, "0xffffffffc0000010 [faulty]");
	assert_false(names_of(&guest->fake, NULL, 0x1000, name));
	assert_string_equal(name, "0x1000");
	/* While it is being loaded: code that is gone later. */
	assert_null(module_symbols_find(guest->modules, MODULE + 0x8010));
	guest->data.module.mem[0].base = MODULE + 0x8000;
	guest->data.module.mem[0].size = 0x40;
	guest->data.module.symbols[1].st_value = MODULE + 0x8004;
	module_symbols_close(guest->modules);
	assert_int_equal(module_symbols_open(&guest->fake, guest->btf, &guest->modules, NULL), 0);
	assert_true(names_of(&guest->fake, guest->modules, MODULE + 0x8010, name));
	assert_string_equal(name, "outside+0xc/0x3c [faulty]");
	assert_null(module_symbols_find(guest->modules, MODULE + 0x8040));
	assert_non_null(module_symbols_find(guest->modules, MODULE + 0x20));
	guest_free(guest);
}

static void scan_is_marked(void **state)
{
	struct guest *guest = guest_new(orc_hash_6_12);
	uint64_t sp = STACK + SIZE - 0x80;

	(void)state;
	*word(guest, sp + 8) = PLAIN + 0x40;	    /* behind a call */
	*word(guest, sp + 16) = PLAIN + 0x48;	    /* behind none */
	*word(guest, sp + 24) = 0xffff888000000040; /* no code */
	*word(guest, sp + 32) = FRAMED + 0x40;
	run_cpu(guest, UNDEFINED + 8, sp);
	assert_int_equal(guest->trace.end, BACKTRACE_STOPPED);
	assert_non_null(strstr(guest->trace.why, "ORC says nothing"));
	assert_int_equal(guest->trace.nr, 3);
	check(guest, 0, "undefined", 8, FRAME_REGISTERS, STACK_TASK);
	check(guest, 1, "plain", 0x40, FRAME_SCAN, STACK_TASK);
	check(guest, 2, "framed", 0x40, FRAME_SCAN, STACK_TASK);
	guest_free(guest);
}

static void unknown_format_scans(void **state)
{
	uint8_t hash[20] = { 1, 2, 3 };
	struct guest *guest = guest_new(hash);
	uint64_t sp = STACK + 0x1000;

	(void)state;
	*word(guest, sp + 8) = FRAMED + 0x40;
	run_cpu(guest, PLAIN + 8, sp);
	assert_int_equal(guest->trace.end, BACKTRACE_STOPPED);
	assert_non_null(strstr(guest->trace.why, "01020300"));
	assert_int_equal(guest->trace.nr, 2);
	check(guest, 1, "framed", 0x40, FRAME_SCAN, STACK_TASK);
	guest_free(guest);
}

/* A function pointer that is NULL: who called it is on top of the stack. */
static void wild_jump(void **state)
{
	struct guest *guest = guest_new(orc_hash_6_12);
	uint64_t sp = STACK + 0x1000;

	(void)state;
	*word(guest, sp) = PLAIN + 0x40;
	*word(guest, sp + 16) = THREAD + 0x40;
	run_cpu(guest, 0, sp);
	assert_int_equal(guest->trace.end, BACKTRACE_START);
	assert_int_equal(guest->trace.nr, 3);
	check(guest, 0, "", 0, FRAME_REGISTERS, STACK_TASK);
	check(guest, 1, "plain", 0x40, FRAME_SCAN, STACK_TASK);
	/* What hangs on a guess is one. */
	check(guest, 2, "thread", 0x40, FRAME_SCAN, STACK_TASK);
	guest_free(guest);
}

static void user_mode_has_no_frames(void **state)
{
	struct guest *guest = guest_new(orc_hash_6_12);

	(void)state;
	guest->regs.cs = 0x33;
	run_cpu(guest, PLAIN, STACK);
	assert_int_equal(guest->trace.end, BACKTRACE_USER);
	assert_int_equal(guest->trace.nr, 0);
	/* And a vCPU that is not started yet none of the kernel's. */
	guest->regs.cs = 0;
	guest->regs.cr0 = 0x60000010;
	run_cpu(guest, PLAIN, STACK);
	assert_int_equal(guest->trace.end, BACKTRACE_NONE);
	assert_non_null(strstr(guest->trace.why, "paging is off"));
	assert_int_equal(guest->trace.nr, 0);
	guest_free(guest);
}

static void all_of_it_ends(void **state)
{
	struct guest *guest = guest_new(orc_hash_6_12);
	uint64_t irq = IRQ_STACK + 0x100, sp = STACK + 0x1000;

	(void)state;
	/* More frames than there is room for. */
	for (uint64_t at = sp; at < STACK + SIZE; at += 16)
		*word(guest, at + 8) = PLAIN + 0x40;
	run_cpu(guest, PLAIN, sp);
	assert_int_equal(guest->trace.end, BACKTRACE_FULL);
	assert_int_equal(guest->trace.nr, BACKTRACE_MAX_FRAMES);
	/* Up to the very end of the stack. */
	run_cpu(guest, PLAIN, STACK + SIZE - 16);
	assert_int_equal(guest->trace.end, BACKTRACE_STOPPED);
	assert_int_equal(guest->trace.nr, 2);
	/* Two stacks that each lead to the other. */
	*word(guest, irq) = sp;
	*word(guest, sp) = ON_IRQ + 0x40;
	*word(guest, sp + 8) = irq - 8;
	*word(guest, irq - 8) = ON_IRQ + 0x40;
	run_cpu(guest, ON_IRQ, irq);
	assert_int_equal(guest->trace.end, BACKTRACE_STOPPED);
	assert_non_null(strstr(guest->trace.why, "leads back"));
	/* A return address that is no code. */
	*word(guest, sp + 8) = 0x1234;
	run_cpu(guest, PLAIN, sp);
	assert_int_equal(guest->trace.end, BACKTRACE_STOPPED);
	assert_non_null(strstr(guest->trace.why, "no code"));
	/* The time is over. */
	*word(guest, sp + 8) = PLAIN + 0x40;
	guest->fake.reads_left = guest->fake.reads + 40;
	run_cpu(guest, PLAIN, sp);
	assert_int_equal(guest->trace.end, BACKTRACE_STOPPED);
	assert_true(guest->trace.nr < BACKTRACE_MAX_FRAMES);
	guest_free(guest);
}

static void without_types(void **state)
{
	struct guest *guest = guest_new(orc_hash_6_12);
	uint64_t sp = STACK + 0x1000;

	(void)state;
	unwinder_open(&guest->fake, NULL, NULL, &guest->unwinder);
	*word(guest, sp + 8) = ENTRY + 0x40;
	put_regs(guest, sp + 16, 0x401000, 0x7ffc0000, 0x33);
	run_cpu(guest, PLAIN, sp);
	assert_int_equal(guest->trace.end, BACKTRACE_STOPPED);
	assert_non_null(strstr(guest->trace.why, "BTF"));
	assert_true(guest->trace.nr >= 2);
	check(guest, 1, "entry", 0x40, FRAME_ORC, STACK_UNKNOWN);
	backtrace_free(&guest->trace);
	assert_int_equal(backtrace_of_task(&guest->unwinder, AT(task), &guest->trace, NULL), 0);
	assert_int_equal(guest->trace.end, BACKTRACE_NONE);
	assert_non_null(strstr(guest->trace.why, "BTF"));
	guest_free(guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(through_an_interrupt),
		cmocka_unit_test(through_an_nmi),
		cmocka_unit_test(through_an_iret_frame),
		cmocka_unit_test(call_that_does_not_return),
		cmocka_unit_test(sleeping_task),
		cmocka_unit_test(programs_and_modules),
		cmocka_unit_test(scan_is_marked),
		cmocka_unit_test(unknown_format_scans),
		cmocka_unit_test(wild_jump),
		cmocka_unit_test(user_mode_has_no_frames),
		cmocka_unit_test(all_of_it_ends),
		cmocka_unit_test(without_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
