/* What is known of one address, whoever looked it up? */
#ifndef KTSTR_SYMBOLIZE_FOUND_H
#define KTSTR_SYMBOLIZE_FOUND_H

#include <stdint.h>

enum found_reason {
	FOUND,
	FOUND_NOT_MAPPED,    /* no mapping of the process has the address */
	FOUND_BAD_OFFSET,    /* no segment of the file has the mapping's offset */
	FOUND_NO_FILE,	     /* the mapping has none: a stack, a heap, code of a JIT */
	FOUND_NO_SYMBOLS,    /* the file has none, is no ELF file or cannot be read */
	FOUND_NO_SYMBOL,     /* it has some, and none covers the address */
	FOUND_NOT_SUPPORTED, /* an ELF file of another class or machine */
};

/* The strings belong to whoever looked the address up; all but @reason is set only with FOUND. */
struct found {
	enum found_reason reason;
	const char *name;
	const char *module; /* NULL: none */
	uint64_t start;
	uint64_t offset; /* of the address, from @start */
	int64_t size;	 /* in bytes; -1: not known */
};

#endif
