/*
 * A guest for tests, in memory: two CPUs, a few tasks, and types (BTF) that say where everything
 * is. Its structs are ours, so that nothing can be found but by those types.
 */
#ifndef KTSTR_TEST_MACHINE_SAMPLE_H
#define KTSTR_TEST_MACHINE_SAMPLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "btf_writer.h"
#include "inspect/tasks.h"
#include "inspect_fake.h"
#include "orc_sample.h"

#define SAMPLE_AT	0xffff888000000000ull
#define SAMPLE_BTF	0xffffffff82400001ull
#define SAMPLE_TEXT	0xffffffff81000000ull /* plain code, one word below each return address */
#define SAMPLE_START	(SAMPLE_TEXT + 0x100) /* a thread's start */
#define SAMPLE_TEXT_END (SAMPLE_TEXT + 0x200)
#define SAMPLE_PER_CPU	0x1000000ull
#define SAMPLE_TASKS	8u
#define SAMPLE_STACK	16384u

struct s_list {
	uint64_t next, prev;
};

struct s_task {
	uint32_t cpu, state, exit_state, policy;
	int32_t prio, pid, tgid;
	uint32_t rt_priority;
	uint64_t sp, stack, mm, signal, class, dsq, last_queued, exec_start, cfs_rq, parent, weight;
	char comm[16];
	struct s_list tasks, thread, fair, rt;
	uint64_t rt_group; /* right behind rt */
	struct s_list ext;
	struct {
		uint64_t flags, parent, right, left;
	} dl;
	uint8_t on_cpu, on_rq, delayed;
};

struct s_rq {
	uint32_t nr_running, online;
	uint64_t curr, clock, clock_task, nr_switches, stop;
	struct {
		uint32_t nr, throttle_count;
	} cfs;
	struct {
		uint32_t nr, pad;
		uint64_t bitmap[2];
		struct s_list queues[100];
	} rt;
	struct {
		uint64_t root;
		uint32_t nr, pad;
	} dl;
	struct {
		uint32_t nr, local_nr;
		struct s_list runnable;
	} ext;
	struct s_list fair;
};

struct s_cpu {
	struct s_rq rq;
	uint64_t current;
};

struct s_memory {
	struct s_cpu cpus[2];
	struct s_task tasks[SAMPLE_TASKS]; /* the first two are the idle ones */
	struct s_list threads[SAMPLE_TASKS];
	uint64_t per_cpu_offset[2], dsqs[4];
	char banner[80], uts[65];
	uint64_t stacks[SAMPLE_TASKS][SAMPLE_STACK / 8];
};

struct sample {
	struct inspect fake;
	struct s_memory mem;
	struct orc_sample orc;
	struct inspect_regs regs[2];
	uint8_t code[0x200];
	uint8_t *btf;
};

/* The guest's address of something in mem. */
static inline uint64_t s_at(const struct sample *sample, const void *in_mem)
{
	return SAMPLE_AT + (uint64_t)((const char *)in_mem - (const char *)&sample->mem);
}

static inline void s_list_init(struct sample *sample, struct s_list *head)
{
	head->next = head->prev = s_at(sample, head);
}

/* To its end. */
static inline void s_list_add(struct sample *sample, struct s_list *head, struct s_list *node)
{
	struct s_list *last = (struct s_list *)((char *)&sample->mem + (head->prev - SAMPLE_AT));

	node->prev = head->prev;
	node->next = s_at(sample, head);
	last->next = head->prev = s_at(sample, node);
}

#define S(type, s, m, name)                                                                        \
	{                                                                                          \
		name, type, offsetof(struct s, m), 0, 0                                            \
	}
#define S_STRUCT(w, name, size, ...)                                                               \
	w_struct(w, W_STRUCT, name, size, (struct btf_writer_member[]){ __VA_ARGS__, { 0 } })

static inline uint8_t *s_types(size_t *size)
{
	static struct btf_writer w;
	uint32_t u8, u32, u64, comm, release, list, bits, queues, array, rt_rq, cfs_rq, dl_rq,
		local;
	uint32_t scx_rq, thread, load, se, rt, dl, scx, info, node, root, cached, uts, thread_info;

	memset(&w, 0, sizeof(w));
	u8 = w_int(&w, 1);
	u32 = w_int(&w, 4);
	u64 = w_int(&w, 8);
	comm = w_array(&w, u8, 16);
	release = w_array(&w, u8, 65);
	list = S_STRUCT(&w, "list_head", 16, { "next", u64, 0, 0, 0 }, { "prev", u64, 8, 0, 0 });
	bits = w_array(&w, u64, 2);
	queues = w_array(&w, list, 100);
	array = S_STRUCT(&w, "rt_prio_array", 1616, { "bitmap", bits, 0, 0, 0 },
			 { "queue", queues, 16, 0, 0 });
	rt_rq = S_STRUCT(&w, "rt_rq", 1624, { "rt_nr_running", u32, 0, 0, 0 },
			 { "active", array, 8, 0, 0 });
	cfs_rq = S_STRUCT(&w, "cfs_rq", 8, { "h_nr_queued", u32, 0, 0, 0 },
			  { "throttle_count", u32, 4, 0, 0 });
	root = S_STRUCT(&w, "rb_root", 8, { "rb_node", u64, 0, 0, 0 });
	cached = S_STRUCT(&w, "rb_root_cached", 8, { "rb_root", root, 0, 0, 0 });
	dl_rq = S_STRUCT(&w, "dl_rq", 16, { "root", cached, 0, 0, 0 },
			 { "dl_nr_running", u32, 8, 0, 0 });
	local = S_STRUCT(&w, "scx_dispatch_q", 8, { "nr", u32, 0, 0, 0 }, { "id", u64, 0, 0, 0 });
	scx_rq = S_STRUCT(&w, "scx_rq", 24, { "nr_running", u32, 0, 0, 0 },
			  { "local_dsq", local, 4, 0, 0 }, { "runnable_list", list, 8, 0, 0 });
	S_STRUCT(&w, "rq", sizeof(struct s_rq), S(u32, s_rq, nr_running, "nr_running"),
		 S(u32, s_rq, online, "online"), S(u64, s_rq, curr, "curr"),
		 S(u64, s_rq, clock, "clock"), S(u64, s_rq, clock_task, "clock_task"),
		 S(u64, s_rq, nr_switches, "nr_switches"), S(u64, s_rq, stop, "stop"),
		 S(cfs_rq, s_rq, cfs, "cfs"), S(rt_rq, s_rq, rt, "rt"), S(dl_rq, s_rq, dl, "dl"),
		 S(scx_rq, s_rq, ext, "scx"), S(list, s_rq, fair, "cfs_tasks"));
	node = S_STRUCT(&w, "rb_node", 24, { "rb_right", u64, 8, 0, 0 },
			{ "rb_left", u64, 16, 0, 0 });
	thread = S_STRUCT(&w, "thread_struct", 8, { "sp", u64, 0, 0, 0 });
	thread_info = S_STRUCT(&w, "thread_info", 8, { "cpu", u32, 0, 0, 0 });
	rt = S_STRUCT(&w, "sched_rt_entity", 24, { "run_list", list, 0, 0, 0 },
		      { "my_q", u64, 16, 0, 0 });
	dl = S_STRUCT(&w, "sched_dl_entity", 32, { "dl_server", u32, 0, 2, 1 },
		      { "dl_throttled", u32, 0, 3, 1 }, { "rb_node", node, 8, 0, 0 });
	load = S_STRUCT(&w, "load_weight", 8, { "weight", u64, 0, 0, 0 });
	/* Parts of a task that lie apart here are members of structs that begin where it does. */
	se = S_STRUCT(&w, "sched_entity", sizeof(struct s_task),
		      S(u64, s_task, exec_start, "exec_start"), S(list, s_task, fair, "group_node"),
		      S(u8, s_task, delayed, "sched_delayed"), S(u64, s_task, cfs_rq, "cfs_rq"),
		      S(u64, s_task, parent, "parent"), S(load, s_task, weight, "load"));
	scx = S_STRUCT(&w, "sched_ext_entity", sizeof(struct s_task), S(u64, s_task, dsq, "dsq"),
		       S(list, s_task, ext, "runnable_node"));
	info = S_STRUCT(&w, "sched_info", sizeof(struct s_task),
			S(u64, s_task, last_queued, "last_queued"));
	S_STRUCT(&w, "task_struct", sizeof(struct s_task),
		 S(thread_info, s_task, cpu, "thread_info"), S(u32, s_task, state, "__state"),
		 S(u32, s_task, exit_state, "exit_state"), S(u32, s_task, policy, "policy"),
		 S(u32, s_task, prio, "prio"), S(u32, s_task, pid, "pid"),
		 S(u32, s_task, tgid, "tgid"), S(u32, s_task, rt_priority, "rt_priority"),
		 S(thread, s_task, sp, "thread"), S(u64, s_task, stack, "stack"),
		 S(u64, s_task, mm, "mm"), S(u64, s_task, signal, "signal"),
		 S(u64, s_task, class, "sched_class"), S(comm, s_task, comm, "comm"),
		 S(list, s_task, tasks, "tasks"), S(list, s_task, thread, "thread_node"),
		 S(rt, s_task, rt, "rt"), S(dl, s_task, dl, "dl"), S(u8, s_task, on_cpu, "on_cpu"),
		 S(u8, s_task, on_rq, "on_rq"), { "se", se, 0, 0, 0 }, { "scx", scx, 0, 0, 0 },
		 { "sched_info", info, 0, 0, 0 });
	S_STRUCT(&w, "signal_struct", 16, { "thread_head", list, 0, 0, 0 });
	S_STRUCT(&w, "inactive_task_frame", 16, { "bp", u64, 0, 0, 0 },
		 { "ret_addr", u64, 8, 0, 0 });
	uts = S_STRUCT(&w, "new_utsname", 65, { "release", release, 0, 0, 0 });
	S_STRUCT(&w, "uts_namespace", 65, { "name", uts, 0, 0, 0 });
	w_type(&w, W_ENUM64, "scx_dsq_id_flags", 3, 8);
	w_u32(&w, w_string(&w, "SCX_DSQ_FLAG_BUILTIN"));
	w_u32(&w, 0);
	w_u32(&w, 1u << 31);
	w_u32(&w, w_string(&w, "SCX_DSQ_GLOBAL"));
	w_u32(&w, 1);
	w_u32(&w, 1u << 31);
	w_u32(&w, w_string(&w, "SCX_DSQ_LOCAL"));
	w_u32(&w, 2);
	w_u32(&w, 1u << 31);
	return w_end(&w, size);
}

static bool s_regs(void *data, unsigned int vcpu, struct inspect_regs *regs)
{
	struct sample *sample = data;

	if (!sample->regs[vcpu].cr0)
		return false;
	*regs = sample->regs[vcpu];
	return true;
}

static inline void s_task(struct sample *sample, unsigned int i, const char *comm)
{
	static const uint64_t classes = SAMPLE_TEXT_END;
	struct s_task *task = &sample->mem.tasks[i];
	uint64_t *stack = sample->mem.stacks[i];

	strncpy(task->comm, comm, sizeof(task->comm));
	task->pid = task->tgid = i < 2 ? 0 : (int32_t)(100 + i);
	task->class = classes + 8 * (i < 2 ? CLASS_IDLE : CLASS_FAIR);
	task->prio = 120;
	task->weight = 1024;
	task->state = i < 2 ? 0 : 1;
	task->mm = i < 2 ? 0 : 1;
	task->stack = s_at(sample, stack);
	task->signal = s_at(sample, &sample->mem.threads[i]);
	task->cfs_rq = s_at(sample, &sample->mem.cpus[0].rq.cfs);
	/* Asleep: called by a thread's start. */
	task->sp = task->stack + SAMPLE_STACK - 64;
	stack[SAMPLE_STACK / 8 - 7] = SAMPLE_TEXT + 0x40;
	stack[SAMPLE_STACK / 8 - 6] = SAMPLE_START + 0x40;
	s_list_init(sample, &sample->mem.threads[i]);
	s_list_add(sample, &sample->mem.threads[i], &task->thread);
	if (i == 0)
		s_list_init(sample, &task->tasks);
	else if (i > 1)
		s_list_add(sample, &sample->mem.tasks[0].tasks, &task->tasks);
}

static inline void s_cpu(struct sample *sample, unsigned int i)
{
	struct s_cpu *cpu = &sample->mem.cpus[i];

	cpu->current = cpu->rq.curr = s_at(sample, &sample->mem.tasks[i]);
	cpu->rq.online = 1;
	cpu->rq.clock = 10000000000 + i * 1000;
	cpu->rq.clock_task = 9000000000;
	for (unsigned int k = 0; k < 100; k++)
		s_list_init(sample, &cpu->rq.rt.queues[k]);
	s_list_init(sample, &cpu->rq.fair);
	s_list_init(sample, &cpu->rq.ext.runnable);
	sample->mem.tasks[i].on_cpu = 1;
	sample->mem.tasks[i].cpu = i;
	sample->mem.per_cpu_offset[i] = SAMPLE_PER_CPU + i * sizeof(struct s_cpu);
	sample->fake.per_cpu[i] = sample->mem.per_cpu_offset[i];
	sample->regs[i] = (struct inspect_regs){ .cr0 = 0x80000001,
						 .cs = 0x10,
						 .rflags = 0x202,
						 .rip = SAMPLE_TEXT + 4,
						 .gs_base = sample->mem.per_cpu_offset[i] };
	sample->regs[i].gpr[INSPECT_RSP] = s_at(sample, sample->mem.stacks[i]) + SAMPLE_STACK - 16;
	sample->mem.stacks[i][SAMPLE_STACK / 8 - 2] = SAMPLE_START + 0x40;
}

static inline struct sample *sample_new(void)
{
	static const char *const symbols[NR_CLASSES] = {
		[CLASS_STOP] = "stop_sched_class", [CLASS_DEADLINE] = "dl_sched_class",
		[CLASS_RT] = "rt_sched_class",	   [CLASS_FAIR] = "fair_sched_class",
		[CLASS_EXT] = "ext_sched_class",   [CLASS_IDLE] = "idle_sched_class",
	};
	struct sample *sample = calloc(1, sizeof(*sample));
	struct inspect *fake = &sample->fake;
	size_t size;

	sample->btf = s_types(&size);
	fake_map(fake, SAMPLE_AT, &sample->mem, sizeof(sample->mem));
	fake_map(fake, SAMPLE_BTF, sample->btf, size);
	fake_map(fake, SAMPLE_TEXT, sample->code, sizeof(sample->code));
	fake_symbol(fake, "__start_BTF", SAMPLE_BTF);
	fake_symbol(fake, "__stop_BTF", SAMPLE_BTF + size);
	fake_symbol(fake, "plain", SAMPLE_TEXT);
	fake_symbol(fake, "_stext", SAMPLE_TEXT);
	fake_symbol(fake, "start", SAMPLE_START);
	fake_symbol(fake, "_etext", SAMPLE_TEXT_END);
	fake_symbol(fake, "init_stack", 0xffffffff82000000);
	fake_symbol(fake, "__end_init_stack", 0xffffffff82000000 + SAMPLE_STACK);
	fake_symbol(fake, "init_task", s_at(sample, &sample->mem.tasks[0]));
	fake_symbol(fake, "linux_banner", s_at(sample, sample->mem.banner));
	fake_symbol(fake, "init_uts_ns", s_at(sample, sample->mem.uts));
	fake_symbol(fake, "__per_cpu_offset", s_at(sample, sample->mem.per_cpu_offset));
	fake_symbol(fake, "runqueues", s_at(sample, &sample->mem.cpus[0].rq) - SAMPLE_PER_CPU);
	fake_symbol(fake, "current_task",
		    s_at(sample, &sample->mem.cpus[0].current) - SAMPLE_PER_CPU);
	for (unsigned int i = 1; i < NR_CLASSES; i++)
		fake_symbol(fake, symbols[i], SAMPLE_TEXT_END + 8 * i);
	orc_add(&sample->orc, 3, (struct orc_row){ SAMPLE_TEXT, 8, 0, 5, 0, 2, 0 });
	orc_add(&sample->orc, 3, (struct orc_row){ SAMPLE_START, 0, 0, 0, 0, 1, 0 });
	orc_map(fake, &sample->orc, orc_hash_6_12);
	fake->nr_cpus = 2;
	fake->source = (struct inspect_source){ .data = sample, .regs = s_regs, .nr_vcpus = 2 };
	strcpy(sample->mem.banner, "Linux version 9.9.9-sample (somebody) #1\n");
	strcpy(sample->mem.uts, "9.9.9-sample");
	for (unsigned int i = 0; i < SAMPLE_TASKS; i++)
		s_task(sample, i, i < 2 ? "swapper" : "task");
	s_cpu(sample, 0);
	s_cpu(sample, 1);
	return sample;
}

static inline void sample_free(struct sample *sample)
{
	free(sample->btf);
	free(sample);
}

#endif
