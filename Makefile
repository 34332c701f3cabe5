# The one way in: `make help` lists the targets. Everything is built below $(BUILD).

BUILD ?= build
CC ?= gcc
V ?= 0
# The tracer inside: source (wprof, fetched and compiled) | prebuilt (with WPROF_BIN=/path) | builtin
# (our own) | auto (source, or with a notice builtin). third_party/wprof/wprof.mk has what else there
# is to be said of the source.
WPROF ?= auto
WPROF_BIN ?=
# The static busybox that is embedded
BUSYBOX ?= /bin/busybox
# none; or address: ASan and UBSan, linked dynamically (`make asan`); or fuzz: libFuzzer's as well
SANITIZE ?= none
FUZZ_SECONDS ?= 10
DESTDIR ?=
prefix ?= /usr/local

# make's own default for CC is cc, which ?= leaves in place
ifeq ($(origin CC),default)
CC := gcc
endif

VERSION := 0.1.0
# When that was, for the man pages: the same in each build
VERSION_DATE := 2026-11-25
CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	    -Wvla -Wformat=2 -Wundef -Werror
SANITIZE_CFLAGS_address := -fsanitize=address,undefined
SANITIZE_CFLAGS_fuzz := -fsanitize=fuzzer-no-link,address,undefined
SANITIZE_CFLAGS := $(if $(filter-out none,$(SANITIZE)),$(SANITIZE_CFLAGS_$(SANITIZE)) \
		   -fno-sanitize-recover=all -fno-omit-frame-pointer)
COMMON_CFLAGS = -std=gnu11 -D_GNU_SOURCE -DKTSTR_VERSION='"$(VERSION)"' $(WARNINGS) $(CFLAGS) \
		-fno-strict-aliasing -fstack-protector-strong -ffunction-sections -fdata-sections \
		-MMD -MP
# Nothing unwinds in the launcher; a debugger has .debug_frame, in the file that is not stripped.
UNWIND_CFLAGS := $(if $(filter none,$(SANITIZE)),-fno-asynchronous-unwind-tables)
ALL_CFLAGS = $(COMMON_CFLAGS) -fPIE $(SANITIZE_CFLAGS) $(UNWIND_CFLAGS) -Isrc -I. -I$(BUILD)

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)')

# $(call stamp,TEXT): the recipe of a file that changes only when TEXT does, so that what depends on
# it is built anew when a variable has another value than in the last make.
stamp = @mkdir -p $(@D); printf '%s\n' $(call quote,$(1)) | cmp -s - $@ || \
	printf '%s\n' $(call quote,$(1)) >$@
quote = '$(subst ','\'',$(1))'

all: $(BUILD)/ktstr-launch ## build the launcher (default)

include tools/packages.mk
include tools/fetch/fetch.mk
include guest/guest.mk
include third_party/wprof/wprof.mk
include embed/embed.mk
include src/src.mk
include test/test.mk

# What is built for tests holds the built-in tracer unless another one is asked for by name: it is the
# same everywhere, with a network and without.
test_make = $(MAKE) --no-print-directory $(if $(filter auto,$(WPROF)),WPROF=builtin)
# Other variants are built below by the same rules; wprof is the same in all of them.
variant_make = $(test_make) WPROF_BUILD=$(WPROF_BUILD)
asan_make = $(variant_make) BUILD=$(BUILD)/asan SANITIZE=address
fuzz_make = $(variant_make) BUILD=$(BUILD)/fuzz SANITIZE=fuzz CC=clang
# All CPUs, where the user said nothing of jobs.
jobs = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

asan: ## build the launcher under ASan and UBSan, in $(BUILD)/asan
	+$(Q)$(asan_make) all

# What installs packages builds in a make of its own, which starts when they are there.
demo: ## install what is needed, then show a failing test and its trace
	$(Q)tools/packages build wprof lab
	$(Q)$(MAKE) --no-print-directory $(jobs) all
	$(Q)BUILD=$(BUILD) tools/demo

# Needs clang and libbpf, which `make` alone does not.
SCX_KTSTR := $(BUILD)/examples/scx_ktstr

examples: $(SCX_KTSTR) ## a small sched_ext scheduler, in $(BUILD)/examples
$(SCX_KTSTR): FORCE
	+$(Q)$(MAKE) --no-print-directory -s -C examples/sched_ext OUT=$(abspath $(@D)) CC=$(CC)

bench: all ## time to guest init and memory, beside qemu's
	$(Q)BUILD=$(BUILD) tools/bench

soak: all ## very many forks: are they right, and is nothing left of them? (an hour in the emulated host)
	+$(Q)$(test_make) $(WITNESS)
	$(Q)BUILD=$(BUILD) tools/soak

kernels: ## get the stock kernels that the tests boot
	$(Q)tools/kernel-image
	$(Q)tools/kernel-image --flavour generic
	$(Q)tools/kernel-image --vmlinux
	$(Q)tools/kernel-image --series 6.1
	$(Q)tools/kernel-image --series scx
	@# Backports move on: status 2 says that this series is gone from there.
	$(Q)tools/kernel-image --series 6.17 || [ $$? -eq 2 ]

# What stands there is installed, not another one made with other switches, by root, with a network.
install: ## install what was built, its man pages and completions (DESTDIR, prefix)
	+$(Q)[ -x $(BUILD)/ktstr-launch ] || $(MAKE) --no-print-directory all
	$(Q)install -D -m 0755 $(BUILD)/ktstr-launch $(DESTDIR)$(prefix)/bin/ktstr-launch
	$(Q)tools/install-manual $(BUILD)/ktstr-launch $(DESTDIR)$(prefix)/share

# What is handed on says for sure what it holds.
dist: ## one file to hand on, with its SHA-256, in $(BUILD)/dist (not with WPROF=auto)
	$(if $(filter auto,$(WPROF)),$(call refuse,make dist: WPROF=auto would leave it to chance which \
		tracer is inside: say WPROF=source or WPROF=prebuilt or WPROF=builtin))
	+$(Q)$(MAKE) --no-print-directory all
	@! $(BUILD)/ktstr-launch licenses | grep '^TEXT NOT FOUND' || { \
		echo 'make dist: licence texts are missing, see above: install the packages that' \
			'have them' >&2; exit 1; }
	$(Q)install -D -m 0755 $(BUILD)/ktstr-launch $(BUILD)/dist/ktstr-launch
	$(Q)cd $(BUILD)/dist && sha256sum ktstr-launch | tee ktstr-launch.sha256

lint: ## clang-format, shellcheck, cppcheck, the types of the page's script
	$(Q)tools/lint

help: ## this list
	$(Q)awk -F':.*## ' '/^[a-z][a-z-]*:.*## / { printf "%-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

clean: ## remove what was compiled (kernels and the lab's parts stay)
	$(Q)rm -rf $(addprefix $(BUILD)/,src guest embed tools test auto \
		wprof dist asan fuzz examples ktstr-launch ktstr-launch.debug)

FORCE:
.PHONY: all asan demo examples bench soak kernels install dist lint help clean FORCE
.DELETE_ON_ERROR:
# No built-in rules: none is used, and they cost a second of searching.
MAKEFLAGS += --no-builtin-rules
