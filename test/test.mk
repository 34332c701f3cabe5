# Unit tests and fuzzers, and what runs all tests. A test program is linked with archives rather than
# with all objects, so that one that includes a module's .c file gets that module only once.

UNIT_C := $(sort $(wildcard test/unit/test_*.c))
UNIT_PROGRAMS := $(UNIT_C:%.c=$(BUILD)/%)
FUZZ_C := $(sort $(wildcard test/fuzz/fuzz_*.c))
FUZZ_PROGRAMS := $(FUZZ_C:%.c=$(BUILD)/%)

# Both sides: the launcher without its main, and the guest's programs compiled for the host.
TEST_LAUNCHER := $(BUILD)/test/launcher.a
TEST_GUEST := $(BUILD)/test/guest.a
TEST_GUEST_OBJECTS := $(patsubst guest/%.c,$(BUILD)/test/guest/%.o, \
		      $(GUEST_INIT_C) $(GUEST_TRACER_C) $(GUEST_WORK_C))

$(TEST_LAUNCHER): $(filter-out $(BUILD)/src/main.o,$(SRC_OBJECTS)) $(EMBED_OBJECTS)
$(TEST_GUEST): $(TEST_GUEST_OBJECTS)
$(TEST_LAUNCHER) $(TEST_GUEST): $(BUILD)/src/link.stamp $(BUILD)/guest/link.stamp
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)

$(TEST_GUEST_OBJECTS): $(BUILD)/test/guest/%.o: guest/%.c $(BUILD)/src/flags.stamp
	$(call say,CC,$< (for the host))
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Dmain=guest_main -Wno-missing-prototypes -c -o $@ $<

# What stands in for wprof's Rust parts, against a header of our own.
TEST_SYMBOLIZE := $(BUILD)/test/symbolize.a
TEST_SYMBOLIZE_OBJECTS := $(patsubst third_party/wprof/symbolize/%.c,$(BUILD)/test/symbolize/%.o, \
			  $(sort $(wildcard third_party/wprof/symbolize/*.c)))
TEST_CFLAGS = $(ALL_CFLAGS) -DBLAZESYM_HAS_NO_VDSO -Itest/fixtures/wprof/blazesym/capi/include

$(TEST_SYMBOLIZE): $(TEST_SYMBOLIZE_OBJECTS)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $^

$(TEST_SYMBOLIZE_OBJECTS): $(BUILD)/test/symbolize/%.o: third_party/wprof/symbolize/%.c \
			   $(BUILD)/src/flags.stamp
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TEST_CFLAGS) -c -o $@ $<

TEST_ARCHIVES := $(TEST_SYMBOLIZE) $(TEST_GUEST) $(TEST_LAUNCHER)

$(UNIT_PROGRAMS): $(BUILD)/%: %.c $(TEST_ARCHIVES) $(BUILD)/src/flags.stamp
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TEST_CFLAGS) $(LDFLAGS) -pie -o $@ $< $(TEST_ARCHIVES) \
		-lcmocka $(LDLIBS) $(SRC_LIBS)

$(FUZZ_PROGRAMS): $(BUILD)/%: %.c $(TEST_ARCHIVES) $(BUILD)/src/flags.stamp
	$(call say,FUZZ,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TEST_CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -pie -o $@ $< $(TEST_ARCHIVES) \
		$(LDLIBS) $(SRC_LIBS)

# What the developers of src/inspect look at a core with; not part of any test.
INSPECT := $(BUILD)/test/inspect/inspect

$(INSPECT): test/inspect/inspect.c $(TEST_LAUNCHER) $(BUILD)/src/flags.stamp
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TEST_CFLAGS) $(LDFLAGS) -pie -o $@ $< $(TEST_LAUNCHER) $(LDLIBS) $(SRC_LIBS)

# A payload that lies in the channel (test/vm/channel.bats).
HOSTILE := $(BUILD)/test/hostile

$(HOSTILE): test/vm/hostile.c $(BUILD)/src/flags.stamp
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(COMMON_CFLAGS) -I. -o $@ $<

# A payload that tells of chance and time (test/vm, tools/soak); static, to be all that there is to unpack.
WITNESS := $(BUILD)/test/witness

$(WITNESS): test/vm/witness.c $(BUILD)/src/flags.stamp
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(COMMON_CFLAGS) -static -pthread -o $@ $<

# A user at a terminal (test/vm/shell.bats).
TERMINAL := $(BUILD)/test/terminal

$(TERMINAL): test/vm/terminal.c $(BUILD)/src/flags.stamp
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(COMMON_CFLAGS) -static -o $@ $< -lutil

# A payload whose kernel is to fail (test/ends).
STAGED := $(BUILD)/test/staged

$(STAGED): test/ends/staged.c $(BUILD)/src/flags.stamp
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(COMMON_CFLAGS) -static -pthread -o $@ $<

# What tests of VMs do to a launcher from outside, and spin to a kernel from inside. Static, as the emulated
# host's files are slow.
HANDS := $(addprefix $(BUILD)/test/vm/,damage deny interrupt spin)

$(HANDS): $(BUILD)/%: %.c $(BUILD)/src/flags.stamp
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(COMMON_CFLAGS) -static -I. -o $@ $<

# A tracer of wprof's shape, by wprof's recipe: test/vm/wprof.bats records with it.
STANDIN := $(BUILD)/test/source/wprof

$(STANDIN): FORCE
	$(Q)test/fixtures/wprof/make-standin $(@D)

standin: $(STANDIN)
unit-programs: $(UNIT_PROGRAMS)
fuzz-programs: $(FUZZ_PROGRAMS)

# What test/run needs for the files that it was given: PROGRAMS, by their names below $(BUILD). What lies
# in asan/ and fuzz/ there is made by a make of that variant.
PROGRAMS ?=
programs_of = $(addprefix $(BUILD)/,$(filter $(1),$(PROGRAMS)))
programs:
	+$(Q)$(if $(filter-out asan/% fuzz/%,$(PROGRAMS)),$(test_make) \
		$(addprefix $(BUILD)/,$(filter-out asan/% fuzz/%,$(PROGRAMS))))
	+$(Q)$(if $(filter asan/%,$(PROGRAMS)),$(asan_make) $(call programs_of,asan/%))
	+$(Q)$(if $(filter fuzz/%,$(PROGRAMS)),$(fuzz_make) $(call programs_of,fuzz/%))

unit: ## run the unit tests, plain and under ASan and UBSan
	+$(Q)BUILD=$(BUILD) test/run unit

fuzz: ## run each fuzzer for FUZZ_SECONDS (10)
	+$(Q)BUILD=$(BUILD) FUZZ_SECONDS=$(FUZZ_SECONDS) test/run fuzz

check: ## install what is needed, then run every test
	$(Q)tools/packages build wprof lab test page
	+$(Q)BUILD=$(BUILD) FUZZ_SECONDS=$(FUZZ_SECONDS) test/run

check-intel: ## runs under KVM of an emulated Intel processor, not part of check
	$(Q)tools/packages build lab intel
	+$(Q)$(test_make) $(jobs) all
	$(Q)BUILD=$(BUILD) test/intel/check

check-programs: all unit-programs fetch standin examples $(HOSTILE) $(WITNESS) $(TERMINAL) $(STAGED) \
		$(HANDS)
	+$(Q)$(asan_make) all unit-programs fetch
	+$(Q)$(fuzz_make) fuzz-programs

-include $(TEST_GUEST_OBJECTS:.o=.d) $(TEST_SYMBOLIZE_OBJECTS:.o=.d) $(UNIT_PROGRAMS:%=%.d) \
	 $(HOSTILE:%=%.d) $(WITNESS:%=%.d) $(TERMINAL:%=%.d) $(STAGED:%=%.d) $(HANDS:%=%.d) $(INSPECT:%=%.d) $(FUZZ_PROGRAMS:%=%.d)

.PHONY: standin unit-programs fuzz-programs programs unit fuzz check check-intel check-programs
