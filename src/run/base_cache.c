/* Is the machine of a run there already? See base_cache.h. */
#include "run/base_cache.h"

#include <errno.h>
#include <stdlib.h>

#include "base/store.h"
#include "run/cmdline.h"
#include "run/run.h"
#include "util/cache_folder.h"
#include "vmm/vmm.h"

int base_cache_find(struct base_cache *cache, const struct run_config *config, struct base *base)
{
	const struct plan *plan = config->plan;
	char cmdline[VMM_CMDLINE_SIZE], folder[PATH_MAX];
	struct identity_parts parts = { .kernel = config->kernel,
					.topology = &plan->topology,
					.memory_mib = plan->memory_mib,
					.cmdline = cmdline,
					.tsc_reliable = plan->tsc_reliable };
	void *offers = NULL;
	int ret;

	*cache = (struct base_cache){ 0 };
	if (cache_folder(folder))
		return -ENOENT;
	/* It may not be made later (rights.h); why it cannot be made, store_save tells. */
	cache_folder_make(folder, NULL);
	if (cmdline_build(config->kaslr, plan, NULL, config->append, cmdline, NULL))
		return -ENOENT;
	ret = vmm_offers(&plan->topology, plan->tsc_reliable, &offers, &parts.offers_size, NULL);
	parts.offers = offers;
	if (!ret)
		ret = identity_make("", &parts, &cache->identity, NULL);
	free(offers);
	if (ret)
		return -ENOENT;
	cache->used = true;
	return store_load(&cache->identity, base);
}

int base_cache_keep(struct base_cache *cache, const struct base *base, int cancel_fd,
		    struct error *err)
{
	int ret = cache->used ? store_save(&cache->identity, base, cancel_fd, err) : 0;

	return ret == -ENODATA ? 0 : ret;
}

void base_cache_drop(const struct base_cache *cache)
{
	if (cache->used)
		store_drop(&cache->identity);
}

void base_cache_free(struct base_cache *cache)
{
	if (cache->used)
		identity_free(&cache->identity);
	*cache = (struct base_cache){ 0 };
}
