/* What is looked at in a machine whose test fails, before it is gone? See look.h. */
#include "run/look.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "inspect/inspect.h"
#include "util/clock.h"
#include "vmcore/vmcore.h"

/*
 * What ktstr-work has said comes after the payload's failure was looked at, and makes an error of
 * it, or an inconclusive test, as does the host's noise: the same failure.
 */
static enum verdict_kind same_as(const struct verdict *verdict)
{
	if (verdict->by_host)
		return verdict->kind_without_host;
	return verdict->kind == VERDICT_ERROR || verdict->kind == VERDICT_INCONCLUSIVE
		       ? VERDICT_FAIL
		       : verdict->kind;
}

static bool is_new_to(const struct looked *looked, const struct verdict *verdict)
{
	return !looked->taken || looked->kind != same_as(verdict);
}

static void note(struct looked *looked, const struct verdict *verdict)
{
	*looked = (struct looked){ .taken = true, .kind = same_as(verdict) };
}

void look_init(struct look *look)
{
	look->inside.taken = look->recorded.taken = look->core.taken = false;
	look->path[0] = look->error[0] = '\0';
	look->file.fd = -1;
	look_trace_init(&look->trace);
}

/* Of what the launcher or the user did the guest's memory tells nothing. */
static bool is_failure(const struct look *look, const struct verdict *verdict)
{
	return verdict->kind != VERDICT_PASS && verdict->kind != VERDICT_NOT_RUN &&
	       verdict->kind != VERDICT_INTERRUPTED &&
	       !(look->as_it_should && look->as_it_should(verdict, look->as_it_should_data));
}

/* A payload that prints what looks like a panic, again and again, has the guest read no more often.
 */
#define LOOKS_MAX 4u

static bool wants_inside(const struct look *look, const struct verdict *verdict)
{
	return look->limit_ms && look->nr_inside < LOOKS_MAX && is_new_to(&look->inside, verdict);
}

static bool wants_core(const struct look *look, const struct verdict *verdict)
{
	return look->vmcore && is_new_to(&look->core, verdict);
}

static bool wants_trace(const struct look *look, const struct verdict *verdict)
{
	return look->record && is_new_to(&look->recorded, verdict);
}

bool look_wants(const struct look *look, const struct verdict *verdict, bool with_core)
{
	return is_failure(look, verdict) &&
	       (wants_inside(look, verdict) || wants_trace(look, verdict) ||
		(with_core && wants_core(look, verdict)));
}

void look_missed(struct look *look, const struct error *err)
{
	if (look->vmcore)
		snprintf(look->error, sizeof(look->error), "--vmcore: %.1000s", err->text);
	if (look->record && !look->recorded.taken)
		snprintf(look->trace.error, sizeof(look->trace.error), "%s", err->text);
}

/* For its owner's eyes: all that the guest had in its memory is in it. */
static int write_core(struct look *look, struct vmm *vmm, struct error *err)
{
	bool has_info = false;
	int ret = artefact_begin(look->artefacts, ARTEFACT_VMCORE, &look->file, err);

	if (!ret && fchmod(look->file.fd, 0600) < 0) {
		ret = -errno;
		error_set(err, ret, "'%s': making it its owner's alone: %s", look->file.path,
			  strerror(-ret));
	}
	if (!ret) {
		ret = vmcore_write(vmm, look->file.fd, &has_info, err);
		if (ret)
			error_prefix(err, ret, "'%s'", look->file.path);
	}
	if (ret)
		artefact_abandon(&look->file);
	else if (!has_info)
		snprintf(
			look->error, sizeof(look->error), "%s",
			"--vmcore: the guest's kernel had made no VMCOREINFO yet: the core has memory and "
			"registers only");
	return ret;
}

/* Most text of the kernel's log that is kept, bytes. */
#define LOG_MAX (1u << 20)

/* Before the kernel has written VMCOREINFO its types tell how the log is laid out. */
static int read_log(struct inspect *inspect, struct printk_log *log, struct error *err)
{
	struct btf *btf = NULL;
	int ret = printk_read(inspect, NULL, LOG_MAX, log, err);

	if (ret != -ENOENT || btf_open(inspect, &btf, NULL))
		return ret;
	printk_free(log);
	*log = (struct printk_log){ 0 };
	ret = printk_read(inspect, btf, LOG_MAX, log, err);
	btf_close(btf);
	return ret;
}

/* All that the guest shows, within the time that it may take. */
static void look_inside(const struct look *look, struct vmm *vmm, uint64_t at_ns,
			struct inside *inside)
{
	struct inspect *inspect = NULL;
	struct inspect_source source;
	struct error err = { "" };
	int ret;

	inside_clear(inside);
	inside->at_ns = at_ns;
	ret = vmm_source(vmm, &source, &err);
	if (!ret)
		ret = inspect_open(&source, look->limit_ms, &inspect, &err);
	if (!ret)
		ret = inspect_machine_read(inspect, &inside->machine, &err);
	if (ret)
		memcpy(inside->why, err.text, sizeof(inside->why));
	if (!inspect || read_log(inspect, &inside->log, &err))
		memcpy(inside->why_log, err.text, sizeof(inside->why_log));
	inspect_close(inspect);
	inside->took_ns = now_ns() - inside->at_ns;
}

static void take_trace(struct look *look, struct vmm *vmm, const struct observation *seen,
		       const struct flight *flight, uint64_t at_ns, const struct verdict *verdict)
{
	struct inspect_source source;
	struct error err = { "" };

	if (vmm_source(vmm, &source, &err))
		look_missed(look, &err);
	else
		look_trace_take(&look->trace, flight, &source, seen, at_ns, look->artefacts);
	note(&look->recorded, verdict);
}

void look_take(struct look *look, struct vmm *vmm, const struct observation *seen,
	       const struct flight *flight, const struct verdict *verdict, bool with_core,
	       struct inside *inside)
{
	const uint64_t at_ns = now_ns();
	struct error err = { "" };

	if (wants_inside(look, verdict)) {
		note(&look->inside, verdict);
		look->nr_inside++;
		look_inside(look, vmm, at_ns, inside);
	}
	if (wants_trace(look, verdict))
		take_trace(look, vmm, seen, flight, at_ns, verdict);
	if (!with_core || !wants_core(look, verdict))
		return;
	artefact_abandon(&look->file);
	look->error[0] = '\0';
	note(&look->core, verdict);
	if (write_core(look, vmm, &err))
		look_missed(look, &err);
}

void look_forget(struct look *look, struct inside *inside)
{
	inside_clear(inside);
	artefact_abandon(&look->file);
	look_trace_drop(&look->trace);
	look_init(look);
}

void look_finish(struct look *look, const struct observation *seen, const struct verdict *verdict)
{
	struct error err = { "" };
	bool kept = verdict && is_failure(look, verdict);

	if (kept)
		look_trace_keep(&look->trace, seen, verdict, look->artefacts);
	else
		look_trace_drop(&look->trace);
	if (kept && look->no_record)
		snprintf(look->trace.error, sizeof(look->trace.error), "%s", look->no_record);
	if (!kept) {
		artefact_abandon(&look->file);
		look->error[0] = '\0';
		return;
	}
	if (look->file.fd < 0)
		return;
	if (artefact_commit(look->artefacts, &look->file, &err))
		look_missed(look, &err);
	else
		snprintf(look->path, sizeof(look->path), "%s", look->file.path);
}
