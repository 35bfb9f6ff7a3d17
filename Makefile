# Tapir. `make help` lists what there is.

# What is probed below must be installed before: `deps` comes first, and the other goals are made by a make of their own.
ifneq ($(filter-out deps,$(if $(filter deps,$(MAKECMDGOALS)),$(MAKECMDGOALS))),)
.NOTPARALLEL:
.PHONY: $(MAKECMDGOALS)
deps:
	@sh tools/deps.sh
$(filter-out deps,$(MAKECMDGOALS)): deps
	@$(MAKE) --no-print-directory $@
else

PREFIX  ?= /usr/local
DESTDIR ?=
BLAS    ?= auto
BUILD   ?= build
CC      ?= cc
OPT     ?= -O2 -g
# of the loops: -O1 under the sanitizers, where -O3 takes minutes
LOOPOPT ?= -O3
# flags for a special build, say the sanitizers
EXTRA   ?=

VERSION := 0.1.0
SOVERSION := 0

WARN   := -Wall -Wextra -Wpedantic -Wconversion -Wdouble-promotion -Wmissing-prototypes -Wshadow -Wstrict-prototypes -Werror
CFLAGS ?=
BASE   := -std=c17 $(OPT) $(WARN) -Iinclude -I. -MMD -MP $(EXTRA) $(CFLAGS)

# What this machine has: found once for each compiler and choice of BLAS.
CONFIG := $(BUILD)/config-$(notdir $(firstword $(CC)))-$(BLAS).mk
ifneq ($(filter-out help clean deps format trace,$(or $(MAKECMDGOALS),all)),)
$(shell mkdir -p $(BUILD); test -s $(CONFIG) -a $(CONFIG) -nt tools/probe.sh || sh tools/probe.sh "$(CC)" $(BLAS) > $(CONFIG))
include $(CONFIG)
endif

# Objects of different configurations do not mix.
OBJ := $(BUILD)/obj-$(notdir $(firstword $(CC)))-$(BLAS)

LIBFLAGS   := $(BASE) $(DEFINES) $(OPENMP) -fPIC -fvisibility=hidden
LOOPFLAGS  := $(LOOPOPT) -fopenmp-simd -ffp-contract=fast -fno-math-errno -fno-trapping-math
level_flags = $(if $(filter base,$1),,-march=x86-64-$1) $(if $(filter v4,$1),-mprefer-vector-width=512)

# Compiled once for each instruction-set level.
LEVEL_SRC := $(wildcard kernels/*_level.c)
LIB_SRC   := $(filter-out $(LEVEL_SRC),$(wildcard core/*.c kernels/*.c autograd/*.c ops/*.c io/*.c plot/*.c nn/*.c optim/*.c train/*.c draw/*.c))
LIB_OBJ   := $(LIB_SRC:%.c=$(OBJ)/%.o) $(foreach l,$(LEVELS),$(LEVEL_SRC:%.c=$(OBJ)/%-$(l).o))

STATIC := $(BUILD)/libtapir.a
SHARED := $(BUILD)/libtapir.so.$(VERSION)
LINK    = $(OPENMP) $(LIBS) $(EXTRA)

DEMO_SRC := $(wildcard demos/*.c)
DEMOS    := $(patsubst demos/%.c,$(BUILD)/demos/%,$(filter-out $(wildcard demos/lib_*.c),$(DEMO_SRC)))
DEMO_LIB := $(patsubst %.c,$(OBJ)/%.o,$(wildcard demos/lib_*.c))
TEST_OBJ := $(patsubst %.c,$(OBJ)/%.o,$(wildcard tests/*.c))
CLI_OBJ  := $(patsubst %.c,$(OBJ)/%.o,$(wildcard cli/*.c))
CLI_PARTS := $(filter-out $(OBJ)/cli/main.o,$(CLI_OBJ))
DOC_OBJ  := $(patsubst %.c,$(OBJ)/%.o,$(wildcard tools/*.c))
BENCH_OBJ := $(patsubst %.c,$(OBJ)/%.o,$(wildcard bench/*.c))
GRADBENCH_OBJ := $(patsubst %.c,$(OBJ)/%.o,$(wildcard bench/gradbench/*.c))
# what is made only where its library was found
GRADBENCH := $(if $(JANSSON),$(BUILD)/gradbench-tapir)
COURSE_SRC := $(wildcard demos/course/[0-9]*.c)
COURSE     := $(COURSE_SRC:%.c=$(BUILD)/%)
COURSE_LIB := $(patsubst %.c,$(OBJ)/%.o,$(wildcard demos/course/lib_*.c))
GALLERY_OBJ := $(patsubst %.c,$(OBJ)/%.o,$(wildcard tools/gallery/*.c))

.PHONY: all help deps test test-programs golden check bench gradbench gradbench-run demo course docs trace install clean format
.SECONDARY:
.DELETE_ON_ERROR:

all: $(STATIC) $(SHARED) $(BUILD)/tapir.pc $(BUILD)/tapir ## build the library, static and shared, and the program tapir

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' Makefile
	@echo "  variables: CC OPT BUILD PREFIX DESTDIR BLAS=auto|onednn|openblas|builtin"

deps: ## install what is missing (Debian; through sudo where not root)
	@sh tools/deps.sh

$(OBJ)/%.o: %.c $(CONFIG)
	@mkdir -p $(@D)
	$(CC) $(LIBFLAGS) -c $< -o $@

# The scalar paths: products fused into sums; operands stored one by one, which gcc would gather in a vector register.
$(OBJ)/ops/rows.o: LIBFLAGS += -ffp-contract=fast -fno-tree-slp-vectorize

# Plain C, the yardstick, optimised as its authors would.
$(OBJ)/bench/gradbench/plain_%.o: LIBFLAGS += -O3

# The same numbers at every level: products are not fused into sums.
$(foreach l,$(LEVELS),$(OBJ)/kernels/random_level-$(l).o): LOOPFLAGS += -ffp-contract=off

define LEVEL_RULE
$(OBJ)/%-$(1).o: %.c $(CONFIG)
	@mkdir -p $$(@D)
	$(CC) $(LIBFLAGS) $$(LOOPFLAGS) $(call level_flags,$(1)) -DTP_LEVEL=$(1) -c $$< -o $$@
endef
$(foreach l,$(LEVELS),$(eval $(call LEVEL_RULE,$(l))))

$(STATIC): $(LIB_OBJ)
	@rm -f $@
	ar rcs $@ $(LIB_OBJ)

$(SHARED): $(LIB_OBJ) tools/tapir.map
	$(CC) -shared -Wl,-soname,libtapir.so.$(SOVERSION) -Wl,--version-script=tools/tapir.map -o $@ $(LIB_OBJ) $(LINK)
	@ln -sf $(@F) $(BUILD)/libtapir.so.$(SOVERSION)
	@ln -sf $(@F) $(BUILD)/libtapir.so

$(BUILD)/tapir.pc: tools/tapir.pc.in Makefile
	@sed -e 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|; s|@LIBS@|$(OPENMP) $(LIBS)|' $< > $@

install: all ## install library, headers, pkg-config file and program under DESTDIR/PREFIX
	install -d $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include/tapir
	install -m 644 include/tapir/*.h $(DESTDIR)$(PREFIX)/include/tapir
	install -m 644 $(STATIC) $(DESTDIR)$(PREFIX)/lib
	install -m 755 $(SHARED) $(DESTDIR)$(PREFIX)/lib
	ln -sf $(notdir $(SHARED)) $(DESTDIR)$(PREFIX)/lib/libtapir.so.$(SOVERSION)
	ln -sf $(notdir $(SHARED)) $(DESTDIR)$(PREFIX)/lib/libtapir.so
	install -m 644 $(BUILD)/tapir.pc $(DESTDIR)$(PREFIX)/lib/pkgconfig
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 755 $(BUILD)/tapir $(DESTDIR)$(PREFIX)/bin
	install -m 644 cli/tapir.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 cli/tapir.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/tapir

# ---- tests ---------------------------------------------------------------------------------------

# The program for GradBench is tested where it is built.
$(OBJ)/tests/test_gradbench.o $(OBJ)/tests/test_gradbench_%.o: LIBFLAGS += $(if $(JANSSON),-DGRADBENCH)

# The parts of the program tapir are linked into the tests, but for its main; the tests run it too.
$(BUILD)/tests: $(TEST_OBJ) $(CLI_PARTS) $(STATIC) | $(BUILD)/tapir
	$(CC) -o $@ $(TEST_OBJ) $(CLI_PARTS) $(STATIC) -lcheck -lsubunit -lrt -lpthread $(JANSSON) $(LINK)

# What the tests run.
test-programs: $(COURSE) $(GRADBENCH)

test: $(BUILD)/tests $(BUILD)/tapir test-programs $(BUILD)/ops_doc ## build and run the tests
	@sh tools/docs.sh $(BUILD) compare
	@sh tools/trace.sh compare
	@sh tools/snippets.sh $(BUILD) "$(CC)" "$(LINK)"
	@$(BUILD)/tests

# Every public op with hostile arguments: made for `make check`, where the library has sanitizers in it.
$(BUILD)/hostile: tools/hostile.py $(wildcard include/tapir/*.h) $(STATIC)
	python3 tools/hostile.py include/tapir/ops_*.h > $@.c
	$(CC) -std=c17 $(OPT) $(EXTRA) -Iinclude -o $@ $@.c $(STATIC) $(LINK)

# A program that writes snapshots, for tests/kills/kills.sh.
$(BUILD)/snapshot: $(OBJ)/tests/kills/snapshot.o $(STATIC)
	$(CC) -o $@ $< $(STATIC) $(LINK)

golden: ## write tests/golden/*.txt anew (needs python3-torch 1.13)
	@/usr/bin/python3 -B tools/golden
	@/usr/bin/python3 -B tools/golden_metrics.py
	@/usr/bin/python3 -B tools/golden/optim.py
	@/usr/bin/python3 -B tools/golden/transformer.py

check: ## test under sanitizers and valgrind, static analysis, layering, format
	@sh tools/check.sh

# ---- programs ------------------------------------------------------------------------------------

$(DEMOS): $(BUILD)/demos/%: $(OBJ)/demos/%.o $(DEMO_LIB) $(STATIC)
	@mkdir -p $(@D)
	$(CC) -o $@ $< $(DEMO_LIB) $(STATIC) $(LINK)

$(COURSE): $(BUILD)/demos/course/%: $(OBJ)/demos/course/%.o $(COURSE_LIB) $(STATIC)
	@mkdir -p $(@D)
	$(CC) -o $@ $< $(COURSE_LIB) $(STATIC) $(LINK)

$(BUILD)/tapir: $(CLI_OBJ) $(STATIC)
	$(CC) -o $@ $(CLI_OBJ) $(STATIC) $(LINK)

demo: $(DEMOS) $(BUILD)/tapir ## an example worked out, then networks trained on Fashion-MNIST, text and tables
	@sh tools/demo.sh $(BUILD)

$(BUILD)/gallery_page: $(GALLERY_OBJ)
	$(CC) -o $@ $(GALLERY_OBJ) $(EXTRA)

course: $(COURSE) $(BUILD)/gallery_page ## the programs of the course, and a page with their tables and pictures
	@sh tools/course.sh $(BUILD)

$(BUILD)/bench: $(BENCH_OBJ) $(STATIC)
	$(CC) -o $@ $(BENCH_OBJ) $(STATIC) $(LINK)

bench: $(BUILD)/bench ## measure against PyTorch and ADOL-C in one run
	@sh bench/run.sh $(BUILD)
	@echo; echo "The networks with two threads, by the clock:"; sh bench/run.sh $(BUILD) mlp_,lenet,recurrent,transformer 2

# Its numbers without a tape are compiled here: no call of the library for the errno of a square root.
$(OBJ)/bench/gradbench/%.o: LIBFLAGS += -fno-math-errno -fno-trapping-math

$(BUILD)/gradbench-tapir: $(GRADBENCH_OBJ) $(STATIC)
	$(CC) -o $@ $(GRADBENCH_OBJ) $(STATIC) $(JANSSON) $(LINK)

gradbench: $(GRADBENCH) ## the program for GradBench, docs/gradbench.md
	@$(if $(JANSSON),:,echo "gradbench: left out: jansson was not found (apt-get install libjansson-dev)")

gradbench-run: gradbench ## measure GradBench's evals: the smaller workloads, or with FULL=1 all
	@$(if $(JANSSON),FULL=$(FULL) sh bench/gradbench/run.sh $(BUILD),:)

$(BUILD)/ops_doc: $(DOC_OBJ) $(STATIC)
	$(CC) -o $@ $(DOC_OBJ) $(STATIC) $(LINK)

docs: $(BUILD)/ops_doc ## write docs/ops.md from the op table and the public headers
	@sh tools/docs.sh $(BUILD) write

trace: ## write include/tapir/trace.h anew from the public headers
	@sh tools/trace.sh write

format: ## bring every file into the repository's format
	clang-format -i $$(git ls-files '*.c' '*.h')

clean: ## remove what was built
	rm -rf $(BUILD)

-include $(shell test -d $(BUILD) && find $(BUILD) -name '*.d')

endif
