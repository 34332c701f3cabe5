/* What does each pinned variant take of this host, and can it have that now? See pins.h. */
#include "suite/pins.h"

#include <errno.h>
#include <stdlib.h>

#include "run/configure.h"

static bool is_pinned(const struct variant *variant, const struct run_options *options)
{
	return variant->kernel &&
	       configure_pin(variant->options ? variant->options : options, variant->test);
}

static unsigned int cpus_of(const struct pin_host *host, const struct plan *plan)
{
	struct pin_plan pin;

	if (pin_plan_make(&plan->topology, plan->memory_mib, host, NULL, &pin, NULL))
		return 0;
	return pin_cpus_taken(&pin, host);
}

int pins_init(struct pins *pins, const struct variants *variants, const struct run_options *options,
	      struct error *err)
{
	bool read = false;

	*pins = (struct pins){ .variants = variants,
			       .cpus = calloc(variants->count + 1, sizeof(*pins->cpus)),
			       .taken = { .lock_fd = -1 } };
	if (!pins->cpus)
		return error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < variants->count; i++) {
		if (!is_pinned(&variants->list[i], options))
			continue;
		if (!read && pin_read_host(&pins->host, NULL))
			pin_host_free(&pins->host);
		read = true;
		pins->cpus[i] = cpus_of(&pins->host, &variants->list[i].plan);
	}
	return 0;
}

void pins_destroy(struct pins *pins)
{
	pins_give_back(pins);
	pin_host_free(&pins->host);
	free(pins->cpus);
	*pins = (struct pins){ .taken = { .lock_fd = -1 } };
}

bool pins_take(struct pins *pins, size_t variant)
{
	const struct plan *plan = &pins->variants->list[variant].plan;
	int ret;

	pins_give_back(pins);
	ret = pin_try(&pins->taken, &pins->host, &plan->topology, plan->memory_mib, NULL);
	return ret != -ENOSPC && ret != -EAGAIN;
}

void pins_give_back(struct pins *pins)
{
	pin_give_back(&pins->taken);
}
