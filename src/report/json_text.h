/* How does text that may be any bytes become a JSON string? */
#ifndef KTSTR_REPORT_JSON_TEXT_H
#define KTSTR_REPORT_JSON_TEXT_H

#include <json-c/json.h>

/*
 * json_text - json-c passes bytes on as they are: what is not UTF-8 becomes U+FFFD here.
 * Returns NULL when memory is out, which json-c would take for JSON's null: look.
 */
struct json_object *json_text(const char *text);

#endif
