/* The protocol's messages: an object a line, and for each of them a line in answer, whatever is in it. */
#include <string.h>

#include "bench/gradbench/gradbench.h"

/* The number behind the first "id": in a line that may not be JSON; -1 without one. */
static int64_t id_in(const char *line, size_t length)
{
    static const char key[] = "\"id\"";
    const size_t n = sizeof key - 1;
    for (size_t i = 0; i + n < length; i++) {
        if (memcmp(line + i, key, n) != 0) continue;
        int64_t id = 0;
        size_t at = i + n;
        while (at < length && (line[at] == ' ' || line[at] == ':')) at++;
        if (at == length || line[at] < '0' || line[at] > '9') return -1;
        for (; at < length && line[at] >= '0' && line[at] <= '9'; at++) {
            if (id > INT32_MAX) return -1;
            id = 10 * id + line[at] - '0';
        }
        return id;
    }
    return -1;
}

static void begin(gb_text *answer, int64_t id)
{
    answer->used = 0;
    gb_put(answer, "{\"id\":");
    if (id >= 0)
        gb_put_int(answer, id);
    else
        gb_put(answer, "null");
}

static void refuse(gb_text *answer, int64_t id, const char *why)
{
    begin(answer, id);
    gb_put(answer, ",\"success\":false,\"error\":");
    gb_put_string(answer, why);
    gb_put(answer, "}\n");
}

static void refuse_with(gb_text *answer, int64_t id, const char *why, const char *name)
{
    tp_error error;
    gb_fail(&error, TP_E_ARGUMENT, "%s \"%s\"", why, name);
    refuse(answer, id, error.message);
}

static const char *string_of(const json_t *message, const char *field)
{
    const char *string = json_string_value(json_object_get(message, field));
    return string ? string : "";
}

static void put_timing(gb_text *answer, const char *name, int64_t nanoseconds)
{
    gb_put(answer, "{\"name\":\"");
    gb_put(answer, name);
    gb_put(answer, "\",\"nanoseconds\":");
    gb_put_int(answer, nanoseconds);
    gb_put_char(answer, '}');
}

static void put_measured(gb_text *answer, int64_t id, const gb_measured *measured)
{
    begin(answer, id);
    gb_put(answer, ",\"success\":true,\"output\":");
    gb_put_bytes(answer, measured->output.bytes, measured->output.used);
    gb_put(answer, ",\"timings\":[");
    if (measured->prepare >= 0) put_timing(answer, "prepare", measured->prepare);
    for (int64_t i = 0; i < measured->count; i++) {
        if (i || measured->prepare >= 0) gb_put_char(answer, ',');
        put_timing(answer, "evaluate", measured->runs[i]);
    }
    gb_put(answer, "]}\n");
}

static void evaluate(const json_t *message, int64_t id, const gb_options *options, gb_text *answer)
{
    const char *module = string_of(message, "module"), *name = string_of(message, "function");
    const gb_eval *eval = gb_eval_find(module);
    const int function = eval ? gb_function_find(eval, name) : -1;
    const json_t *input = json_object_get(message, "input");
    gb_measured measured;
    tp_error error;
    if (!eval) {
        refuse_with(answer, id, "there is no module", module);
    } else if (function < 0) {
        refuse_with(answer, id, "there is no function", name);
    } else if (!input) {
        refuse(answer, id, "\"input\" is missing");
    } else {
        if (gb_measure(eval, function, input, options, &measured, &error) == TP_OK)
            put_measured(answer, id, &measured);
        else
            refuse(answer, id, error.message);
        gb_measured_free(&measured);
    }
}

static void answer_message(const json_t *message, const gb_options *options, gb_text *answer)
{
    const json_t *number = json_object_get(message, "id");
    const char *kind = string_of(message, "kind");
    const int64_t id = json_is_integer(number) ? (int64_t)json_integer_value(number) : -1;
    if (id < 0) {
        refuse(answer, id, "no message: an object with an \"id\" is wanted");
    } else if (!strcmp(kind, "evaluate")) {
        evaluate(message, id, options, answer);
    } else if (!strcmp(kind, "define") && !gb_eval_find(string_of(message, "module"))) {
        refuse_with(answer, id, "there is no module", string_of(message, "module"));
    } else {
        begin(answer, id);
        if (!strcmp(kind, "start")) gb_put(answer, ",\"tool\":\"tapir\"");
        if (!strcmp(kind, "define")) gb_put(answer, ",\"success\":true");
        gb_put(answer, "}\n");
    }
}

void gb_answer(const char *line, size_t length, const gb_options *options, gb_text *answer)
{
    json_error_t wrong;
    *answer = (gb_text){.bytes = answer->bytes, .room = answer->room};
    json_t *message = json_loadb(line, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &wrong);
    if (!message) {
        tp_error error;
        gb_fail(&error, TP_E_FORMAT, "no JSON: %s at byte %d", wrong.text, wrong.position);
        refuse(answer, id_in(line, length), error.message);
        return;
    }
    answer_message(message, options, answer);
    if (answer->short_of_memory) {
        const int64_t id = (int64_t)json_integer_value(json_object_get(message, "id"));
        gb_text_free(answer);
        refuse(answer, id, "no memory for the answer");
    }
    json_decref(message);
}
