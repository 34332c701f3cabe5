/*
 * What does a mangled name say? Here nothing: C++ and Rust names stay as the linker sees them. A
 * demangler reads a grammar with recursion out of hostile files, and a mangled name is found as
 * well.
 */
#include <stddef.h>
#include <sys/types.h>

/* As wprof declares it; its statuses are negative errno values. */
ssize_t demangle_symbol(const char *mangled, char *out, size_t len);

#define BAD_ARGUMENTS (-22)
#define NOT_MANGLED   (-2)

ssize_t demangle_symbol(const char *mangled, char *out, size_t len)
{
	if (!mangled || !out || !len)
		return BAD_ARGUMENTS;
	return NOT_MANGLED;
}
