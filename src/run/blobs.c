/* How does something that is embedded get into an archive for the guest? See blobs.h. */
#include "run/blobs.h"

#include <errno.h>

#include "embed/embed.h"

int blobs_add(struct initramfs *tree, const char *name, const char *path, uint8_t **data,
	      struct error *err)
{
	const struct blob *blob = embed_find(name);
	int ret;

	if (!blob)
		return error_set(err, -ENOENT, "this launcher carries no blob '%s'; rebuild it",
				 name);
	ret = embed_load(blob, data, err);
	if (!ret)
		ret = initramfs_add_data(tree, path, *data, blob->size, 0755, err);
	return ret == -EEXIST ? 0 : ret;
}
