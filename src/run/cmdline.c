/* What is on the guest kernel's command line, and why? See cmdline.h. */
#include "run/cmdline.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/*
 * README, "The kernel command line", tells the user the same. All but the first three lines are
 * there for the time to boot only.
 */
static const char defaults[] =
	"console=ttyS0 quiet" /* the console is for the kernel's own words and for panics */
	/*
	 * A panic ends the VM at once, by ACPI's reset register. It has to be named: a
	 * hardware-reduced machine is otherwise taken for one with EFI (reboot_init), and left
	 * hanging. A triple fault (reboot=t) would cost the vCPU's registers on AMD.
	 */
	" panic=-1 reboot=a"
	" oops=panic"	    /* an oops is a failure, not a line in a log */
	" rootfstype=ramfs" /* tmpfs would give the root half of the memory only */
	" pci=off"	    /* there is none: do not look for it */
	" 8250.nr_uarts=1"  /* nor for three more serial ports */
	" mitigations=off"  /* the guest guards nothing from itself; undo: mitigations=auto */
	" irqaffinity=0"    /* the console's interrupts disturb one CPU, not those under test */
	" noreplace-smp" /* one CPU: leave the lock prefixes in, rather than patch them all out */
	" cryptomgr.notests"	/* nor self-tests of ciphers */
	" random.trust_cpu=on"; /* do not wait for entropy */

/* No clocksource watchdog. Only where the host's TSC is good: nothing else would notice a bad one.
 */
static const char trust_tsc[] = " tsc=reliable";

int cmdline_build(bool kaslr, bool tsc_reliable, const struct wprof_config *wprof,
		  const char *append, char out[LAYOUT_CMDLINE_SIZE], struct error *err)
{
	char args[LAYOUT_CMDLINE_SIZE] = "";
	size_t length;
	int ret;

	for (const char *c = append ? append : ""; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return error_set(
				err, -EINVAL,
				"--append: a control character (%#04x) at byte %td; the kernel "
				"command line is one line of text",
				(unsigned char)*c, c - append);
	if (wprof) {
		ret = wprof_render_args(wprof, args, sizeof(args), err);
		if (ret)
			return ret;
	}
	length = (size_t)snprintf(out, LAYOUT_CMDLINE_SIZE, "%s%s%s%s%s%s%s", defaults,
				  tsc_reliable ? trust_tsc : "", kaslr ? "" : " nokaslr",
				  *args ? " " : "", args, append && *append ? " " : "",
				  append ? append : "");
	if (length >= LAYOUT_CMDLINE_SIZE - LAYOUT_CMDLINE_OWN)
		return error_set(
			err, -E2BIG,
			"the kernel command line would be %zu bytes, there is room for %llu; "
			"shorten --append (%zu bytes) or --wprof-args (%zu bytes)",
			length, LAYOUT_CMDLINE_SIZE - LAYOUT_CMDLINE_OWN - 1,
			append ? strlen(append) : 0, strlen(args));
	return 0;
}
