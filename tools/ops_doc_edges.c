/* docs/edge-cases.md: what tests/edges.def says, as tables. The tests hold the library to the same rows. */
#include "tools/ops_doc.h"

static const char intro[] =
    "# Edge cases\n\n"
    "What happens where a formula alone does not say: decided once, for every op. Each line is one test "
    "(`tests/edges.def` holds the lines, `tests/test_edges_*.c` the checks; `make docs` writes this page, and `make "
    "test` "
    "compares the two). [ops.md](ops.md) has the values and slopes of every elementwise op at its own edges.\n";

bool edges_write(FILE *out)
{
    fputs(intro, out);
#define SECTION(title) fprintf(out, "\n## %s\n\n| Where | What happens |\n|-|-|\n", title);
#define EDGE(name, where, what) fprintf(out, "| %s | %s |\n", where, what);
#include "tests/edges.def"
    return fflush(out) == 0;
}
