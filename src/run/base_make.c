/* How does a base come about that many runs fork from? See base_make.h. */
#include "run/base_make.h"

#include <errno.h>

#include "base/take.h"
#include "run/rights.h"

/* There is no base: why? */
static int explain(const struct watch *watch, struct error *err)
{
	struct verdict verdict;

	if (watch->seen->stop == STOP_SIGNAL)
		return error_set(err, -EINTR, "interrupted");
	if (*watch->take_error.text) {
		*err = watch->take_error;
		return watch->take_result;
	}
	verdict_of(watch->seen, &verdict);
	return error_set(err, -ENOEXEC, "%s", verdict.cause);
}

/* From here on this process writes no file at all, as far as the host's kernel can see to that. */
static int run_made(struct guest_config *guest, struct vmm *vmm, struct watch *watch,
		    struct error *err)
{
	int ret = rights_keep_writes(NULL, NULL, NULL, err);

	if (!ret || ret == -EOPNOTSUPP)
		return guest_run(guest, vmm, watch, err);
	vmm_destroy(vmm);
	return ret;
}

/* Does KVM take back what it has told? Each fork would be refused by itself, and boot after all. */
static int try_fork(struct guest_config *guest, const struct base *base, struct observation *seen,
		    struct error *err)
{
	struct vmm *vmm;
	int ret;

	guest->take = NULL;
	guest->base = base;
	ret = guest_create(guest, seen, &vmm, err);
	if (guest->refused)
		return error_prefix(err, -ENOTSUP, "this host's KVM takes no saved machine");
	if (!ret)
		vmm_destroy(vmm);
	return ret;
}

int run_make_base(const struct run_config *config, struct base *base, struct error *err)
{
	struct observation seen = { 0 };
	struct watch watch = { .seen = &seen,
			       .cancel_fd = config->cancel_fd,
			       .out_fd = -1,
			       .err_fd = -1,
			       .console_fd = -1 };
	struct guest_config guest = { .kernel = config->kernel,
				      .plan = config->plan,
				      .take = base,
				      .append = config->append,
				      .kaslr = config->kaslr,
				      .boot_timeout_ms = config->boot_timeout_ms,
				      .cancel_fd = config->cancel_fd };
	struct vmm *vmm;
	int ret = observation_init(&seen);

	*base = (struct base){ .ram_fd = -1 };
	if (ret)
		error_set(err, ret, "no memory for the guest's logs");
	if (!guest.boot_timeout_ms)
		guest.boot_timeout_ms = guest_boot_timeout_ms(&config->plan->topology);
	if (!ret)
		ret = guest_create(&guest, &seen, &vmm, err);
	if (!ret)
		ret = run_made(&guest, vmm, &watch, err);
	if (!ret)
		ret = base->ram_fd >= 0 ? 0 : explain(&watch, err);
	if (!ret)
		ret = try_fork(&guest, base, &seen, err);
	if (ret)
		base_close(base);
	guest_release(&guest);
	observation_destroy(&seen);
	return ret;
}
