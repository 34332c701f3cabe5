/*
 * The event loop of PID 1 and all that it looks after: the payload, the tracer, the kernel log,
 * heartbeats. One thread; payload.c and tracer.c turn the loop until what they wait for has come.
 */
#ifndef KTSTR_GUEST_SESSION_H
#define KTSTR_GUEST_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "channel.h"
#include "flight.h"
#include "job.h"
#include "kmsg.h"
#include "scheduler_text.h"

/* A process that init has started. */
struct child {
	pid_t pid; /* 0: none was started */
	bool running;
	int status;	 /* waitpid's, once it is no longer running */
	uint64_t end_ns; /* when it was reaped */
};

/* Output of a process on its way into the channel. */
struct stream {
	int fd; /* -1: at its end */
	enum ktstr_frame_type type;
};

/* Has the tracer said that it is recording? */
struct ready_scan {
	char line[64]; /* its current line's first bytes */
	size_t length;
	bool ready;
};

enum tracer_phase {
	TRACER_IDLE,	  /* not started */
	TRACER_STARTING,  /* runs, but is not yet ready */
	TRACER_RECORDING, /* ready; runs, or has ended well by itself */
	TRACER_OVER,	  /* the host knows how it ended */
};

struct tracer {
	const char *path;   /* of the program */
	const char *folder; /* where it writes */
	char *args; /* joined by KTSTR_WPROF_ARGS_SEPARATOR, is cut up; NULL: nobody gave any */
	enum tracer_phase phase;
	struct child child;
	struct stream text; /* what it prints */
	struct ready_scan scan;
	uint64_t interrupted_ns; /* when it was told to stop; 0: not yet */
};

/* The scheduler that is tested. */
struct scheduler {
	struct child child;
	struct stream text; /* what it prints */
	struct scheduler_text said;
	int dump;	     /* trace_pipe of the kernel's dumps; -1: there is none */
	bool attached;	     /* and not yet told of its end */
	bool held;	     /* scheduler_hold: what comes after that is not its own doing */
	uint64_t end_ns;     /* when it was seen to have ended by itself; 0: it was not */
	uint64_t kmsg_total; /* as much of the kernel's log was there at the last look */
	int replace;	     /* socket that takes requests for another one; -1: there is none */
	bool asked;	     /* there is a request */
	bool replacing;	     /* and it is worked on: no other is looked for */
	char why[176];	     /* the last one was not attached: in one clause */
};

/* The payload's terminal; its output is the session's stream out, whose fd is our end of it. */
struct terminal {
	bool broken;	     /* the inbox held what no host writes: it is not looked at any more */
	uint64_t look_ns;    /* when to look at the inbox next */
	uint64_t alert_ns;   /* until then it is looked at often */
	uint32_t used, sent; /* of keys: bytes there, bytes that the terminal has taken */
	uint8_t keys[KTSTR_INBOX_FRAME_MAX];
};

/* The payload's standard input, where it gets one. */
struct stdin_feed {
	int fd;		     /* our end of its pipe; -1: there is none, or no more */
	uint64_t look_ns;    /* when to look at the inbox next */
	uint64_t alert_ns;   /* until then it is looked at often */
	uint32_t used, sent; /* of bytes: those there, those that the pipe has taken */
	uint8_t bytes[KTSTR_INBOX_FRAME_MAX];
};

/* What the payload appends to: metrics, or the words of ktstr-work. */
struct payload_file {
	const char *path;
	bool made;
	dev_t device; /* where it was made */
};

struct session {
	struct guest_channel *channel;
	const struct job *job;
	int proc;		 /* /proc, opened before the payload can hide it */
	int signals;		 /* signalfd of SIGCHLD */
	bool reap_more;		 /* there may be zombies that no signal will tell of */
	uint64_t heartbeat_ns;	 /* when the next one is due */
	uint64_t last_output_ns; /* when the payload's output last came */
	struct child payload;
	struct stream out, err;
	struct terminal terminal;
	struct stdin_feed feed;
	struct tracer tracer;
	struct scheduler scheduler;
	struct payload_file metrics, work;
	bool own_words_said;
	struct kmsg *kmsg;		/* the caller's */
	struct flight_recorder *flight; /* the caller's; NULL: there is none */
};

/*
 * session_open - blocks all signals. @kmsg: open. The tracer's path and folder are the
 * protocol's. Returns 0 or a negative errno, with one line in @why.
 */
int session_open(struct session *session, struct guest_channel *channel, const struct job *job,
		 struct kmsg *kmsg, char *why, size_t why_size);
void session_close(struct session *session);

/*
 * session_turn - wait for an event, until @until at the latest, and deal with what is there: at
 * most one frame of each stream, so that nothing starves. Returns the time, for the caller's
 * limits.
 */
uint64_t session_turn(struct session *session, uint64_t until);

/*
 * session_ask_lost - how much of the time since KTSTR_STARTED has the host not run us? Turns the
 * loop until the host has answered, the payload has ended, or the host has been silent for too
 * long. Returns nanoseconds; 0 also where there was no answer.
 */
uint64_t session_ask_lost(struct session *session);

/*
 * session_tell_failing - the payload fails, so: leave all as it is until the host has looked at it.
 * Turns the session meanwhile, for as long as that.
 */
void session_tell_failing(struct session *session, const struct ktstr_exited *exited);

/* Send a heartbeat if one is due. @now: the time. */
void session_heartbeat(struct session *session, uint64_t now);

/* From waitpid's status to kind and value of the protocol. */
enum ktstr_exit_kind session_exit_kind(int status, uint32_t *value);

#endif
