/* What does sysfs say in one line? */
#ifndef KTSTR_WORK_SYSFS_H
#define KTSTR_WORK_SYSFS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SYSFS_LINE 4096

/* The first line of the file, without its end. False where there is none. */
__attribute__((format(printf, 2, 3))) static inline bool sysfs_line(char line[SYSFS_LINE],
								    const char *fmt, ...)
{
	char path[512];
	va_list args;
	FILE *file;
	bool got;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	file = fopen(path, "re");
	got = file && fgets(line, SYSFS_LINE, file);
	if (file)
		fclose(file);
	if (got)
		line[strcspn(line, "\n")] = '\0';
	return got;
}

#endif
