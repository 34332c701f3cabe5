/* What is on the guest kernel's command line, and why? See cmdline.h. */
#include "run/cmdline.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../guest/protocol.h"

/*
 * README, "The kernel command line", tells the user the same. What the machine itself needs comes
 * before it (vmm_default_cmdline). All but the first line are there for the time to boot only.
 */
static const char defaults[] =
	" quiet panic=-1 oops=panic" /* an oops is a failure, not a line in a log */
	" rootfstype=ramfs"	     /* tmpfs would give the root half of the memory only */
	" mitigations=off"	/* the guest guards nothing from itself; undo: mitigations=auto */
	" cryptomgr.notests"	/* nor self-tests of ciphers */
	" random.trust_cpu=on"; /* do not wait for entropy */

/* No clocksource watchdog. Only where the host's TSC is good: nothing else would notice a bad one.
 */
static const char trust_tsc[] = " tsc=reliable";

int cmdline_build(bool kaslr, const struct plan *plan, const struct wprof_config *wprof,
		  const char *append, char out[VMM_CMDLINE_SIZE], struct error *err)
{
	char args[VMM_CMDLINE_SIZE] = "", record[64] = "";
	size_t length;
	int ret;

	for (const char *c = append ? append : ""; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return error_set(
				err, -EINVAL,
				"--append: a control character (%#04x) at byte %td; the kernel "
				"command line is one line of text",
				(unsigned char)*c, c - append);
	if (append && strstr(append, KTSTR_RECORD_PARAM "="))
		return error_set(err, -EINVAL,
				 "--append: " KTSTR_RECORD_PARAM
				 " is the launcher's own word; give --record-mib "
				 "(record_mib=)");
	if (wprof) {
		ret = wprof_render_args(wprof, args, sizeof(args), err);
		if (ret)
			return ret;
	}
	if (plan->record_mib)
		snprintf(record, sizeof(record), " " KTSTR_RECORD_PARAM "=%llu",
			 (unsigned long long)plan->record_mib << 10);
	length = (size_t)snprintf(
		out, VMM_CMDLINE_SIZE, "%s%s%s%s%s%s%s%s%s", vmm_default_cmdline(), defaults,
		plan->tsc_reliable ? trust_tsc : "", kaslr ? "" : " nokaslr", record,
		*args ? " " : "", args, append && *append ? " " : "", append ? append : "");
	if (length >= VMM_CMDLINE_SIZE - VMM_CMDLINE_OWN)
		return error_set(
			err, -E2BIG,
			"the kernel command line would be %zu bytes, there is room for %llu; "
			"shorten --append (%zu bytes) or --wprof-args (%zu bytes)",
			length, VMM_CMDLINE_SIZE - VMM_CMDLINE_OWN - 1, append ? strlen(append) : 0,
			strlen(args));
	return 0;
}
