/*
 * How is it shown what a guest showed of itself when its test failed? All names in it are the
 * guest's own bytes. See verdict/inside.h.
 */
#ifndef KTSTR_REPORT_INSIDE_H
#define KTSTR_REPORT_INSIDE_H

#include <stdio.h>

#include "util/json.h"
#include "verdict/inside.h"
#include "verdict/verdict.h"

/* Of a frame: "? name+0x10/0x80 [module]", whatever its parts; ? where it is a guess. */
#define REPORT_FRAME_SIZE (CODE_NAME_SIZE + MODULE_NAME_SIZE + 64)
void report_frame(const struct backtrace_frame *frame, char text[REPORT_FRAME_SIZE]);

/* "name[pid]", printable; "" of the guest's idle task is "idle". */
#define REPORT_TASK_SIZE 96
void report_task(const struct inspect_task *task, char text[REPORT_TASK_SIZE]);

/* The field "inside": an object, or null where nobody looked. */
void report_inside_json(struct json *json, const struct inside *inside);

/*
 * report_inside_text - what of it may tell why a test failed so, in few lines: the backtrace that
 * matters first, then what waits and what is blocked. Nothing where nothing does.
 * @stuck_vcpu: the one that the cause names, whose CPU is the first; -1: it names none
 * @stuck_frame: of its backtrace, as verdict_stuck_frame says
 */
void report_inside_text(FILE *out, const struct inside *inside, enum verdict_kind kind,
			int stuck_vcpu, unsigned int stuck_frame);

#endif
