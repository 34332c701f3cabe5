/* What did a guest show of itself, for programs? See inside.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report/inside.h"
#include "util/utf8.h"

#define LOG_LINES 60

void report_frame(const struct backtrace_frame *frame, char text[REPORT_FRAME_SIZE])
{
	char symbol[CODE_NAME_SIZE], module[MODULE_NAME_SIZE];
	const char *guess = frame->kind == FRAME_SCAN ? "? " : "";

	if (!*frame->symbol) {
		snprintf(text, REPORT_FRAME_SIZE, "%s0x%" PRIx64, guess, frame->address);
		return;
	}
	utf8_printable(symbol, sizeof(symbol), frame->symbol, strlen(frame->symbol));
	utf8_printable(module, sizeof(module), frame->module, strlen(frame->module));
	snprintf(text, REPORT_FRAME_SIZE, "%s%s+0x%" PRIx64 "/0x%" PRIx64 "%s%s%s", guess, symbol,
		 frame->offset, frame->size, *module ? " [" : "", module, *module ? "]" : "");
}

static void put_or_null(struct json *json, const char *key, bool known, uint64_t number)
{
	if (known)
		json_put_number(json, key, number);
	else
		json_put_null(json, key);
}

static void put_ns(struct json *json, const char *key, bool known, uint64_t ns)
{
	if (known)
		json_put_seconds(json, key, (double)(ns / 1000000) / 1000);
	else
		json_put_null(json, key);
}

static struct json_object *task_value(const struct inspect_task *task)
{
	const char state[] = { task->letter, '\0' };
	struct json json = json_begin();

	json_put_int(&json, "pid", task->pid);
	json_put_int(&json, "tgid", task->tgid);
	json_put_text(&json, "name", task->comm);
	json_put_text(&json, "class", task_class_name(task->class));
	json_put_number(&json, "policy", task->policy);
	json_put_int(&json, "priority", task->prio);
	json_put_text(&json, "state", state);
	put_or_null(&json, "cpu", task->cpu >= 0, (uint64_t)task->cpu);
	json_put_bool(&json, "kernel_thread", task->is_kernel_thread);
	return json_end(&json);
}

/* The next of a backtrace's frames. */
struct frames {
	const struct backtrace *trace;
	unsigned int at;
	char text[REPORT_FRAME_SIZE];
};

static const char *next_frame(void *data)
{
	struct frames *frames = data;

	if (frames->at == frames->trace->nr)
		return NULL;
	report_frame(&frames->trace->frames[frames->at++], frames->text);
	return frames->text;
}

static struct json_object *backtrace_value(const struct backtrace *trace)
{
	static const char *const ends[] = {
		[BACKTRACE_NONE] = "none",    [BACKTRACE_USER] = "user",
		[BACKTRACE_START] = "start",  [BACKTRACE_STOPPED] = "stopped",
		[BACKTRACE_FULL] = "no-room",
	};
	struct frames frames = { .trace = trace };
	struct json json = json_begin();

	json_put_texts(&json, "frames", next_frame, &frames);
	json_put_text(&json, "end", ends[trace->end]);
	json_put_text(&json, "error", trace->why);
	return json_end(&json);
}

static struct json_object *waiting_value(const struct waiting *waiting)
{
	static const char *const dsqs[] = {
		[DSQ_NONE] = NULL,	 [DSQ_BPF] = "bpf",	  [DSQ_LOCAL] = "local",
		[DSQ_GLOBAL] = "global", [DSQ_BYPASS] = "bypass", [DSQ_BUILTIN] = "builtin",
		[DSQ_USER] = "user",
	};
	struct json json = json_begin();

	json_put(&json, "task", task_value(&waiting->task));
	put_ns(&json, "waited_s", waiting->by != WAIT_UNKNOWN, waiting->waited_ns);
	json_put_bool(&json, "since_it_last_ran", waiting->by == WAIT_LAST_RAN);
	json_put_bool(&json, "throttled", waiting->is_throttled);
	json_put_text(&json, "dsq", dsqs[waiting->dsq]);
	put_or_null(&json, "dsq_id", waiting->dsq == DSQ_USER || waiting->dsq == DSQ_BUILTIN,
		    waiting->dsq_id);
	return json_end(&json);
}

/* The next of an array's items, which are @size bytes each. */
struct items {
	const void *first;
	size_t size, nr, at;
	struct json_object *(*value)(const void *item);
};

static struct json_object *next_item(void *data, bool *end)
{
	struct items *items = data;

	*end = items->at == items->nr;
	return *end ? NULL : items->value((const char *)items->first + items->size * items->at++);
}

static struct json_object *any_waiting(const void *item)
{
	return waiting_value(item);
}

static void put_waiting(struct json *json, const char *key, const struct waiting *waiting,
			unsigned int nr)
{
	struct items items = { waiting, sizeof(*waiting), nr, 0, any_waiting };

	json_put_list(json, key, next_item, &items);
}

static struct json_object *runqueue_value(const struct runqueue *runqueue)
{
	struct json json = json_begin();

	json_put_text(&json, "error", runqueue->why);
	put_or_null(&json, "running", runqueue->is_known && runqueue->nr_running >= 0,
		    (uint64_t)runqueue->nr_running);
	put_waiting(&json, "waiting", runqueue->waiting, runqueue->nr_waiting);
	return json_end(&json);
}

static struct json_object *cpu_value(const void *item)
{
	const struct inspect_cpu *cpu = item;
	bool known = !*cpu->why_registers;
	struct json json = json_begin();
	char rip[32];

	snprintf(rip, sizeof(rip), "0x%" PRIx64, cpu->rip);
	json_put_number(&json, "cpu", cpu->cpu);
	json_put_text(&json, "registers_error", cpu->why_registers);
	json_put_text(&json, "rip", known ? rip : NULL);
	json_put_text(&json, "mode", !known ? NULL : cpu->is_in_user ? "user" : "kernel");
	if (known)
		json_put_bool(&json, "takes_interrupts", cpu->takes_interrupts);
	else
		json_put_null(&json, "takes_interrupts");
	json_put_text(&json, "task_error", cpu->why_task);
	if (*cpu->why_task)
		json_put_null(&json, "task");
	else
		json_put(&json, "task", task_value(&cpu->task));
	json_put(&json, "backtrace", backtrace_value(&cpu->trace));
	json_put(&json, "run_queue", runqueue_value(&cpu->runqueue));
	return json_end(&json);
}

static struct json_object *blocked_value(const void *item)
{
	const struct inspect_blocked *blocked = item;
	struct json json = json_begin();

	json_put(&json, "task", task_value(&blocked->task));
	put_ns(&json, "not_run_s", blocked->is_known, blocked->not_run_ns);
	json_put(&json, "backtrace", backtrace_value(&blocked->trace));
	return json_end(&json);
}

static const char *next_text(void *data)
{
	const char *const **next = data;

	return *(*next)++;
}

static void put_machine(struct json *json, const struct inspect_machine *machine)
{
	struct items cpus = { machine->cpus, sizeof(*machine->cpus), machine->nr_cpus, 0,
			      cpu_value };
	struct items blocked = { machine->blocked, sizeof(*machine->blocked), machine->nr_blocked,
				 0, blocked_value };
	struct items sleeping = { machine->sleeping, sizeof(*machine->sleeping),
				  machine->nr_sleeping, 0, blocked_value };
	const char *const errors[] = { machine->why_tasks,
				       machine->why_waits,
				       machine->why_types,
				       machine->why_unwinding,
				       machine->why_modules,
				       machine->why_bpf,
				       machine->is_out_of_time ? "the time for it was over" : "",
				       NULL };
	const char *said[8] = { NULL };
	const char *const *next = said;
	size_t nr = 0;

	for (size_t i = 0; errors[i]; i++)
		if (*errors[i])
			said[nr++] = errors[i];
	json_put_number(json, "tasks", machine->nr_tasks);
	json_put_list(json, "cpus", next_item, &cpus);
	put_waiting(json, "longest_waiting", machine->longest, machine->nr_longest);
	put_waiting(json, "in_no_queue", machine->unqueued, machine->nr_unqueued);
	json_put_number(json, "in_no_queue_count", machine->nr_unqueued_in_all);
	json_put_list(json, "blocked", next_item, &blocked);
	json_put_number(json, "blocked_count", machine->nr_blocked_in_all);
	json_put_list(json, "sleeping", next_item, &sleeping);
	json_put_number(json, "sleeping_count", machine->nr_sleeping_in_all);
	json_put_texts(json, "incomplete", next_text, &next);
}

/* The last lines of what the kernel said, also what no console has shown. */
struct log_lines {
	const struct printk_log *log;
	size_t at;
	char text[1024];
};

static const char *next_record(void *data)
{
	struct log_lines *records = data;
	const struct printk_record *record;
	char prefix[PRINTK_PREFIX_SIZE];

	if (records->at == records->log->nr)
		return NULL;
	record = &records->log->records[records->at++];
	printk_prefix(record, prefix);
	snprintf(records->text, sizeof(records->text), "%s%.*s", prefix,
		 record->size < 900 ? (int)record->size : 900, record->text);
	return records->text;
}

void report_inside_json(struct json *json, const struct inside *inside)
{
	struct log_lines records = { .log = &inside->log };
	struct json value;

	if (!inside->at_ns) {
		json_put_null(json, "inside");
		return;
	}
	if (inside->log.nr > LOG_LINES)
		records.at = inside->log.nr - LOG_LINES;
	value = json_begin();
	json_put_text(&value, "error", inside->why);
	put_ns(&value, "took_s", true, inside->took_ns);
	if (inside->machine)
		put_machine(&value, inside->machine);
	json_put_text(&value, "kernel_log_error", inside->why_log);
	json_put_texts(&value, "kernel_log_tail", next_record, &records);
	json_put(json, "inside", json_end(&value));
}
