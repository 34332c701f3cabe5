/*
 * What do the launcher and the guest's init say to each other, and where? Both sides share this,
 * and ring.h, which has the arithmetic of the rings. Everything here is little-endian x86-64.
 *
 * Guest to host: one ring of frames in a memory region outside guest RAM that the e820 map marks
 * reserved. The guest maps it through /dev/mem (without O_SYNC, so that it is write-back), puts
 * frames in at head, and rings the doorbell; the host takes frames out at tail.
 * One producer, one consumer. When the ring is full the guest sleeps and looks again. The host
 * treats every byte as hostile.
 *
 * Host to guest: when init has mounted all that is the same for every test, it says that it is
 * ready (KTSTR_READY) and stands in a write to KTSTR_READY_BELL, the machine with it. There the
 * host may take a copy of the machine, to begin others with. It attaches the cargo, an archive with
 * the payload and the job file, tells of it in the region's first page, and lets init go on: in a
 * machine that has booted and in one that began as a copy alike. While the guest runs, and only
 * with "tty=1" or "stdin=1" in the job, a second, smaller ring of the same frames, the inbox: what
 * the user types and the size of his terminal, or the bytes of the payload's standard input. There
 * is no interrupt behind it, and so no driver that a kernel would have to have: init looks at its
 * index, often while something comes, less often when nothing does, and not at all without one of
 * the two. While the inbox is full, a standard input waits on the host; init rings the doorbell
 * when it has made room. A terminal's bytes wait for a second; then the host reads them, for the
 * sake of the escape sequence, and they are lost.
 *
 * The payload's time limit: init counts it on the guest's clock, which goes on while the host does
 * not run the VM (a launcher that was stopped, a host that slept or was busy). So at the limit init
 * asks, by KTSTR_EXPIRED, and the host answers in the region's first page with the time since
 * KTSTR_STARTED that the VM did not get. Init adds it to the limit, and asks again when that has
 * passed.
 *
 * A payload that fails leaves things as they are until the host has looked at them: init says so,
 * by KTSTR_FAILING, and waits for an answer of the same kind, whose time is of no account. With it
 * the host asks for what only the guest can say (KTSTR_OWN_WORDS), in the region's first page; and
 * where it has found a stall by itself: init looks there with each heartbeat.
 */
#ifndef KTSTR_GUEST_PROTOCOL_H
#define KTSTR_GUEST_PROTOCOL_H

#include <stdint.h>

#define KTSTR_PROTOCOL_VERSION 10

/* Guest-physical address and size of the region: between RAM's top below 4 GiB and the IOAPIC. */
#define KTSTR_CHANNEL_GPA  0xd0000000ull
#define KTSTR_CHANNEL_SIZE (KTSTR_INBOX_OFFSET + KTSTR_INBOX_SIZE)

/*
 * The page behind the region, where there is no memory: what is written there the host takes for a
 * call. 4 bytes wide, any value. Unlike an I/O port it wants no right of its own, and no bitmap in
 * the TSS, which KVM and a processor need not agree about in a machine that began as a copy.
 */
#define KTSTR_BELLS_GPA	 (KTSTR_CHANNEL_GPA + KTSTR_CHANNEL_SIZE)
#define KTSTR_BELLS_SIZE 4096ull
/* There is something to take in the ring, or room in the inbox. */
#define KTSTR_DOORBELL	 0u

/*
 * Init stands in this write until it has its job (struct ktstr_handover). Behind the frame
 * KTSTR_READY, and once.
 */
#define KTSTR_READY_BELL 64u

#define KTSTR_CHANNEL_MAGIC 0x4843544bu /* "KTCH" */

#define KTSTR_SEED_SIZE 64u /* bytes; of a kernel's pool, 32 would do */

/* What init finds when its write to KTSTR_READY_BELL returns; the host writes it just before. */
struct ktstr_handover {
	uint64_t cargo_gpa;   /* guest-physical address of the cargo, a cpio archive ("newc") */
	uint64_t cargo_size;  /* bytes; 0: there is none */
	uint64_t realtime_ns; /* the host's CLOCK_REALTIME */
	uint8_t seed[KTSTR_SEED_SIZE]; /* random bytes that no other guest has */
	uint8_t pad[40];
};

/* The first page of the region. Each index has a cache line of its own. */
struct ktstr_channel {
	uint32_t magic;	  /* KTSTR_CHANNEL_MAGIC, written by the host before boot */
	uint32_t version; /* KTSTR_PROTOCOL_VERSION, likewise */
	uint8_t pad0[56];
	uint64_t head; /* bytes ever put in; written by the guest only (store-release) */
	uint8_t pad1[56];
	uint64_t tail; /* bytes ever taken out; written by the host only (store-release) */
	uint8_t pad2[56];
	uint64_t inbox_head; /* the same of the inbox: written by the host only */
	uint8_t pad3[56];
	uint64_t inbox_tail; /* by the guest only */
	uint8_t pad4[56];
	/* The host's answer to KTSTR_EXPIRED or KTSTR_FAILING: first the time, then one more answer
	 * (store-release).
	 */
	uint64_t lost_ns;
	uint64_t answers;
	uint64_t asked; /* the parts of KTSTR_OWN_WORDS that the host asks for (KTSTR_ASK); 0: none
			 */
	uint8_t pad5[40];
	struct ktstr_handover handover;
};

#define KTSTR_RING_OFFSET 4096ull
#define KTSTR_RING_SIZE	  (4ull << 20) /* a power of two */

/* The inbox lies behind the ring. */
#define KTSTR_INBOX_OFFSET    (KTSTR_RING_OFFSET + KTSTR_RING_SIZE)
#define KTSTR_INBOX_SIZE      (64ull << 10) /* a power of two */
#define KTSTR_INBOX_FRAME_MAX 4096u	    /* most payload bytes in one frame of the inbox */

/*
 * A frame starts at a multiple of KTSTR_FRAME_ALIGN, so that its header never wraps; its payload
 * may.
 */
#define KTSTR_FRAME_ALIGN 16u
#define KTSTR_FRAME_MAX	  65536u      /* most payload bytes in one frame */
#define KTSTR_FRAME_MAGIC 0x4d41524bu /* "KRAM" */

struct ktstr_frame {
	uint32_t magic;	 /* KTSTR_FRAME_MAGIC */
	uint16_t type;	 /* enum ktstr_frame_type */
	uint16_t unused; /* 0 */
	uint32_t length; /* payload bytes, at most KTSTR_FRAME_MAX */
	uint32_t crc;	 /* CRC-32 (zlib's) over the 12 bytes before this field, then the payload */
};

/* The bytes of the ring that a frame with @length payload bytes takes. */
static inline uint64_t ktstr_frame_space(uint64_t length)
{
	return sizeof(struct ktstr_frame) +
	       (length + KTSTR_FRAME_ALIGN - 1) / KTSTR_FRAME_ALIGN * KTSTR_FRAME_ALIGN;
}

enum ktstr_frame_type {
	KTSTR_HELLO = 1,       /* struct ktstr_hello: init runs */
	KTSTR_HEARTBEAT = 2,   /* struct ktstr_heartbeat, once a second */
	KTSTR_STARTED = 3,     /* struct ktstr_started: the payload's exec has succeeded */
	KTSTR_STDOUT = 4,      /* bytes of the payload's standard output */
	KTSTR_STDERR = 5,      /* bytes of its standard error */
	KTSTR_EXITED = 6,      /* struct ktstr_exited: after its last output */
	KTSTR_TRACER = 7,      /* struct ktstr_tracer */
	KTSTR_TRACER_TEXT = 8, /* bytes that the tracer itself printed */
	KTSTR_TRACE_BEGIN = 9, /* struct ktstr_trace: size to come, crc 0 */
	KTSTR_TRACE_DATA = 10, /* bytes of the trace file */
	KTSTR_TRACE_END = 11,  /* struct ktstr_trace: size and CRC of all of it */
	KTSTR_KMSG = 12,       /* bytes of the kernel log, as text lines */
	KTSTR_LOG = 13,	       /* one line of init's own: a warning that the user should see */
	KTSTR_BYE = 14,	       /* no payload: the last frame; the host may end the VM at once */
	KTSTR_EXPIRED = 15,    /* no payload: the time limit has passed on the guest's clock */
	KTSTR_READY = 16,      /* struct ktstr_ready: init waits for its job */
	KTSTR_KERNEL = 17,     /* those of KTSTR_KMSG that the kernel itself, and nobody by
				  /dev/kmsg, said while the payload ran: before KTSTR_EXITED */
	KTSTR_SCHED = 18,      /* struct ktstr_sched: attached, or not; and its end, before
				  KTSTR_EXITED */
	KTSTR_SCHED_TEXT = 19, /* bytes that the scheduler printed */
	KTSTR_SCHED_DUMP = 20, /* bytes of the tracepoint sched_ext_dump, in text */
	KTSTR_SCHED_EVENTS =
		21, /* the kernel's counters of events, in text; once, before its end */
	KTSTR_SCHED_KERNEL = 22, /* as KTSTR_KERNEL, from the scheduler's start to the payload's */
	KTSTR_METRICS = 24,	 /* struct ktstr_file, and behind it the beginning of the file:
				    once, before KTSTR_EXITED */
	KTSTR_SETUP = 26,	 /* struct ktstr_setup: one of its commands failed, once, and there
				    is no payload */
	KTSTR_WORK = 25,	 /* the beginning of the file KTSTR_WORK_PATH: likewise */
	KTSTR_FAILING = 29,   /* struct ktstr_exited, as it will be: the payload has failed, or is
				 past its limit, and nothing was ended or cleaned up since; once */
	KTSTR_RECORD = 31,    /* struct ktstr_record, and its rings: once, before the payload */
	KTSTR_OWN_WORDS = 32, /* struct ktstr_own_words, and text behind it: each part once */

	/* Host to guest, in the inbox. */
	KTSTR_KEYS = 64,   /* bytes that the user typed: input of the payload's terminal */
	KTSTR_RESIZE = 65, /* struct ktstr_resize */
	KTSTR_STDIN = 66,  /* bytes of the payload's standard input; none: its end */
};

/* All times: nanoseconds of the guest's CLOCK_BOOTTIME. */
struct ktstr_hello {
	uint32_t version;      /* KTSTR_PROTOCOL_VERSION of the init */
	uint32_t cpus_online;  /* sysconf(_SC_NPROCESSORS_ONLN) */
	uint32_t nodes_online; /* NUMA nodes with memory; 1 without CONFIG_NUMA */
	uint32_t unused;
	uint64_t boottime_ns;
	char release[64]; /* uname -r, NUL-padded, always terminated */
};

struct ktstr_ready {
	uint64_t boottime_ns;
};

struct ktstr_heartbeat {
	uint64_t boottime_ns;
};

struct ktstr_started {
	uint64_t boottime_ns;
};

enum ktstr_exit_kind {
	KTSTR_EXIT_STATUS = 0,	/* value = exit status 0..255 */
	KTSTR_EXIT_SIGNAL = 1,	/* value = signal number */
	KTSTR_EXIT_TIMEOUT = 2, /* init killed it at its time limit; value = 0 */
	KTSTR_EXIT_EXEC = 3,	/* exec failed; value = errno */
};

struct ktstr_exited {
	uint32_t kind; /* enum ktstr_exit_kind */
	uint32_t value;
	uint64_t start_ns; /* 0 when it never started */
	uint64_t end_ns;
	/* What the kernel did while the payload ran; 0 also where it does not tell. */
	uint64_t tainted;   /* bits that /proc/sys/kernel/tainted has got */
	uint64_t oom_kills; /* how far oom_kill of /proc/vmstat has moved (Linux 4.13) */
	uint32_t cpus_lost; /* how many were online at its start, and are not at its end */
	uint32_t cpu_lost;  /* the first of them */
	/* Time of all its CPUs that the host took meanwhile, as the kernel saw it: /proc/stat's
	 * steal, in ticks of 10 ms. KTSTR_NOT_TOLD: it does not tell. */
	uint64_t stolen_ns;
};

#define KTSTR_NOT_TOLD UINT64_MAX

/* What came of a file that the payload appends to. */
enum ktstr_file_state {
	KTSTR_FILE_READ = 0,
	KTSTR_FILE_GONE = 1,	/* there is none any more */
	KTSTR_FILE_NO_FILE = 2, /* another kind of file is there, or one of another file system */
	KTSTR_FILE_UNREAD = 3,	/* it cannot be read: error */
};

struct ktstr_file {
	uint32_t state; /* enum ktstr_file_state */
	uint32_t error; /* for UNREAD: errno */
	uint64_t size;	/* bytes of the file, of which KTSTR_METRICS_MAX at most follow */
};

/* Room for 512 lines as long as a line can be. */
#define KTSTR_METRICS_MAX 61440u
/* Most bytes of KTSTR_WORK. */
#define KTSTR_WORK_MAX	  61440u

enum ktstr_tracer_state {
	KTSTR_TRACER_READY = 0,	 /* it said that it is recording */
	KTSTR_TRACER_DONE = 1,	 /* it ended well and its trace follows */
	KTSTR_TRACER_FAILED = 2, /* it did not start, died, or left no trace: value says how */
};

struct ktstr_tracer {
	uint32_t state; /* enum ktstr_tracer_state */
	uint32_t kind;	/* for FAILED: enum ktstr_exit_kind, as for the payload */
	uint32_t value; /* for FAILED: as in ktstr_exited */
	uint32_t unused;
	char reason[112]; /* for FAILED: one clause ("no ready line within 30 s"), NUL-terminated */
};

/*
 * The scheduler that is tested (scheduler=). Its process starts behind the tracer and the setup,
 * and the payload behind its KTSTR_SCHED_ATTACHED. After KTSTR_SCHED_FAILED there is no payload.
 * While the payload runs it may have it replaced: that is an ENDED, and an ATTACHED or FAILED of
 * the next one.
 */
enum ktstr_sched_state {
	KTSTR_SCHED_ATTACHED =
		0,		/* sched_ext is enabled, and ops names what was not there before */
	KTSTR_SCHED_FAILED = 1, /* it was not attached: reason says how it came */
	KTSTR_SCHED_ENDED = 2,	/* with the payload's end, or before it */
};

#define KTSTR_SCHED_STOPPED   1u /* init told it to end, after the payload; else it did by itself */
#define KTSTR_SCHED_KILLED    2u /* ... and it had to be killed for that */
#define KTSTR_SCHED_STAYS     4u /* its process had ended, and sched_ext was still enabled */
#define KTSTR_SCHED_DISABLED  8u /* sched_ext was not enabled any more when the payload ended */
#define KTSTR_SCHED_ALL_FLAGS 15u

struct ktstr_sched {
	uint32_t state; /* enum ktstr_sched_state */
	uint32_t kind;	/* of its process' end: as in ktstr_exited; FAILED and ENDED */
	uint32_t value;
	uint32_t flags;	  /* KTSTR_SCHED_STOPPED and so on, of ENDED */
	uint64_t end_ns;  /* ENDED: CLOCK_BOOTTIME when it was seen to have ended by itself, or to
			     be enabled no more; 0: it went on until init stopped it.
			     ATTACHED: when it was seen to be attached */
	uint64_t gone_ns; /* ENDED: when its process had ended, by itself or by init */
	char ops[64];	  /* ATTACHED: what root/ops says; NUL-terminated */
	char reason[176]; /* FAILED: one clause; NUL-terminated */
};

/* Where a test asks for another scheduler: guest/replace.h. */
#define KTSTR_REPLACE_SOCKET "/run/ktstr/scheduler"

/* How long init waits for it to be attached, and for its end once it is told to, s. */
#define KTSTR_SCHED_ATTACH_S 60u
#define KTSTR_SCHED_STOP_S   3u

struct ktstr_setup {
	uint32_t index; /* of the job's setup=, from 0 */
	uint32_t kind;	/* enum ktstr_exit_kind; TIMEOUT: it was killed at the limit of them all */
	uint32_t value; /* as in ktstr_exited */
	uint32_t unused;
};

/*
 * The flight recorder, with KTSTR_RECORD_PARAM on the kernel command line: perf rings that
 * overwrite their oldest records, mapped by init, which never looks at them. The host reads them,
 * and what it takes to understand them, by init's page tables when the machine stands still: all
 * that stays the same for each copy of a machine is there before it is one, and is sent by none.
 */
#define KTSTR_RECORD_PARAM	"KTSTR_RECORD" /* KiB of each CPU's ring, a power of two from 4 on */
#define KTSTR_RECORD_FORMAT_MAX 16384u	       /* bytes of a format's text */

/* A tracepoint's file "format" in tracefs follows, @length bytes of it; then the next one. */
struct ktstr_record_format {
	uint32_t type; /* its number in event_types (src/trace/tracepoint.h) */
	uint32_t length;
};

/* Bytes of all of them; 32 are more than there are types. */
#define KTSTR_RECORD_FORMATS_MAX (32u * (KTSTR_RECORD_FORMAT_MAX + 8u))

struct ktstr_record_ring {
	uint64_t address; /* in init: struct perf_event_mmap_page, and the ring in the next page */
	uint32_t cpu;
	uint32_t unused;
};

struct ktstr_record {
	uint64_t data_size;   /* bytes of each ring */
	uint64_t boottime_ns; /* clocks at one moment; records have CLOCK_MONOTONIC */
	uint64_t monotonic_ns;
	uint64_t realtime_ns;
	uint64_t formats; /* in init: struct ktstr_record_format and text, one behind the other */
	uint32_t formats_size; /* bytes of them */
	uint32_t unused;
	uint32_t nr_rings; /* struct ktstr_record_ring, so many of them follow */
	uint32_t error;	   /* an errno: there is no recorder, or not for all CPUs; 0 */
	char reason[112];  /* what it is of; NUL-terminated */
};

/* What a guest that lives says of its failure, in this order. */
enum ktstr_own_words_part {
	KTSTR_WORDS_MEMORY = 0,	   /* /proc/meminfo */
	KTSTR_WORDS_PRESSURE = 1,  /* /proc/pressure/cpu, memory, io (PSI) */
	KTSTR_WORDS_SCHEDSTAT = 2, /* /proc/schedstat */
	KTSTR_WORDS_BLOCKED = 3, /* blocked tasks with backtraces, by the kernel's log (sysrq w) */
	/* The kernel's dump of the scheduler that is tested (sysrq D); the last: it takes the locks
	 * of all run queues, one of which a CPU that is stuck may hold for ever. */
	KTSTR_WORDS_SCHED_EXT = 4,
	KTSTR_WORDS_NR = 5,
};

/* In ktstr_channel's asked: this part. */
#define KTSTR_ASK(part) (1u << (part))
#define KTSTR_ASK_ALL	(KTSTR_ASK(KTSTR_WORDS_NR) - 1)

#define KTSTR_OWN_WORDS_MAX	16384u /* bytes of one part's text; the rest is left out */
/* Most time that init takes for all of it, ms; and how long the host waits for it: heartbeats,
 * where init looks whether it is asked, come each second. */
#define KTSTR_OWN_WORDS_MS	1000u
#define KTSTR_OWN_WORDS_WAIT_MS (KTSTR_OWN_WORDS_MS + 1500u)

struct ktstr_own_words {
	uint32_t part;	/* enum ktstr_own_words_part */
	uint32_t error; /* errno: it was not to be had; ETIMEDOUT: there was no time for it;
			   ECANCELED: it was not asked for; 0 */
};

/* The size of the user's terminal, characters; 0: not known. */
struct ktstr_resize {
	uint16_t rows, columns;
};

struct ktstr_trace {
	uint64_t size;
	uint32_t crc; /* CRC-32 of all its bytes */
	uint32_t unused;
};

/*
 * The job file: NUL-terminated strings "key=value", in any order:
 *   arg=...		an argument of the payload, in order, the first being its path (1 or more)
 *   env=K=V		one environment variable of the payload
 *   cwd=...		its working folder; made when missing
 *   timeout_ms=N	kill it N ms after its start; 0: never
 *   tty=1		the payload runs in a terminal of its own, its controlling one: all of its
 *			output is KTSTR_STDOUT, its input is KTSTR_KEYS of the inbox. Without
 *			it the input is that of stdin, or /dev/null
 *   stdin=1		the payload's standard input is a pipe, fed with the KTSTR_STDIN of the
 *			inbox; not with tty=1
 *   metrics=1		an empty file KTSTR_METRICS_PATH, named to the payload by the variable
 *			KTSTR_METRICS unless env sets that; what it holds at its end is sent.
 *			Likewise KTSTR_WORK_PATH and KTSTR_WORK_SAYS
 *   module=PATH PARAMS	load this kernel module before tracer and payload, in order; what
 *			keeps it from being loaded ends the run. PARAMS may be empty
 *   try_module=PATH PARAMS	the same, but the run goes on without it
 *   setup=COMMAND	a line of shell that runs before scheduler and payload, in order; what fails
 *			ends the run
 *   setup_ms=N		a limit for all of them together; 0: none
 *   scheduler=PATH	a sched_ext scheduler: started before the payload, watched, and stopped
 *			behind it
 *   scheduler_arg=...	one of its arguments, in order
 *   tracer=1		start KTSTR_TRACER_PATH before the payload
 *   tracer_bpf=1	it uses BPF: if it does not start, say what the kernel lacks for that
 *   tracer_args=...	the tracer's arguments, joined by KTSTR_WPROF_ARGS_SEPARATOR
 *   tracer_window_ms=N	append "-d N" to the tracer's arguments, so that its window spans
 *			the payload
 * An unknown key is an error: both sides come from one build.
 */
#define KTSTR_JOB_PATH "/ktstr/job"

/* What the payload appends its metrics to: lines "name value unit [lower|higher]". */
#define KTSTR_METRICS_PATH     "/ktstr/metrics"
#define KTSTR_METRICS_VARIABLE "KTSTR_METRICS"

/*
 * What ktstr-work appends to when it could not do what it was told, or could not tell, or a check
 * failed: a line "error WHY", "inconclusive WHY" or "failed WHY". Its exit status tells that to its
 * caller, but none of it to us, where the payload is a script, or ends with such a status itself.
 */
#define KTSTR_WORK_PATH	    "/ktstr/work"
#define KTSTR_WORK_VARIABLE "KTSTR_WORK_SAYS"

/* Where the cargo holds kernel modules; init removes each that it has loaded. */
#define KTSTR_MODULES_DIR "/ktstr/modules"
/* PATH where the job sets none. */
#define KTSTR_USUAL_PATH  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Where the cargo holds the tracer, and where init lets it write. */
#define KTSTR_TRACER_PATH	 "/bin/wprof"
#define KTSTR_TRACER_DIR	 "/tmp/ktstr"
/*
 * How the line begins by which a tracer says that it is recording; of later wprofs' flight recorder
 * as well. There may be a time of day before it.
 */
#define KTSTR_TRACER_READY_LINE	 "Running..."
#define KTSTR_TRACER_FLIGHT_LINE "Running in flight recorder mode"
/*
 * How long init waits for it, s. wprof touches all of its ring buffers first: 2 GiB take over a
 * minute on a busy emulated host.
 */
#define KTSTR_TRACER_READY_S	 300u

/*
 * Kernel command line parameter with the tracer's arguments, joined by the ASCII unit separator:
 * the kernel splits at white space, and passes what it does not know to init's environment. It is
 * there in a machine that boots with its tracer on, for who looks into /proc/cmdline: init has them
 * by the job, as a machine that began as a copy has its base's command line.
 */
#define KTSTR_WPROF_ARGS_PARAM	   "KTSTR_WPROF_ARGS"
#define KTSTR_WPROF_ARGS_SEPARATOR 0x1f

/*
 * With KTSTR_HELLO=1 on the kernel command line init's very first act is to print this line to the
 * console: `make bench` times any VMM by it, also one that has no channel.
 */
#define KTSTR_HELLO_PARAM "KTSTR_HELLO"
#define KTSTR_HELLO_LINE  "ktstr-init: hello"

#endif
