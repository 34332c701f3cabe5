/* Which kernel modules are loaded in a guest, and in which order? See modules.h. */
#include "modules/modules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/modinfo.h"
#include "modules/unpack.h"

/* A chain of needs that is longer than this is a circle. */
#define MAX_DEPTH   64
/* More than any kernel has. */
#define MAX_MODULES 16384

struct resolver {
	const char *release;
	struct modules_folder folder;
	/* The files that the user gave, looked at before the folder. */
	struct modules files;
	struct modules *out;
	/* All names that were dealt with, also those that are built in. */
	char (*seen)[MODULE_NAME_SIZE];
	size_t nr_seen;
	struct error *err;
};

static int no_memory(struct error *err)
{
	return error_set(err, -ENOMEM, "modules: out of memory");
}

static struct module *find(const struct modules *modules, const char *name)
{
	for (size_t i = 0; i < modules->count; i++)
		if (!strcmp(modules->list[i].name, name))
			return &modules->list[i];
	return NULL;
}

/* A new one at the end, with all that it owns NULL. */
static struct module *append(struct modules *modules)
{
	struct module *grown =
		reallocarray(modules->list, modules->count + 1, sizeof(*modules->list));

	if (!grown)
		return NULL;
	modules->list = grown;
	grown[modules->count] = (struct module){ .path = NULL };
	return &grown[modules->count++];
}

static void module_free(struct module *module)
{
	free(module->path);
	free(module->params);
	free(module->data);
}

void modules_free(struct modules *modules)
{
	for (size_t i = 0; i < modules->count; i++)
		module_free(&modules->list[i]);
	free(modules->list);
	*modules = (struct modules){ 0 };
}

/* What the kernel would refuse at the end of a boot. */
static int check_release(const struct resolver *resolver, const struct module *module,
			 const struct modinfo *info)
{
	const char *vermagic = modinfo_next(info, "vermagic", NULL);
	size_t length = vermagic ? strcspn(vermagic, " ") : 0;
	const char *release = resolver->release;

	if (!length || !*release ||
	    (strlen(release) == length && !memcmp(release, vermagic, length)))
		return 0;
	return error_set(
		resolver->err, -EINVAL,
		"module '%s': it was built for kernel %.*s, the image is %s; give one that "
		"was built for this kernel",
		module->path, (int)(length < 80 ? length : 80), vermagic, release);
}

/* A file that the user gave: its name is what it says itself, if it does. */
static int add_file(struct resolver *resolver, const char *path)
{
	struct module *module = append(&resolver->files);
	struct modinfo info;
	const char *name;
	int ret;

	if (!module)
		return no_memory(resolver->err);
	module->path = strdup(path);
	if (!module->path)
		return no_memory(resolver->err);
	ret = unpack_file(path, &module->data, &module->size, resolver->err);
	if (ret)
		return error_prefix(resolver->err, ret, "module");
	ret = modinfo_find(module->data, module->size, &info, resolver->err);
	if (ret)
		return error_prefix(resolver->err, ret, "module '%s'", path);
	name = modinfo_next(&info, "name", NULL);
	if (name ? !module_name_normalize(name, strlen(name), module->name) || strchr(name, '/')
		 : !module_name_of_path(path, strlen(path), module->name))
		return error_set(resolver->err, -ENOEXEC, "module '%s': it has no usable name",
				 path);
	if (find(&resolver->files, module->name) != module)
		return error_set(
			resolver->err, -EINVAL,
			"module '%s': '%s' has the same name, '%s'; give one of them, once", path,
			find(&resolver->files, module->name)->path, module->name);
	return check_release(resolver, module, &info);
}

/* Has @name been dealt with? Else it is from now on. Returns 1, 0 or a negative errno. */
static int mark_seen(struct resolver *resolver, const char *name)
{
	char(*grown)[MODULE_NAME_SIZE];

	for (size_t i = 0; i < resolver->nr_seen; i++)
		if (!strcmp(resolver->seen[i], name))
			return 1;
	if (resolver->nr_seen == MAX_MODULES)
		return error_set(resolver->err, -EINVAL, "modules: more than %d are needed",
				 MAX_MODULES);
	grown = reallocarray(resolver->seen, resolver->nr_seen + 1, sizeof(*grown));
	if (!grown)
		return no_memory(resolver->err);
	resolver->seen = grown;
	snprintf(grown[resolver->nr_seen++], MODULE_NAME_SIZE, "%s", name);
	return 0;
}

static int add(struct resolver *resolver, const char *text, size_t length, bool optional,
	       unsigned int depth);

/* The soft dependencies of @name that are there: those before it, or those after it. */
static int add_soft(struct resolver *resolver, const char *name, bool post, unsigned int depth)
{
	const char *at = NULL, *word;
	size_t length;
	int ret = 0;

	while (!ret && (word = modules_folder_softdep(&resolver->folder, name, post, &at, &length)))
		ret = add(resolver, word, length, true, depth);
	return ret;
}

/* Of a line of modules.dep: the last one is needed first. */
static int add_line_needs(struct resolver *resolver, const char *line, size_t length, bool optional,
			  unsigned int depth)
{
	const char *colon = memchr(line, ':', length), *end = line + length;
	char name[MODULE_NAME_SIZE];
	int ret = 0;

	while (!ret && end > colon + 1) {
		const char *from = end;

		while (from > colon + 1 && from[-1] != ' ')
			from--;
		if (end > from && module_name_of_path(from, (size_t)(end - from), name))
			ret = add(resolver, name, strlen(name), optional, depth);
		end = from > colon + 1 ? from - 1 : from;
	}
	return ret;
}

/* Of a file's own "depends=a,b". */
static int add_file_needs(struct resolver *resolver, const struct module *file, unsigned int depth)
{
	struct modinfo info;
	const char *needs;
	int ret = modinfo_find(file->data, file->size, &info, resolver->err);

	needs = ret ? NULL : modinfo_next(&info, "depends", NULL);
	while (!ret && needs && *needs) {
		size_t length = strcspn(needs, ",");

		if (length)
			ret = add(resolver, needs, length, false, depth);
		if (ret)
			return error_prefix(resolver->err, ret, "module '%s' needs another",
					    file->path);
		needs += length + (needs[length] == ',');
	}
	return ret;
}

/* @line: of modules.dep */
static int append_line(struct resolver *resolver, const char *name, const char *line, size_t length,
		       bool optional)
{
	int path_length = (int)((const char *)memchr(line, ':', length) - line);
	struct module *module = append(resolver->out);

	if (!module)
		return no_memory(resolver->err);
	snprintf(module->name, sizeof(module->name), "%s", name);
	module->optional = optional;
	/* Those outside of the folder are named in full. */
	if (asprintf(&module->path, "%s%s%.*s", *line == '/' ? "" : resolver->folder.path,
		     *line == '/' ? "" : "/", path_length, line) < 0) {
		module->path = NULL;
		return no_memory(resolver->err);
	}
	return 0;
}

static int append_file(struct resolver *resolver, struct module *file)
{
	struct module *module = append(resolver->out);

	if (!module)
		return no_memory(resolver->err);
	*module = *file;
	/* The name stays, for those who need it. */
	file->path = file->params = NULL;
	file->data = NULL;
	return 0;
}

static int not_there(const struct resolver *resolver, const char *name)
{
	const struct modules_folder *folder = &resolver->folder;
	const char *release = *resolver->release ? resolver->release : "this kernel";

	if (folder->path)
		return error_set(resolver->err, -ENOENT,
				 "module '%s': '%s' has none of this name, and none is built into "
				 "the kernel; give another name, or the file's path",
				 name, folder->path);
	return error_set(resolver->err, -ENOENT,
			 "module '%s': no modules of %s are there, looked in %s; give --modules "
			 "DIR, or the file's path",
			 name, release, folder->looked);
}

static int add_known(struct resolver *resolver, const char *name, bool optional, unsigned int depth)
{
	struct module *file = find(&resolver->files, name);
	size_t length = 0;
	const char *line = file ? NULL : modules_folder_dep(&resolver->folder, name, &length);
	int ret = add_soft(resolver, name, false, depth);

	if (!ret)
		ret = file ? add_file_needs(resolver, file, depth)
			   : add_line_needs(resolver, line, length, optional, depth);
	if (!ret)
		ret = file ? append_file(resolver, file)
			   : append_line(resolver, name, line, length, optional);
	return ret ? ret : add_soft(resolver, name, true, depth);
}

/* What an alias leads to; -ENOENT, without a message, when it leads nowhere. */
static int add_aliases(struct resolver *resolver, const char *name, bool optional,
		       unsigned int depth)
{
	const char *at = NULL, *word;
	size_t length;
	bool any = false;
	int ret = 0;

	while (!ret && (word = modules_folder_alias(&resolver->folder, name, &at, &length))) {
		any = true;
		ret = add(resolver, word, length, optional, depth);
	}
	return ret || any ? ret : -ENOENT;
}

static int add(struct resolver *resolver, const char *text, size_t length, bool optional,
	       unsigned int depth)
{
	char name[MODULE_NAME_SIZE];
	struct module *there;
	int ret;

	if (depth > MAX_DEPTH)
		return error_set(resolver->err, -ELOOP, "module '%.*s': its needs go in a circle",
				 (int)(length < 80 ? length : 80), text);
	if (!module_name_normalize(text, length, name))
		return error_set(resolver->err, -EINVAL, "module '%.*s': not a module's name",
				 (int)(length < 80 ? length : 80), text);
	ret = mark_seen(resolver, name);
	if (ret) {
		there = find(resolver->out, name);
		if (there && !optional)
			there->optional = false;
		return ret > 0 ? 0 : ret;
	}
	if (find(&resolver->files, name) || modules_folder_dep(&resolver->folder, name, &length))
		return add_known(resolver, name, optional, depth + 1);
	if (modules_folder_builtin(&resolver->folder, name))
		return 0;
	ret = add_aliases(resolver, name, optional, depth + 1);
	if (ret != -ENOENT)
		return ret;
	return optional ? 0 : not_there(resolver, name);
}

/* @name: as the user gave it */
static int add_params(struct resolver *resolver, const char *name, const char *params)
{
	char normal[MODULE_NAME_SIZE];
	const struct modules_folder *folder = &resolver->folder;
	struct module *module = NULL;
	char *joined;

	if (module_name_normalize(name, strlen(name), normal))
		module = find(resolver->out, normal);
	if (!module && modules_folder_builtin(folder, normal))
		return error_set(resolver->err, -EINVAL,
				 "module '%s': it is built into this kernel, and its parameters go "
				 "onto the kernel's command line: --append '%s.%s'",
				 name, normal, params);
	if (!module)
		return error_set(resolver->err, -EINVAL,
				 "module '%s': an alias takes no parameters; give the module's own "
				 "name",
				 name);
	if (asprintf(&joined, "%s%s%s", module->params ? module->params : "",
		     module->params ? " " : "", params) < 0)
		return no_memory(resolver->err);
	free(module->params);
	module->params = joined;
	return 0;
}

/* The user's word for it, or of a file its own. */
static const char *name_of(const struct resolver *resolver, const struct entry_module *wanted,
			   size_t *nr_files)
{
	return entry_module_is_file(wanted) ? resolver->files.list[(*nr_files)++].name
					    : wanted->name;
}

static int resolve(struct resolver *resolver, const struct entry_module *wanted, size_t nr_wanted)
{
	size_t nr_files = 0;
	int ret = 0;

	for (size_t i = 0; !ret && i < nr_wanted; i++)
		if (entry_module_is_file(&wanted[i]))
			ret = add_file(resolver, wanted[i].name);
	for (size_t i = 0; !ret && i < nr_wanted; i++) {
		const char *name = name_of(resolver, &wanted[i], &nr_files);

		ret = add(resolver, name, strlen(name), false, 0);
		if (!ret && *wanted[i].params)
			ret = add_params(resolver, name, wanted[i].params);
	}
	for (size_t i = 0; !ret && i < resolver->out->count; i++) {
		struct module *module = &resolver->out->list[i];

		if (!module->data)
			ret = unpack_file(module->path, &module->data, &module->size,
					  resolver->err);
		if (ret)
			error_prefix(resolver->err, ret, "module");
		if (!ret && !module->params && !(module->params = strdup("")))
			ret = no_memory(resolver->err);
	}
	return ret;
}

int modules_resolve(const struct entry_module *wanted, size_t nr_wanted, const char *dir,
		    const char *kernel, const char *release, struct modules *modules,
		    struct error *err)
{
	struct resolver resolver = { .release = release, .out = modules, .err = err };
	int ret;

	*modules = (struct modules){ 0 };
	if (!nr_wanted)
		return 0;
	ret = modules_folder_open(&resolver.folder, dir, kernel, release, err);
	if (!ret)
		ret = resolve(&resolver, wanted, nr_wanted);
	modules_folder_close(&resolver.folder);
	modules_free(&resolver.files);
	free(resolver.seen);
	return ret;
}
