/*
 * Who owns the memory that results are made of? wprof frees none of them, so that each name is kept
 * once for all results of the process, and all of it together has a bound.
 */
#ifndef KTSTR_SYMBOLIZE_NAME_POOL_H
#define KTSTR_SYMBOLIZE_NAME_POOL_H

#include <stdbool.h>
#include <stddef.h>

/* Names and results together; wprof itself keeps some hundred bytes for each symbolized address. */
#define RESULT_MAX_BYTES (512ul << 20)
/* A longer name is cut: the longest that C++ and Rust make are a few thousand bytes. */
#define NAME_MAX_BYTES	 16384ul

/* result_memory_take - count @bytes against the bound; false when they do not fit. */
bool result_memory_take(size_t bytes);
void result_memory_release(size_t bytes);
size_t result_memory_used(void);

/*
 * name_pool_intern - the one copy of @name, which lives as long as the process.
 * Returns NULL for NULL, and when there is no memory left for it.
 */
const char *name_pool_intern(const char *name);

#endif
