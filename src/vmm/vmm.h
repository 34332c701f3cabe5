/*
 * One virtual machine, from creation to its end. Knows KVM and nothing of tests: what the guest
 * says goes to the owner through callbacks, and what became of the machine comes back as a vmm_end.
 *
 * Threads: the caller's, which runs the event loop and all callbacks, and one per vCPU, which ends
 * before vmm_run returns. No child process.
 */
#ifndef KTSTR_VMM_VMM_H
#define KTSTR_VMM_VMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inspect/source.h"
#include "plan/topology.h"
#include "util/error.h"
#include "util/extents.h"
#include "vmm/channel.h"
#include "vmm/kernel_image.h"
#include "vmm/records.h"
#include "vmm/touched.h"

/* Of a kernel command line with its NUL: COMMAND_LINE_SIZE of the kernel (x86 and others). */
#define VMM_CMDLINE_SIZE 2048ull
/* What the machine adds to it itself, at the most: "tsc_early_khz=N ". */
#define VMM_CMDLINE_OWN	 25ull

/*
 * What programs are built for, as bits of GNU_PROPERTY_X86_ISA_1_NEEDED are numbered: 0 for the
 * baseline, N - 1 for x86-64-vN.
 */
#define ISA_LEVELS 4

/* Something of a known size that can be written straight into guest memory. */
struct vmm_initrd {
	uint64_t size;
	/* Fill exactly @size bytes at @dst. Returns 0 or a negative errno with a message. */
	int (*write)(void *owner, void *dst, uint64_t size, struct error *err);
	void *owner;
};

struct vmm_config {
	const struct kernel_image *kernel; /* stays the caller's */
	struct topology topology;
	uint64_t memory_mib;
	bool tsc_reliable; /* the guest may be told that its TSC is invariant, where KVM says so */
	const char *cmdline; /* at most VMM_CMDLINE_SIZE - 1 - VMM_CMDLINE_OWN bytes */
	struct vmm_initrd initrd;
	const char *dump_acpi_dir; /* NULL: do not write the tables */
	/* For each level a file that is loaded on no less; NULL: none is. */
	const char *isa_files[ISA_LEVELS];
	/* Of the host: the CPU of each vCPU's thread; NULL: the host's scheduler has the choice. */
	const unsigned int *cpus;
	/* The node that the memory of each of the guest's is bound to; NULL: it is not. With
	 * vmm_create only: what a fork has not written is where the saved memory is. */
	const unsigned int *nodes;
};

/* How the machine came to its end. */
enum vmm_end {
	VMM_END_STOPPED,   /* the owner asked for it */
	VMM_END_POWEROFF,  /* ACPI S5 */
	VMM_END_RESET,	   /* reset register (a panic's last act), or triple fault */
	VMM_END_KVM_ERROR, /* KVM could not go on: emulation failure, failed entry */
	VMM_END_PROTOCOL,  /* the channel held something that no honest guest writes */
};

struct vmm_result {
	enum vmm_end end;
	char detail[512]; /* for KVM_ERROR and PROTOCOL: what exactly; else "" */
};

struct vmm;

/* Where frames for the guest come from, such as a terminal. */
struct vmm_input {
	int fd; /* waited for; -1: not now. The owner may change it in any of its callbacks. */
	/*
	 * Called when @fd is readable and the inbox has room for a largest frame, or has had none
	 * for a second: the user must be able to leave a guest that hangs. Also, with @readable
	 * false, before the machine runs and at each tick. Return true to stop the machine.
	 */
	bool (*ready)(void *data, struct vmm *vmm, bool readable);
	/* It can wait for room, as nobody sits there: it is never read from without. */
	bool waits;
};

struct vmm_owner {
	void *data;
	/* Console bytes, as they come. */
	void (*console)(void *data, struct vmm *vmm, const uint8_t *bytes, size_t count);
	/* One frame of the channel; as channel_frame_fn. Return 1 to stop the machine. */
	int (*frame)(void *data, struct vmm *vmm, uint16_t type, const void *payload,
		     uint32_t length, struct error *err);
	/*
	 * The guest has come to its ready point: it has said all that it had to say, stands still,
	 * and goes on with what it is handed over then (vmm_attach_cargo). A machine comes there
	 * once. Return 0 to go on, 1 to stop the machine, -EPROTO (message) when the guest broke
	 * the protocol, or another negative errno when the host could not do it. NULL: it goes on.
	 */
	int (*ready)(void *data, struct vmm *vmm, struct error *err);
	/*
	 * Called about every 100 ms. Return true to stop the machine. The place for deadlines.
	 * @waited_ns: the most that any vCPU has so far wanted to run but had no CPU of the host
	 * (vcpu_waits_sample; 0 where the host does not tell): deadlines add it.
	 */
	bool (*tick)(void *data, struct vmm *vmm, uint64_t waited_ns);
	/* A descriptor that turns readable when the user wants out (signalfd), or -1. Only polled.
	 */
	int cancel_fd;
	const struct vmm_input *input; /* NULL: nothing goes to the guest while it runs */
};

/*
 * vmm_default_cmdline - the kernel parameters by which a guest boots, speaks and ends on this
 * machine; first on its command line.
 */
const char *vmm_default_cmdline(void);

/* vmm_lacking_capability - the first KVM_CAP_ that a machine needs and @kvm_fd lacks, or NULL. */
const char *vmm_lacking_capability(int kvm_fd);

/*
 * vmm_create - /dev/kvm, memory, kernel, initramfs, tables, vCPUs: all but running.
 * Errors, each with its message: -ENOENT, -EACCES (/dev/kvm), -ENOTSUP (a KVM without what is
 * needed), -EINVAL (topology over KVM's limit, command line too long), -ENOSPC (memory too small
 * for kernel and initramfs), -ENOMEM, and what kernel and initrd return.
 */
int vmm_create(const struct vmm_config *config, struct vmm **out, struct error *err);

/* A machine at its ready point, as bytes. All of it the caller's. */
struct vmm_saved {
	int ram_fd;		       /* its memory; needed no longer than for vmm_fork */
	uint64_t ram_offset;	       /* where RAM begins in it, a multiple of the page size */
	uint64_t ram_size;	       /* bytes; the extents and what is touched lie within it */
	const struct extents *extents; /* of RAM that is not zero; NULL: all may be */
	const void *state;	       /* vmm_save's; needed until vmm_destroy */
	size_t state_size;
	const struct touched *touched; /* NULL, or what its forks will touch, if that is known */
};

/*
 * vmm_offers - what KVM offers to the vCPUs of such a machine here, and what of it a saved one
 * depends on, as bytes that are the same each time it is asked, and others where KVM or the
 * processor is another. @bytes: owned by the caller, free. Errors: those of kvm_open, -ENOMEM, what
 * KVM says.
 */
int vmm_offers(const struct topology *topology, bool tsc_reliable, void **bytes, size_t *size,
	       struct error *err);

/*
 * vmm_save - from the ready callback: all of the machine but its memory. The machine can go on.
 * Returns 0; -ENOTSUP: KVM does not tell it all; -EBUSY: the guest's channel is not at rest;
 * -ENOMEM; or what KVM says; with a message.
 */
int vmm_save(struct vmm *vmm, struct records *out, struct error *err);

/*
 * vmm_save_memory - likewise its memory: into a new memfd of its size, which is sealed, so that no
 * fork depends on another. @extents: where that is not zero; owned by the caller
 * Returns the descriptor, the caller's; -EFBIG: over RLIMIT_FSIZE; or a negative errno, with a
 * message.
 */
uint64_t vmm_memory_size(const struct vmm *vmm); /* bytes */
int vmm_save_memory(const struct vmm *vmm, struct extents *extents, struct error *err);

/*
 * vmm_fork - another machine that begins where the saved one stood: vmm_run calls ready first. Its
 * memory is its own, and costs what it writes.
 * @config: topology, memory, tsc_reliable as the saved one's, and isa_files
 * Errors: those of vmm_create; -ESTALE: what was saved is of no use here, being damaged, of another
 * machine, or not what KVM takes.
 */
int vmm_fork(const struct vmm_config *config, const struct vmm_saved *saved, struct vmm **out,
	     struct error *err);

/* vmm_note_touched - what this fork has touched so far, for those that follow. */
void vmm_note_touched(const struct vmm *vmm, struct touched *touched);

/* vmm_run - until the machine's end. Returns 0 with @result filled, or a negative errno. */
int vmm_run(struct vmm *vmm, const struct vmm_owner *owner, struct vmm_result *result,
	    struct error *err);

/* vCPUs that do not stand still within this are busy with what no kick interrupts. */
#define VMM_PAUSE_MAX_MS 5000

/*
 * vmm_pause - from any of the owner's callbacks: all vCPUs stop together, and none is in the middle
 * of an access. What the guest says until then comes to the owner's callbacks later. Each pause
 * that was had ends by a vmm_resume; they nest, also within the ready callback.
 * Returns 0, at once where the machine stands still already or has ended; -ETIMEDOUT: it went on
 * (VMM_PAUSE_MAX_MS); -ECANCELED: it came to its end meanwhile; -EBUSY: it does not run yet; with a
 * message.
 */
int vmm_pause(struct vmm *vmm, struct error *err);
void vmm_resume(struct vmm *vmm);

/*
 * vmm_source - a look into a machine that stands still: paused, or at its end, whichever that was,
 * until vmm_resume or vmm_destroy. Registers are absent of a vCPU that the guest never started, and
 * of one that a triple fault has reset, as KVM does on AMD.
 * Returns 0; -EBUSY (message): it does not stand still.
 */
int vmm_source(struct vmm *vmm, struct inspect_source *source, struct error *err);

/*
 * vmm_memory_source - a look into the memory of a machine that may run: it changes under who reads,
 * no vCPU has registers, and all else is as of vmm_source. Until vmm_destroy.
 */
void vmm_memory_source(struct vmm *vmm, struct inspect_source *source);

/* Where a vCPU was at some moment, while it ran. */
struct vmm_sample {
	uint64_t nr;	 /* the how manyth of it; 0: there is none, and the rest says nothing */
	uint64_t cpu_ns; /* for how long its thread had run */
	uint64_t exits;	 /* its accesses to devices so far */
	uint64_t timer;	 /* what its timer is set to; another value after each of its interrupts */
	uint64_t rip;
	bool in_user, takes_interrupts;
};

/*
 * vmm_sample - from the owner's callbacks: have each vCPU that has run for some time since the last
 * call say where it is, soon: it leaves the guest for a moment. One that sleeps is left alone.
 * Returns for how long all of them have run so far, ns.
 */
uint64_t vmm_sample(struct vmm *vmm);
/* vmm_last_sample - the last that vCPU @index has taken. */
void vmm_last_sample(struct vmm *vmm, unsigned int index, struct vmm_sample *sample);
unsigned int vmm_nr_vcpus(const struct vmm *vmm);

/* What the host's scheduler says of the threads of all vCPUs together, since their start, ns. */
struct vmm_cpu_times {
	uint64_t ran_ns;    /* on a CPU of the host, for the guest or for KVM */
	uint64_t waited_ns; /* ready to run, but others had the CPUs */
	uint64_t most_ns;   /* of that, the vCPU's that waited most: what time limits leave out */
	unsigned int nr;    /* vCPUs */
};

/*
 * vmm_cpu_times - from the owner's callbacks, and until vmm_destroy, when it is what they had at
 * their end. Returns 0, or -ENODATA: the host's kernel does not count it, or none has run yet.
 */
int vmm_cpu_times(struct vmm *vmm, struct vmm_cpu_times *times);

/* One stretch of RAM, as the guest sees it. */
struct vmm_ram {
	uint64_t gpa, size; /* bytes */
};
#define VMM_MAX_RAM 2

/* vmm_ram - all of it, ascending. Returns how many. */
size_t vmm_ram(const struct vmm *vmm, struct vmm_ram ram[VMM_MAX_RAM]);

/*
 * vmm_pages - calls @page for each page of RAM (4096 bytes) that is not zero, ascending, until it
 * returns other than 0. The machine stands still. Returns what @page returned last, or a negative
 * errno with a message where the host does not tell which pages there are.
 */
int vmm_pages(const struct vmm *vmm, int (*page)(void *data, uint64_t gpa, const void *bytes),
	      void *data, struct error *err);

/*
 * vmm_attach_cargo - memory of the caller's that the guest sees above its own RAM, and is told of
 * at its ready point.
 * @bytes: of huge_map, at least @size bytes; stays the caller's, to be there until vmm_destroy
 * Before vmm_run, or in the ready callback. Whether the guest has memory enough to unpack it is for
 * the caller to know. Returns 0; -EBUSY; or what KVM says.
 */
int vmm_attach_cargo(struct vmm *vmm, void *bytes, uint64_t size, struct error *err);

/*
 * vmm_send - one frame into the guest's inbox (channel_send); only from the owner's callbacks.
 * Returns 0 or -EAGAIN: no room, try again. A guest that broke the inbox is at its end by this.
 */
int vmm_send(struct vmm *vmm, uint16_t type, const void *payload, uint32_t length);

/* The guest's side of the channel, see channel.h; only from the owner's callbacks. */
const struct channel *vmm_channel(const struct vmm *vmm);
/* channel_answer */
void vmm_answer(struct vmm *vmm, uint64_t lost_ns);
/* channel_ask */
void vmm_ask(struct vmm *vmm, uint32_t parts);
/* Is there room for a largest frame? */
bool vmm_has_room(const struct vmm *vmm);

void vmm_destroy(struct vmm *vmm); /* NULL is fine */

#endif
