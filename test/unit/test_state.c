/*
 * Is a machine that goes on from saved state the one that was saved? Small machines on this host's
 * KVM, without a kernel: real mode, a few instructions.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <asm/kvm_para.h>
#include <linux/kvm.h>

#include "vmm/x86/cpuid.h"
#include "vmm/x86/msr.h"
#include "vmm/x86/state_parts.h"

#define MEMORY_SIZE 0x10000
#define CODE	    0x1000
#define STACK	    0x8000
#define SEEN	    0x3000 /* struct seen of vCPU 0, then vCPU 1's, a page each */
#define PVCLOCK	    0x5000 /* struct pvclock of vCPU 0 */
#define STEAL	    0x6000
#define PV_EOI	    0x7000
#define MAX_VCPUS   2

#define TIMER_VECTOR 0x40
#define MSI_VECTOR   0x41

/* What the guest's program writes; the offsets are in the program below. */
struct seen {
	uint64_t tsc;
	uint32_t turns;
	uint32_t timers;
	uint64_t timer_tsc;
	uint32_t messages;
	uint32_t nmis;
};

/*
 * The program. BP holds the address of the vCPU's struct seen. From guest_count on it counts and
 * leaves each turn by port 0x10; from guest_wait on it halts until something comes, and then leaves
 * by port 0x11.
 */
extern const uint8_t guest_code[], guest_count[], guest_wait[], guest_timer[], guest_message[],
	guest_nmi[], guest_end[];
__asm__(".pushsection .rodata\n"
	".code16\n"
	"guest_code:\n"
	"guest_count:\n"
	"	rdtsc\n"
	"	movl %eax, (%bp)\n"
	"	movl %edx, 4(%bp)\n"
	"	incl 8(%bp)\n"
	"	incl %ebx\n"
	"	outb %al, $0x10\n"
	"	jmp guest_count\n"
	"guest_wait:\n"
	"	sti\n"
	"	hlt\n"
	"	cli\n"
	"	outb %al, $0x11\n"
	"	jmp guest_wait\n"
	"guest_timer:\n"
	"	rdtsc\n"
	"	movl %eax, 16(%bp)\n"
	"	movl %edx, 20(%bp)\n"
	"	incl 12(%bp)\n"
	"	jmp guest_eoi\n"
	"guest_message:\n"
	"	incl 24(%bp)\n"
	"guest_eoi:\n"
	"	xorl %eax, %eax\n"
	"	xorl %edx, %edx\n"
	"	movl $0x80b, %ecx\n" /* x2APIC's EOI */
	"	wrmsr\n"
	"	iret\n"
	"guest_nmi:\n"
	"	incl 28(%bp)\n"
	"	iret\n"
	"guest_end:\n"
	".code64\n"
	".popsection\n");

struct machine {
	int kvm_fd, vm_fd;
	unsigned int nr_vcpus;
	int vcpu_fds[MAX_VCPUS];
	struct kvm_run *runs[MAX_VCPUS];
	size_t run_size;
	uint8_t *memory;
	struct state_kvm kvm;
};

/* The saved state of a machine, with its memory. */
struct saved {
	struct records records;
	uint8_t memory[MEMORY_SIZE];
};

static int kvm_fd = -1;

static void need_kvm(void)
{
	const char *lacks;

	if (kvm_fd < 0)
		kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm_fd < 0) {
		print_message("/dev/kvm: %s\n", strerror(errno));
		skip();
	}
	lacks = state_lacks(kvm_fd);
	if (lacks) {
		print_message("/dev/kvm: lacks %s\n", lacks);
		skip();
	}
}

/*
 * Does KVM here do as it is told with a vCPU's TSC? Some that are none of Linux's do not, and are
 * fit for a part of this only.
 */
static bool takes_offset(void)
{
	uint64_t offset = 1ull << 50, value = 0;
	struct kvm_device_attr attr = { .group = KVM_VCPU_TSC_CTRL,
					.attr = KVM_VCPU_TSC_OFFSET,
					.addr = (uintptr_t)&offset };
	int vm = ioctl(kvm_fd, KVM_CREATE_VM, 0), vcpu = ioctl(vm, KVM_CREATE_VCPU, 0ul);

	assert_true(vm >= 0 && vcpu >= 0);
	assert_int_equal(ioctl(vcpu, KVM_SET_DEVICE_ATTR, &attr), 0);
	assert_int_equal(msr_access(vcpu, KVM_GET_MSRS, 0x10, &value), 1);
	close(vcpu);
	close(vm);
	return value >= 1ull << 50 && value < 1ull << 51;
}

static void need_clocks(void)
{
	need_kvm();
	if (!takes_offset()) {
		print_message("/dev/kvm: it takes no TSC offset\n");
		skip();
	}
}

static void sleep_ms(long ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	while (nanosleep(&time, &time) < 0)
		;
}

static struct seen *seen_of(const struct machine *machine, unsigned int vcpu)
{
	return (struct seen *)(void *)(machine->memory + SEEN + vcpu * 0x1000);
}

static void set_cpuid(int fd)
{
	struct kvm_cpuid2 *cpuid =
		calloc(1, sizeof(*cpuid) + CPUID_MAX_ENTRIES * sizeof(cpuid->entries[0]));

	assert_non_null(cpuid);
	cpuid->nent = CPUID_MAX_ENTRIES;
	assert_int_equal(ioctl(kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid), 0);
	/* KVM has the timer's deadline in its LAPIC, and leaves to us to say so. */
	for (uint32_t i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == 1)
			cpuid->entries[i].ecx |= 1u << 24 | 1u << 21;
	assert_int_equal(ioctl(fd, KVM_SET_CPUID2, cpuid), 0);
	free(cpuid);
}

/* A machine whose vCPUs are new, without so much as CPUID. */
static void create(struct machine *machine, unsigned int nr_vcpus)
{
	struct kvm_enable_cap split = { .cap = KVM_CAP_SPLIT_IRQCHIP };
	struct kvm_userspace_memory_region slot = { .memory_size = MEMORY_SIZE };
	uint64_t identity_map = 0xfeffc000;

	*machine = (struct machine){ .kvm_fd = kvm_fd, .nr_vcpus = nr_vcpus };
	machine->vm_fd = ioctl(kvm_fd, KVM_CREATE_VM, 0);
	assert_true(machine->vm_fd >= 0);
	machine->memory =
		mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(machine->memory, MAP_FAILED);
	slot.userspace_addr = (uintptr_t)machine->memory;
	assert_int_equal(ioctl(machine->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity_map), 0);
	assert_int_equal(ioctl(machine->vm_fd, KVM_SET_TSS_ADDR, 0xfeffd000), 0);
	assert_int_equal(ioctl(machine->vm_fd, KVM_ENABLE_CAP, &split), 0);
	assert_int_equal(ioctl(machine->vm_fd, KVM_SET_USER_MEMORY_REGION, &slot), 0);
	machine->run_size = (size_t)ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	for (unsigned int i = 0; i < nr_vcpus; i++) {
		machine->vcpu_fds[i] = ioctl(machine->vm_fd, KVM_CREATE_VCPU, (unsigned long)i);
		assert_true(machine->vcpu_fds[i] >= 0);
		machine->runs[i] = mmap(NULL, machine->run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
					machine->vcpu_fds[i], 0);
		assert_ptr_not_equal(machine->runs[i], MAP_FAILED);
	}
	machine->kvm = (struct state_kvm){ kvm_fd, machine->vm_fd, machine->vcpu_fds, nr_vcpus };
}

static void destroy(struct machine *machine)
{
	for (unsigned int i = 0; i < machine->nr_vcpus; i++) {
		munmap(machine->runs[i], machine->run_size);
		close(machine->vcpu_fds[i]);
	}
	munmap(machine->memory, MEMORY_SIZE);
	close(machine->vm_fd);
}

static void set_msr(const struct machine *machine, unsigned int vcpu, uint32_t index,
		    uint64_t value)
{
	if (msr_access(machine->vcpu_fds[vcpu], KVM_SET_MSRS, index, &value) != 1)
		fail_msg("KVM_SET_MSRS of %#x to %#llx", index, (unsigned long long)value);
}

static uint64_t get_msr(const struct machine *machine, unsigned int vcpu, uint32_t index)
{
	uint64_t value = 0;

	if (msr_access(machine->vcpu_fds[vcpu], KVM_GET_MSRS, index, &value) != 1)
		fail_msg("KVM_GET_MSRS of %#x", index);
	return value;
}

/* Where a label of the program stands in the guest. */
static uint16_t at(const uint8_t *label)
{
	return (uint16_t)(CODE + ((uintptr_t)label - (uintptr_t)guest_code));
}

static void set_vector(struct machine *machine, unsigned int vector, const uint8_t *handler)
{
	uint16_t far[2] = { at(handler), 0 };

	memcpy(machine->memory + vector * 4, far, sizeof(far));
}

/* A vCPU that runs the program from @entry on, with a local APIC in x2APIC mode. */
static void start(struct machine *machine, unsigned int vcpu, const uint8_t *entry)
{
	int fd = machine->vcpu_fds[vcpu];
	struct kvm_sregs sregs;
	struct kvm_regs regs = { .rip = at(entry),
				 .rsp = STACK + 0x800 * vcpu,
				 .rbp = SEEN + vcpu * 0x1000,
				 .rbx = 1000 * (vcpu + 1),
				 .rflags = 2 };
	struct kvm_mp_state runnable = { .mp_state = KVM_MP_STATE_RUNNABLE };

	set_cpuid(fd);
	memcpy(machine->memory + CODE, guest_code, at(guest_end) - CODE);
	set_vector(machine, 2, guest_nmi);
	set_vector(machine, TIMER_VECTOR, guest_timer);
	set_vector(machine, MSI_VECTOR, guest_message);
	assert_int_equal(ioctl(fd, KVM_GET_SREGS, &sregs), 0);
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	sregs.apic_base |= 1u << 10;
	assert_int_equal(ioctl(fd, KVM_SET_SREGS, &sregs), 0);
	assert_int_equal(ioctl(fd, KVM_SET_REGS, &regs), 0);
	assert_int_equal(ioctl(fd, KVM_SET_MP_STATE, &runnable), 0);
}

/* The local APIC on, its timer in the mode that has deadlines. */
static void start_lapic(const struct machine *machine, unsigned int vcpu)
{
	uint32_t spurious = 0x1ff, timer = 0x40000 | TIMER_VECTOR;
	struct kvm_lapic_state lapic;

	assert_int_equal(ioctl(machine->vcpu_fds[vcpu], KVM_GET_LAPIC, &lapic), 0);
	memcpy(lapic.regs + 0xf0, &spurious, sizeof(spurious));
	memcpy(lapic.regs + 0x320, &timer, sizeof(timer));
	assert_int_equal(ioctl(machine->vcpu_fds[vcpu], KVM_SET_LAPIC, &lapic), 0);
}

/* Run one vCPU until it writes to the port, and complete that. */
static void run(struct machine *machine, unsigned int vcpu, uint16_t port)
{
	struct kvm_run *run = machine->runs[vcpu];

	do {
		if (ioctl(machine->vcpu_fds[vcpu], KVM_RUN, 0) < 0 && errno != EINTR)
			fail_msg("KVM_RUN: %s", strerror(errno));
	} while (run->exit_reason == KVM_EXIT_INTR);
	if (run->exit_reason != KVM_EXIT_IO || run->io.port != port)
		fail_msg("KVM_RUN ended with exit reason %u, port %#x instead of %#x",
			 run->exit_reason, run->exit_reason == KVM_EXIT_IO ? run->io.port : 0,
			 port);
	run->immediate_exit = 1;
	assert_int_equal(ioctl(machine->vcpu_fds[vcpu], KVM_RUN, 0), -1);
	assert_int_equal(errno, EINTR);
	run->immediate_exit = 0;
}

static void save(const struct machine *machine, struct saved *saved)
{
	struct error err = { "" };

	memset(&saved->records, 0, sizeof(saved->records));
	memcpy(saved->memory, machine->memory, MEMORY_SIZE);
	if (state_save(&machine->kvm, &saved->records, &err) || records_end(&saved->records, &err))
		fail_msg("%s", err.text);
}

/* A new machine that goes on from there. */
static void fork_of(const struct saved *saved, struct machine *machine, unsigned int nr_vcpus)
{
	struct state *state = NULL;
	struct error err = { "" };

	create(machine, nr_vcpus);
	memcpy(machine->memory, saved->memory, MEMORY_SIZE);
	if (state_parse(saved->records.bytes, saved->records.size, nr_vcpus, &state, &err) ||
	    state_load(state, &machine->kvm, &err) ||
	    (takes_offset() && state_set_time(state, &machine->kvm, &err)))
		fail_msg("%s", err.text);
	state_free(state);
}

/* Guest time in ms, by the TSC. */
static double tsc_ms(const struct machine *machine, uint64_t cycles)
{
	return (double)cycles / ioctl(machine->vcpu_fds[0], KVM_GET_TSC_KHZ, 0);
}

/* How long machines are left lying: what passes meanwhile must not show. */
#define PAUSE_MS 1000
/* What may pass on the way, on a host that is busy. */
#define SLACK_MS 500

static void goes_on(void **unused)
{
	static struct saved saved;
	struct machine base, fork;
	struct kvm_regs regs;
	struct seen before;

	(void)unused;
	need_clocks();
	create(&base, 1);
	start(&base, 0, guest_count);
	for (int i = 0; i < 10; i++)
		run(&base, 0, 0x10);
	save(&base, &saved);
	before = *seen_of(&base, 0);
	destroy(&base);
	sleep_ms(PAUSE_MS);

	for (int i = 0; i < 3; i++) {
		fork_of(&saved, &fork, 1);
		run(&fork, 0, 0x10);
		assert_int_equal(ioctl(fork.vcpu_fds[0], KVM_GET_REGS, &regs), 0);
		assert_int_equal(regs.rbx, 1011);
		assert_int_equal(seen_of(&fork, 0)->turns, before.turns + 1);
		if (seen_of(&fork, 0)->tsc <= before.tsc ||
		    tsc_ms(&fork, seen_of(&fork, 0)->tsc - before.tsc) > SLACK_MS)
			fail_msg("TSC %llu, and %llu before",
				 (unsigned long long)seen_of(&fork, 0)->tsc,
				 (unsigned long long)before.tsc);
		destroy(&fork);
	}
	records_free(&saved.records);
}

/* As a guest kernel leaves it: kvmclock, steal time, PV EOI, MTRRs, what syscalls use. */
static const struct {
	uint32_t index;
	uint64_t value;
} odd_msrs[] = {
	{ MSR_KVM_SYSTEM_TIME_NEW, PVCLOCK | 1 },
	{ MSR_KVM_STEAL_TIME, STEAL | 1 },
	{ MSR_KVM_PV_EOI_EN, PV_EOI | 1 },
	{ 0x3b, 12345 },       /* IA32_TSC_ADJUST */
	{ 0x174, 0x10 },       /* IA32_SYSENTER_CS */
	{ 0x175, 0x12345000 }, /* IA32_SYSENTER_ESP */
	{ 0x200, 0x80000000 }, /* MTRR: base and mask */
	{ 0x201, 0xff80000800 },
	{ 0x277, 0x0407050600070106 },	  /* IA32_PAT */
	{ 0x2ff, 0x806 },		  /* IA32_MTRR_DEF_TYPE */
	{ 0xc0000081, 0x23001000000000 }, /* STAR */
	{ 0xc0000082, 0xffffffff81000000 },
	{ 0xc0000084, 0x257fd5 },
	{ 0xc0000102, 0xffff888012345000 }, /* KERNEL_GS_BASE */
};
#define NR_ODD_MSRS (sizeof(odd_msrs) / sizeof(odd_msrs[0]))

/* Two vCPUs in a state that has nothing of a new one. */
static void make_odd(struct machine *machine)
{
	struct kvm_debugregs debug;
	struct kvm_vcpu_events events;
	struct kvm_xsave xsave;
	struct kvm_mp_state halted = { .mp_state = KVM_MP_STATE_HALTED };
	struct kvm_msi message = { .address_lo = 0xfee00000, .data = MSI_VECTOR };

	for (unsigned int i = 0; i < 2; i++) {
		start(machine, i, guest_count);
		start_lapic(machine, i);
		for (size_t j = 0; j < NR_ODD_MSRS; j++)
			set_msr(machine, i, odd_msrs[j].index, odd_msrs[j].value);
		run(machine, i, 0x10);
	}
	assert_int_equal(ioctl(machine->vcpu_fds[0], KVM_GET_XSAVE, &xsave), 0);
	for (size_t i = 40; i < 104; i++) /* the XMM registers of the legacy area */
		xsave.region[i] = (uint32_t)(0x1234567 * i);
	xsave.region[128] |= 3; /* XSTATE_BV: x87 and SSE are there */
	assert_int_equal(ioctl(machine->vcpu_fds[0], KVM_SET_XSAVE, &xsave), 0);
	assert_int_equal(ioctl(machine->vcpu_fds[0], KVM_GET_DEBUGREGS, &debug), 0);
	debug.db[0] = 0x1234;
	debug.db[3] = 0x5678;
	debug.dr7 = 0x401;
	assert_int_equal(ioctl(machine->vcpu_fds[0], KVM_SET_DEBUGREGS, &debug), 0);
	/* A message that the vCPU has not taken yet, and on the other one an NMI. */
	assert_int_equal(ioctl(machine->vm_fd, KVM_SIGNAL_MSI, &message), 1);
	assert_int_equal(ioctl(machine->vcpu_fds[1], KVM_GET_VCPU_EVENTS, &events), 0);
	events.nmi.pending = 1;
	events.nmi.masked = 1;
	events.flags |= KVM_VCPUEVENT_VALID_NMI_PENDING;
	assert_int_equal(ioctl(machine->vcpu_fds[1], KVM_SET_VCPU_EVENTS, &events), 0);
	assert_int_equal(ioctl(machine->vcpu_fds[1], KVM_SET_MP_STATE, &halted), 0);
	set_msr(machine, 0, 0x6e0, get_msr(machine, 0, 0x10) + (1ull << 40));
	set_msr(machine, 1, 0x6e0, get_msr(machine, 1, 0x10) + (1ull << 41));
}

static const struct kvm_msr_entry *find_msr(const struct state *state, unsigned int vcpu,
					    uint32_t index)
{
	const struct kvm_msr_entry *entries =
		state->vcpus[vcpu].bytes[STATE_MSRS - STATE_FIRST_TYPE];
	size_t count = state->vcpus[vcpu].size[STATE_MSRS - STATE_FIRST_TYPE] / sizeof(*entries);

	for (size_t i = 0; i < count; i++)
		if (entries[i].index == index)
			return &entries[i];
	return NULL;
}

/* All that is told of the one is told of the other, but for the time. */
static void assert_same(const struct state *a, const struct state *b)
{
	for (unsigned int i = 0; i < a->clock.nr_vcpus; i++) {
		const struct state_vcpu *x = &a->vcpus[i], *y = &b->vcpus[i];

		for (unsigned int type = STATE_CPUID; type < STATE_END; type++) {
			unsigned int at = type - STATE_FIRST_TYPE;

			if (x->size[at] != y->size[at] ||
			    (x->size[at] && memcmp(x->bytes[at], y->bytes[at], x->size[at]) != 0))
				fail_msg("vCPU %u: record %#x differs", i, type);
		}
		if (!takes_offset())
			continue;
		assert_int_equal(x->timer.tsc_deadline, y->timer.tsc_deadline);
		assert_int_equal(x->timer.tsc_offset - a->vcpus[0].timer.tsc_offset,
				 y->timer.tsc_offset - b->vcpus[0].timer.tsc_offset);
	}
}

static struct state *parse(const struct saved *saved, unsigned int nr_vcpus)
{
	struct state *state = NULL;
	struct error err = { "" };

	if (state_parse(saved->records.bytes, saved->records.size, nr_vcpus, &state, &err))
		fail_msg("%s", err.text);
	return state;
}

static void all_of_it_comes_back(void **unused)
{
	static struct saved first, second;
	struct machine base, fork;
	struct state *a, *b;
	const struct kvm_lapic_state *lapic;
	uint32_t pending;
	int64_t passed;

	(void)unused;
	need_kvm();
	create(&base, 2);
	make_odd(&base);
	save(&base, &first);
	destroy(&base);
	sleep_ms(PAUSE_MS);
	fork_of(&first, &fork, 2);
	save(&fork, &second);

	a = parse(&first, 2);
	b = parse(&second, 2);
	/* It is in what was saved. */
	for (size_t i = 0; i < NR_ODD_MSRS; i++) {
		const struct kvm_msr_entry *entry = find_msr(a, 0, odd_msrs[i].index);

		if (!entry || entry->data != odd_msrs[i].value)
			fail_msg("MSR %#x is not saved", odd_msrs[i].index);
	}
	assert_true(a->vcpus[1].timer.tsc_deadline > 1ull << 41);
	lapic = a->vcpus[0].bytes[STATE_LAPIC - STATE_FIRST_TYPE];
	memcpy(&pending, lapic->regs + 0x200 + MSI_VECTOR / 32 * 16, sizeof(pending));
	assert_int_equal(pending, 1u << MSI_VECTOR % 32);
	assert_same(a, b);
	passed = (int64_t)(b->clock.kvmclock_ns - a->clock.kvmclock_ns);
	if (takes_offset() && (passed < 0 || passed > SLACK_MS * 1000000ll))
		fail_msg("kvmclock went on by %lld ns", (long long)passed);
	state_free(a);
	state_free(b);
	destroy(&fork);
	records_free(&first.records);
	records_free(&second.records);
}

/* Documentation/virt/kvm/x86/msr.rst, MSR_KVM_SYSTEM_TIME_NEW. */
struct pvclock {
	uint32_t version, pad;
	uint64_t tsc_timestamp;
	uint64_t system_time;
	uint32_t tsc_to_system_mul;
	int8_t tsc_shift;
	uint8_t flags, pad2[2];
};

static uint64_t pvclock_ns(const struct machine *machine, uint64_t tsc)
{
	struct pvclock info;
	uint64_t delta;

	memcpy(&info, machine->memory + PVCLOCK, sizeof(info));
	assert_int_equal(info.version & 1, 0);
	delta = tsc - info.tsc_timestamp;
	delta = info.tsc_shift < 0 ? delta >> -info.tsc_shift : delta << info.tsc_shift;
	return info.system_time +
	       (uint64_t)(((unsigned __int128)delta * info.tsc_to_system_mul) >> 32);
}

/* TSC and kvmclock are to each other as they were, as the guest sees them. */
static void clocks_agree(void **unused)
{
	static struct saved saved;
	struct machine base, fork;
	uint64_t base_tsc, base_ns;
	double clock_ms, cycles_ms;

	(void)unused;
	need_clocks();
	create(&base, 1);
	start(&base, 0, guest_count);
	set_msr(&base, 0, MSR_KVM_SYSTEM_TIME_NEW, PVCLOCK | 1);
	run(&base, 0, 0x10);
	sleep_ms(100);
	run(&base, 0, 0x10);
	base_tsc = seen_of(&base, 0)->tsc;
	base_ns = pvclock_ns(&base, base_tsc);
	save(&base, &saved);
	destroy(&base);
	sleep_ms(PAUSE_MS);

	fork_of(&saved, &fork, 1);
	run(&fork, 0, 0x10);
	clock_ms = ((double)pvclock_ns(&fork, seen_of(&fork, 0)->tsc) - (double)base_ns) / 1e6;
	cycles_ms = tsc_ms(&fork, seen_of(&fork, 0)->tsc - base_tsc);
	if (clock_ms < 0 || clock_ms > SLACK_MS || clock_ms - cycles_ms > 1 ||
	    cycles_ms - clock_ms > 1)
		fail_msg("kvmclock went on by %f ms, the TSC by %f ms", clock_ms, cycles_ms);
	destroy(&fork);
	records_free(&saved.records);
}

/* A timer that was armed fires when the guest's TSC says so. */
static void timers_fire(void **unused)
{
	static struct saved saved;
	struct machine base, fork;
	uint64_t deadline;
	double late_ms;

	(void)unused;
	need_clocks();
	create(&base, 1);
	start(&base, 0, guest_wait);
	start_lapic(&base, 0);
	deadline = get_msr(&base, 0, 0x10) +
		   (uint64_t)ioctl(base.vcpu_fds[0], KVM_GET_TSC_KHZ, 0) * 300;
	set_msr(&base, 0, 0x6e0, deadline);
	save(&base, &saved);
	destroy(&base);
	sleep_ms(PAUSE_MS);

	fork_of(&saved, &fork, 1);
	run(&fork, 0, 0x11);
	assert_int_equal(seen_of(&fork, 0)->timers, 1);
	late_ms = seen_of(&fork, 0)->timer_tsc < deadline
			  ? -1
			  : tsc_ms(&fork, seen_of(&fork, 0)->timer_tsc - deadline);
	if (late_ms < 0 || late_ms > SLACK_MS)
		fail_msg("the timer came %f ms late", late_ms);
	destroy(&fork);
	records_free(&saved.records);
}

/* What was on its way arrives, once. */
static void interrupts_arrive(void **unused)
{
	static struct saved saved;
	struct kvm_msi message = { .address_lo = 0xfee00000, .data = MSI_VECTOR };
	struct machine base, fork;

	(void)unused;
	need_kvm();
	create(&base, 1);
	start(&base, 0, guest_wait);
	start_lapic(&base, 0);
	assert_int_equal(ioctl(base.vm_fd, KVM_SIGNAL_MSI, &message), 1);
	assert_int_equal(ioctl(base.vcpu_fds[0], KVM_NMI), 0);
	save(&base, &saved);
	destroy(&base);

	fork_of(&saved, &fork, 1);
	run(&fork, 0, 0x11);
	assert_int_equal(seen_of(&fork, 0)->nmis, 1);
	assert_int_equal(seen_of(&fork, 0)->messages, 1);
	message.data = TIMER_VECTOR;
	assert_int_equal(ioctl(fork.vm_fd, KVM_SIGNAL_MSI, &message), 1);
	run(&fork, 0, 0x11);
	assert_int_equal(seen_of(&fork, 0)->nmis, 1);
	assert_int_equal(seen_of(&fork, 0)->messages, 1);
	assert_int_equal(seen_of(&fork, 0)->timers, 1);
	destroy(&fork);
	records_free(&saved.records);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_on),	     cmocka_unit_test(all_of_it_comes_back),
		cmocka_unit_test(clocks_agree),	     cmocka_unit_test(timers_fire),
		cmocka_unit_test(interrupts_arrive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
