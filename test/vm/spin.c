/*
 * How does a stock kernel come to spin, without a module? A payload for the tests: a BPF program of
 * nested bpf_loop calls, longer than any test, run by BPF_PROG_TEST_RUN. Arguments: "on" CPU:
 * there, with interrupts on and preemption off, so that no other task runs there; "off" CPU: there,
 * from an interrupt, and so with interrupts off. Does not come back.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOOPS (1 << 23) /* the most that one call takes (BPF_MAX_LOOPS) */

#define INSN(op, d, s, o, i)                                                                       \
	{                                                                                          \
		.code = (op), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)               \
	}
#define MOV(reg, value) INSN(BPF_ALU64 | BPF_MOV | BPF_K, reg, 0, 0, value)
/* The function that begins @to instructions behind the next one. */
#define FUNCTION(reg, to)                                                                          \
	INSN(BPF_LD | BPF_DW | BPF_IMM, reg, BPF_PSEUDO_FUNC, 0, to), INSN(0, 0, 0, 0, 0)
#define CALL(function) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, function)
#define RETURN	       MOV(BPF_REG_0, 0), INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
/* bpf_loop(LOOPS, the function behind this one, NULL, 0); 8 instructions with its return */
#define LOOP                                                                                       \
	MOV(BPF_REG_1, LOOPS), FUNCTION(BPF_REG_2, 6), MOV(BPF_REG_3, 0), MOV(BPF_REG_4, 0),       \
		CALL(BPF_FUNC_loop), RETURN

static const struct bpf_insn program[] = { LOOP, LOOP, RETURN };

/* The verifier wants to know what is a function: types, by Documentation/bpf/btf.rst. */
#define KIND(kind, vlen) ((uint32_t)(kind) << 24 | (vlen))
enum { INT = 1, PTR = 2, FUNC = 12, FUNC_PROTO = 13 };
#define NAMES "\0int\0spin\0run_on_and_on\0run_on\0argument"
enum { NAME_INT = 1, NAME_SPIN = 5, NAME_OUTER = 10, NAME_INNER = 24, NAME_ARGUMENT = 31 };

static const struct {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t header, types_at, types_size, names_at, names_size;
	uint32_t types[28];
	char names[sizeof(NAMES)];
} btf = {
	.magic = 0xeb9f,
	.version = 1,
	.header = 24,
	.types_size = sizeof(btf.types),
	.names_at = sizeof(btf.types),
	.names_size = sizeof(NAMES),
	.types = {
		/* 1 */ NAME_INT,
		KIND(INT, 0),
		4,
		32,
		/* 2 */ 0,
		KIND(PTR, 0),
		0,
		/* 3 */ 0,
		KIND(FUNC_PROTO, 1),
		1,
		NAME_ARGUMENT,
		2,
		/* 4 */ 0,
		KIND(FUNC_PROTO, 2),
		1,
		NAME_ARGUMENT,
		1,
		NAME_ARGUMENT,
		2,
		/* 5 to 7 */ NAME_SPIN,
		KIND(FUNC, 0),
		3,
		NAME_OUTER,
		KIND(FUNC, 0),
		4,
		NAME_INNER,
		KIND(FUNC, 0),
		4,
	},
	.names = NAMES,
};

static const struct bpf_func_info functions[] = { { 0, 5 }, { 8, 6 }, { 16, 7 } };

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "spin: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int load(void)
{
	static char log[4096];
	union bpf_attr attr = { .btf = (uintptr_t)&btf,
				.btf_size = offsetof(typeof(btf), names) + sizeof(NAMES),
				.btf_log_buf = (uintptr_t)log,
				.btf_log_size = sizeof(log),
				.btf_log_level = 1 };
	int types = bpf(BPF_BTF_LOAD, &attr), fd;

	if (types < 0) {
		fputs(log, stderr);
		give_up("types");
	}
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	attr.insns = (uintptr_t)program;
	attr.insn_cnt = sizeof(program) / sizeof(program[0]);
	attr.license = (uintptr_t) "GPL";
	strcpy(attr.prog_name, "spin");
	attr.prog_btf_fd = (uint32_t)types;
	attr.func_info = (uintptr_t)functions;
	attr.func_info_cnt = sizeof(functions) / sizeof(functions[0]);
	attr.func_info_rec_size = sizeof(functions[0]);
	attr.log_buf = (uintptr_t)log;
	attr.log_size = sizeof(log);
	attr.log_level = 1;
	fd = bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0) {
		fputs(log, stderr);
		give_up("program");
	}
	return fd;
}

int main(int argc, char **argv)
{
	union bpf_attr attr = { .test.prog_fd = 0 };
	unsigned int cpu = argc == 3 ? (unsigned int)atoi(argv[2]) : 0;
	cpu_set_t here;

	if (argc != 3 || (strcmp(argv[1], "on") && strcmp(argv[1], "off"))) {
		fputs("usage: spin on|off CPU\n", stderr);
		return 2;
	}
	CPU_ZERO(&here);
	/* Asked for from another one, it comes by an interrupt. */
	CPU_SET(strcmp(argv[1], "on") ? !cpu : cpu, &here);
	if (sched_setaffinity(0, sizeof(here), &here))
		give_up("affinity");
	attr.test.prog_fd = (uint32_t)load();
	attr.test.flags = BPF_F_TEST_RUN_ON_CPU;
	attr.test.cpu = cpu;
	bpf(BPF_PROG_TEST_RUN, &attr);
	give_up("run");
}
