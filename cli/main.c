/* tapir, the program: the command line. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/explain.h"
#include "cli/functions.h"
#include "cli/table.h"

static const char usage[] = "usage: tapir explain [options] EXPRESSION [NAME=NUMBER ...]\n"
                            "       tapir ops [--names]\n"
                            "       tapir --help | --version\n";

static const char help[] = "\n"
                           "  explain   work out the gradient of an expression step by step, and check it\n"
                           "  ops       list the functions that an expression may use, with their derivatives\n"
                           "\n"
                           "tapir explain --help tells more, and so does man tapir.\n";

static const char explain_help[] =
    "usage: tapir explain [options] EXPRESSION [NAME=NUMBER ...]\n"
    "\n"
    "Works out the gradient of EXPRESSION gate by gate: values forward, gradients backward, and a check by finite\n"
    "differences.  tapir explain '(x+y)*z' x=-2 y=5 z=-4\n"
    "\n"
    "  + - * / ^ ( )         arithmetic; ^ binds to the right, and stronger than a sign\n"
    "  sin(x) max(x, y) ...  functions: tapir ops lists them; pi and e are numbers\n"
    "  q = x + y; q*z        a name for a part, which may then be used more than once\n"
    "  -                     for EXPRESSION: it is read from the input\n"
    "\n"
    "  --digits=N            significant digits, 1 to 17 [7]\n"
    "  --svg=FILE            draw the circuit, values above and gradients below each wire; - is the output\n"
    "  --dot=FILE            the same in Graphviz's language\n"
    "  --latex               print the derivation for LaTeX, instead; --latex=document for one that stands alone\n"
    "  --json                print numbers for another program, instead\n"
    "  --no-check            leave out the finite differences\n"
    "  --quiet               print nothing but complaints\n"
    "  --color=WHEN          auto, always or never; NO_COLOR in the environment is never\n"
    "  --                    what follows are no options\n"
    "\n"
    "Exit status: 0 when all is well, 1 when a check fails or a number is not finite, 2 for an expression, option or\n"
    "file that is no good.\n";

static int wrong_usage(const char *what, const char *word)
{
    fprintf(stderr, "tapir: %s '%s'\n%s", what, word, usage);
    return CLI_TROUBLE;
}

/* ---- options: each is --name, --name=VALUE or --name VALUE ---- */

typedef enum colour { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER } colour;

typedef struct line {
    cli_options options;
    const char **positional;
    int positional_count;
    colour colour;
    bool help;
} line;

enum { NO_VALUE, VALUE, VALUE_MAYBE };
typedef enum option_id { SVG, DOT, DIGITS, LATEX, JSON, NO_CHECK, QUIET, COLOR, HELP } option_id;
static const struct {
    const char *name;
    option_id id;
    int value;
} known[] = {{"svg", SVG, VALUE},           {"dot", DOT, VALUE},      {"digits", DIGITS, VALUE},
             {"latex", LATEX, VALUE_MAYBE}, {"json", JSON, NO_VALUE}, {"no-check", NO_CHECK, NO_VALUE},
             {"quiet", QUIET, NO_VALUE},    {"color", COLOR, VALUE},  {"colour", COLOR, VALUE},
             {"help", HELP, NO_VALUE}};

static bool set_digits(cli_options *o, const char *value)
{
    char *end;
    const long digits = strtol(value, &end, 10);
    if (end == value || *end || digits < 1 || digits > 17) return false;
    o->digits = (int)digits;
    return true;
}

/* False when the option does not take the value. */
static bool set_option(line *l, option_id id, const char *value)
{
    switch (id) {
    case SVG: l->options.svg = value; return *value != '\0';
    case DOT: l->options.dot = value; return *value != '\0';
    case DIGITS: return set_digits(&l->options, value);
    case LATEX:
        l->options.latex = value ? CLI_LATEX_DOCUMENT : CLI_LATEX_PART;
        return !value || strcmp(value, "document") == 0;
    case JSON: l->options.json = true; return true;
    case NO_CHECK: l->options.no_check = true; return true;
    case QUIET: l->options.quiet = true; return true;
    case HELP: l->help = true; return true;
    case COLOR:
        l->colour = strcmp(value, "always") == 0  ? COLOUR_ALWAYS
                    : strcmp(value, "never") == 0 ? COLOUR_NEVER
                                                  : COLOUR_AUTO;
        return l->colour != COLOUR_AUTO || strcmp(value, "auto") == 0;
    }
    return false;
}

/* words[*i] is an option: takes it, and the word after it where that is its value. */
static int read_option(line *l, char **words, int count, int *i)
{
    const char *const word = words[*i], *const sign = strchr(word, '=');
    const size_t n = sign ? (size_t)(sign - word) - 2 : strlen(word) - 2;
    size_t k = 0;
    while (k < sizeof known / sizeof *known && (strlen(known[k].name) != n || memcmp(known[k].name, word + 2, n) != 0))
        k++;
    if (k == sizeof known / sizeof *known) {
        fprintf(stderr, "tapir: unknown option '%s' (an expression that begins with -- goes after --)\n%s", word,
                usage);
        return CLI_TROUBLE;
    }
    const char *value = sign ? sign + 1 : NULL;
    if (known[k].value == NO_VALUE && value) return wrong_usage("this option takes no value:", word);
    if (known[k].value == VALUE && !value) {
        if (*i + 1 >= count) return wrong_usage("this option needs a value:", word);
        value = words[++*i];
    }
    if (!set_option(l, known[k].id, value))
        return wrong_usage("this option does not take the value", value ? value : word);
    return CLI_GOOD;
}

static int read_line(line *l, char **words, int count)
{
    bool options = true;
    for (int i = 0; i < count; i++) {
        if (options && strcmp(words[i], "--") == 0) {
            options = false;
        } else if (options && strcmp(words[i], "-h") == 0) {
            l->help = true;
        } else if (options && strncmp(words[i], "--", 2) == 0) {
            const int bad = read_option(l, words, count, &i);
            if (bad) return bad;
        } else {
            l->positional[l->positional_count++] = words[i];
        }
    }
    return CLI_GOOD;
}

/* ---- explain ---- */

static size_t terminal_width(void)
{
    struct winsize size;
    if (!isatty(STDOUT_FILENO)) return 0;
    const char *const columns = getenv("COLUMNS");
    if (columns && atoi(columns) > 0) return (size_t)atoi(columns);
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static bool wants_colours(colour when)
{
    const char *const no = getenv("NO_COLOR"), *const terminal = getenv("TERM");
    if (when != COLOUR_AUTO) return when == COLOUR_ALWAYS;
    return !(no && *no) && isatty(STDOUT_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
}

static bool read_input(cli_text *to)
{
    char block[4096];
    size_t n;
    while ((n = fread(block, 1, sizeof block, stdin)) > 0) cli_put_bytes(to, block, n);
    while (to->length > 0 && strchr(" \t\r\n", to->at[to->length - 1])) to->at[--to->length] = '\0';
    return !to->failed && !ferror(stdin);
}

static int run_explain(line *l, const tp_allocator *memory)
{
    cli_text input = {.memory = memory};
    cli_options *const o = &l->options;
    o->expression = l->positional[0], o->length = strlen(o->expression);
    if (strcmp(o->expression, "-") == 0) {
        if (!read_input(&input)) {
            fprintf(stderr, "tapir: the input cannot be read: %s\n", strerror(errno));
            cli_text_free(&input);
            return CLI_TROUBLE;
        }
        o->expression = cli_string(&input), o->length = input.length;
    }
    o->assignments = l->positional + 1, o->assignment_count = l->positional_count - 1;
    o->width = terminal_width(), o->colours = wants_colours(l->colour);
    const int status = cli_explain(o, memory, stdout, stderr);
    cli_text_free(&input);
    return status;
}

static int explain_command(char **words, int count)
{
    const tp_allocator memory = cli_malloc();
    line l = {.options = {.digits = 7}};
    l.positional = malloc(((size_t)count + 1) * sizeof *l.positional);
    if (!l.positional) return fputs("tapir: out of memory\n", stderr), CLI_TROUBLE;
    int status = read_line(&l, words, count);
    if (status == CLI_GOOD && l.help) {
        fputs(explain_help, stdout);
    } else if (status == CLI_GOOD && l.positional_count == 0) {
        fprintf(stderr, "tapir: there is no expression\n%s", usage);
        status = CLI_TROUBLE;
    } else if (status == CLI_GOOD) {
        status = run_explain(&l, &memory);
    }
    free(l.positional);
    return status;
}

/* ---- ops ---- */

static void put_function(cli_table *t, const cli_function *f)
{
    static const char *const operands[] = {"x", "b", "c"};
    cli_putf(&t->text, "%s(x%s%s)", f->name, f->operands > 1 ? ", b" : "", f->operands > 2 ? ", c" : "");
    cli_table_cell(t);
    const char *of;
    const char *separator = "";
    for (int i = 0; cli_alias_at(i, &of); i++) {
        if (strcmp(of, f->name) != 0) continue;
        cli_putf(&t->text, "%s%s", separator, cli_alias_at(i, NULL));
        separator = " ";
    }
    cli_table_cell(t);
    for (int i = 0; i < f->operands - f->numbers; i++)
        cli_putf(&t->text, "%sd%s = %s", i ? ",  " : "", operands[i], f->slope[i] ? f->slope[i] : "0");
    cli_table_cell(t);
}

static int ops_command(void)
{
    const tp_allocator memory = cli_malloc();
    const cli_column columns[] = {{.head = "function"}, {.head = "or"}, {.head = "derivative; y is the result"}};
    cli_table t;
    cli_table_begin(&t, &memory, stdout, cli_colours_for(wants_colours(COLOUR_AUTO)), terminal_width(), columns, 3);
    for (int i = 0; i < cli_function_count(); i++) put_function(&t, cli_function_at(i));
    return cli_table_end(&t) ? CLI_GOOD : CLI_TROUBLE;
}

/* One a line, for the completion of a shell. */
static int names_command(void)
{
    for (int i = 0; i < cli_function_count(); i++) puts(cli_function_at(i)->name);
    for (int i = 0; cli_alias_at(i, NULL); i++) puts(cli_alias_at(i, NULL));
    return CLI_GOOD;
}

int main(int count, char **words)
{
    const char *const command = count > 1 ? words[1] : "";
    int status = CLI_GOOD;
    if (strcmp(command, "explain") == 0) {
        status = explain_command(words + 2, count - 2);
    } else if (strcmp(command, "ops") == 0 && count == 2) {
        status = ops_command();
    } else if (strcmp(command, "ops") == 0 && count == 3 && strcmp(words[2], "--names") == 0) {
        status = names_command();
    } else if (strcmp(command, "ops") == 0) {
        status = wrong_usage("ops takes no such word:", words[2]);
    } else if (strcmp(command, "--version") == 0) {
        printf("tapir %s\n", tp_version());
    } else if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0 || strcmp(command, "help") == 0) {
        fputs(usage, stdout), fputs(help, stdout);
    } else if (!*command) {
        fputs(usage, stderr), fputs(help, stderr);
        status = CLI_TROUBLE;
    } else {
        status = wrong_usage("unknown command", command);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "tapir: output: %s\n", strerror(errno));
        return CLI_TROUBLE;
    }
    return status;
}
