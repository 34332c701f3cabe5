/* What is looked at in a machine whose test fails, before it is gone? See look.h. */
#include "run/look.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "vmcore/vmcore.h"

void look_init(struct look *look)
{
	look->taken = false;
	look->path[0] = look->error[0] = '\0';
	look->file.fd = -1;
}

/* Of what the launcher or the user did the guest's memory tells nothing. */
static bool is_failure(const struct look *look, const struct verdict *verdict)
{
	return verdict->kind != VERDICT_PASS && verdict->kind != VERDICT_NOT_RUN &&
	       verdict->kind != VERDICT_INTERRUPTED &&
	       !(look->as_it_should && look->as_it_should(verdict, look->as_it_should_data));
}

bool look_wants(const struct look *look, const struct verdict *verdict)
{
	return look->vmcore && is_failure(look, verdict) &&
	       (!look->taken || look->kind != verdict->kind);
}

void look_missed(struct look *look, const struct error *err)
{
	snprintf(look->error, sizeof(look->error), "--vmcore: %.1000s", err->text);
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

void look_take(struct look *look, struct vmm *vmm, const struct verdict *verdict)
{
	struct error err = { "" };

	artefact_abandon(&look->file);
	look->error[0] = '\0';
	look->taken = true;
	look->kind = verdict->kind;
	if (write_core(look, vmm, &err))
		look_missed(look, &err);
}

void look_finish(struct look *look, const struct verdict *verdict)
{
	struct error err = { "" };

	if (!verdict || !is_failure(look, verdict)) {
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
