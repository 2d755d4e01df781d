# Lookaside: `make run` builds everything and starts it, `make test` checks everything, `make help` lists the rest.
#
# Everything that is made goes into build/ (and web/node_modules):
#
#   core/*/*.c ──> build/native/liblookaside.a ──┬──> build/lookaside            the program
#   server/*.c ──────────────────────────────────┘
#   core/*/*.c, web/wasm/bridge.c, cJSON ───────────> build/web/lookaside.wasm   the same engine for the browser
#   web/ + lookaside.wasm ──────────────────────────> build/site/                the page, which the program serves
#   tests/<suite>/test_*.c + liblookaside.a ────────> build/native/tests/...     unit tests
#
# Files are found by pattern, so a new one needs no line here.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory

# --- Options, given as NAME=value -------------------------------------------------------------------------------

PORT ?= 8080#              option: `make run` listens on this port
SANITIZER ?=#              option: build with a sanitizer into its own folder, e.g. SANITIZER=address,undefined
FUZZ_SECONDS ?= 600#       option: how long `make fuzz` runs each target
SUITES ?=#                 option: `make test` runs only these suites, e.g. SUITES="unit http"
JOBS ?= $(shell nproc)#    option: how many things are built at the same time
V ?=#                      option: V=1 shows the commands

ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(JOBS)
endif
Q := $(if $(V),,@)

comma := ,
CC      := gcc
EMCC    := emcc
WARN    := -Wall -Wextra -Wconversion -Werror
CFLAGS  ?= -O2 -g
INCLUDE := -Icore

# A Node that .ci/deps fetched, where the machine's own is too old, comes first.
export PATH := $(CURDIR)/build/node/node_modules/.bin:$(PATH)

variant  := $(if $(SANITIZER),-$(subst $(comma),-,$(SANITIZER)))
sanitize := $(if $(SANITIZER),-fsanitize=$(SANITIZER) -fno-omit-frame-pointer -fno-sanitize-recover=all)
NATIVE   := build/native$(variant)
PROGRAM  := build/lookaside$(variant)
ALL_CFLAGS = -std=c11 $(CFLAGS) $(WARN) $(INCLUDE) $(sanitize) -MMD -MP

core_c   := $(sort $(wildcard core/*/*.c))
wasm_c   := $(core_c) $(sort $(wildcard web/wasm/*.c))
server_c := $(sort $(wildcard server/*.c))
test_c   := $(sort $(wildcard tests/*/test_*.c))
bench_c  := $(sort $(wildcard tests/bench/bench_*.c))
print_c  := $(sort $(wildcard tests/*/print_*.c))
fuzz_c   := $(sort $(wildcard tests/fuzz/fuzz_*.c tests/fuzz/*/fuzz_*.c))

# --- What people call -------------------------------------------------------------------------------------------

.PHONY: help run all deps deps-test native wasm web test test-tools unit asan fuzz fuzz-build bench bench-build golden-update pictures lint clean

help: ## list all targets and options
	@echo 'Lookaside. Targets:'
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' Makefile | expand -t 22
	@echo 'Options:'
	@sed -nE 's/^([A-Z_]+) \?= ?([^#]*)#+ *option: (.*)/  \1=\2\t\3/p' Makefile | sed 's/$$(shell nproc)/<CPUs>/' | expand -t 22

run: deps ## install what is missing, build everything, start the server on 127.0.0.1
	@$(MAKE) all
	@exec $(PROGRAM) serve --port $(PORT)

all: native wasm web ## build the program, the WebAssembly engine and the page

deps: ## install what building needs (Debian 12); says what, asks nothing
	@.ci/deps build

deps-test: ## install what the tests need as well
	@.ci/deps build test

native: $(PROGRAM) ## build only the native program, build/lookaside

wasm: build/web/lookaside.wasm ## build only the WebAssembly engine

web: build/site/index.html ## build the page into build/site

test: deps-test ## run every test; the last line is "N passed, N failed[, N skipped]"
	@SUITES="$(SUITES)" tests/run

test-tools: $(print_c:%.c=$(NATIVE)/%) ## build what tests in JavaScript call: the printer of random programs

unit: ## build and run the C tests
	@$(MAKE) $(NATIVE)/tests.built
	@tests/run-cmocka $(patsubst %.c,$(NATIVE)/%,$(test_c))

asan: ## the same under AddressSanitizer and UndefinedBehaviourSanitizer
	@$(MAKE) SANITIZER=address,undefined unit

fuzz: fuzz-build ## run every fuzz target for FUZZ_SECONDS, two at a time
	@tests/run-fuzz $(FUZZ_SECONDS)

bench: ## measure: a table of ratios, all from one run
	@$(MAKE) native wasm bench-build
	@tests/bench/run

golden-update: native ## write down anew what every lesson does; read the diff before committing it
	@GOLDEN_UPDATE=1 node --test tests/golden/*.test.mjs

pictures: all ## take the pictures of README.md with the current build
	@cd web && node scripts/pictures.mjs

lint: ## check formatting (clang-format) and look for bugs (cppcheck, where installed)
	@.ci/lint

clean: ## remove everything that was built (not what was fetched: that is `rm -rf build web/node_modules`)
	rm -rf build/native* build/lookaside* build/web build/site build/wasm build/fuzz build/bench

# --- Native -----------------------------------------------------------------------------------------------------

$(NATIVE)/%.o: %.c $(NATIVE)/.flags
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(ALL_CFLAGS) $(EXTRA) -c $< -o $@

# Only the server talks to an operating system; the core has to do without.
$(NATIVE)/server/%.o: EXTRA := -D_GNU_SOURCE
$(NATIVE)/tests/%.o:  EXTRA := -D_GNU_SOURCE -Itests

$(NATIVE)/liblookaside.a: $(core_c:%.c=$(NATIVE)/%.o) build/.sources
	@echo "  AR    $@"
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)

$(PROGRAM): $(server_c:%.c=$(NATIVE)/%.o) $(NATIVE)/liblookaside.a
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(sanitize) $(filter %.o %.a,$^) -lmicrohttpd -lcjson -lz -lpthread -o $@

# Changed compiler flags rebuild everything, unchanged ones nothing.
$(NATIVE)/.flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CFLAGS)' > $@

# A file that was removed must leave the library too.
build/.sources: FORCE
	@mkdir -p $(@D)
	@echo '$(core_c) $(wasm_c)' | cmp -s - $@ || echo '$(core_c) $(wasm_c)' > $@
FORCE:

# --- C tests: every tests/<suite>/test_*.c is a program, linked with the helpers (other .c files) of its folder -

helpers = $(patsubst %.c,$(NATIVE)/%.o,$(filter-out $(addprefix $(dir $(1)),test_% bench_% fuzz_% print_%),$(wildcard $(dir $(1))*.c)))

define test_program
$(NATIVE)/$(1:.c=): $(NATIVE)/$(1:.c=.o) $(call helpers,$(1)) $(NATIVE)/liblookaside.a
	@echo "  LINK  $$@"
	$$(Q)$(CC) $(CFLAGS) $(sanitize) $$^ -lcmocka -lcjson -lz -lm -o $$@
endef
$(foreach source,$(test_c) $(bench_c) $(print_c),$(eval $(call test_program,$(source))))

.PHONY: $(NATIVE)/tests.built
$(NATIVE)/tests.built: $(test_c:%.c=$(NATIVE)/%)

bench-build: $(bench_c:%.c=$(NATIVE)/%)

# --- Fuzz targets: clang, libFuzzer, ASan and UBSan -------------------------------------------------------------

FUZZ_CFLAGS := -std=c11 -O1 -g $(WARN) $(INCLUDE) -Itests -fno-omit-frame-pointer \
    -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -MMD -MP

build/fuzz/%.o: %.c
	@mkdir -p $(@D)
	@echo "  FUZZ  $<"
	$(Q)clang $(FUZZ_CFLAGS) -c $< -o $@

build/fuzz/liblookaside.a: $(core_c:%.c=build/fuzz/%.o) build/.sources
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)

define fuzz_program
build/fuzz/$(basename $(notdir $(1))): build/fuzz/$(1:.c=.o) build/fuzz/liblookaside.a
	@echo "  LINK  $$@"
	$$(Q)clang -g -fsanitize=fuzzer,address,undefined $$^ -lcjson -lz -lm -o $$@
endef
$(foreach source,$(fuzz_c),$(eval $(call fuzz_program,$(source))))

fuzz-build: $(foreach source,$(fuzz_c),build/fuzz/$(basename $(notdir $(source))))

# --- WebAssembly: one link-time optimised module without JavaScript glue ----------------------------------------

WASM_CFLAGS := -std=c11 -O3 -flto -mbulk-memory -Ibuild/cjson
# The deepest programs use 163 KiB of stack (measured with recursive expressions); newer emcc would give only 64 KiB.
WASM_LDFLAGS := --no-entry -sSTANDALONE_WASM -sALLOW_MEMORY_GROWTH -sTOTAL_STACK=2MB -sFILESYSTEM=0
wasm_o := $(wasm_c:%.c=build/wasm/%.o) build/wasm/cJSON.o

build/cjson/cjson/cJSON.c:
	@.ci/deps cjson

build/wasm/%.o: %.c | build/cjson/cjson/cJSON.c
	@mkdir -p $(@D)
	@echo "  EMCC  $<"
	$(Q)$(EMCC) $(WASM_CFLAGS) $(WARN) $(INCLUDE) -MMD -MP -c $< -o $@

# Not ours: built as it comes, without our warnings.
build/wasm/cJSON.o: build/cjson/cjson/cJSON.c
	@mkdir -p $(@D)
	@echo "  EMCC  $<"
	$(Q)$(EMCC) $(WASM_CFLAGS) -w -c $< -o $@

build/web/lookaside.wasm: $(wasm_o) build/.sources Makefile
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(EMCC) $(WASM_CFLAGS) $(WASM_LDFLAGS) $(wasm_o) -o $@

# --- The page ---------------------------------------------------------------------------------------------------

web_inputs := $(shell find web scenarios core/protocol core/trace -type f -not -path '*/node_modules/*' \
    -not -path '*/test-results/*' -not -path '*/playwright-report/*' -not -name '* *' 2>/dev/null)

web/node_modules/.package-lock.json: web/package-lock.json
	@echo '  NPM   web'
	$(Q)cd web && npm ci --no-audit --no-fund --loglevel=error </dev/null && touch node_modules/.package-lock.json

build/site/index.html: web/node_modules/.package-lock.json build/web/lookaside.wasm $(web_inputs)
	@echo '  VITE  build/site'
	$(Q)cd web && npm run --silent build </dev/null
	@touch $@

-include $(wildcard $(shell find $(NATIVE) build/wasm build/fuzz -name '*.d' 2>/dev/null))
