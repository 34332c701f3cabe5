# The launcher: every .c below src/ and embed/ and the blobs, linked into one static-pie file.

SRC_C := $(sort $(wildcard src/*.c src/*/*.c src/*/*/*.c embed/*.c))
SRC_OBJECTS := $(SRC_C:%.c=$(BUILD)/%.o)
SRC_LIBS := -ljson-c -larchive -lelf -lz -lzstd -llzma -llz4 -lnettle -lm -lpthread
# The sanitizers have no static-pie form. No build id: it is made of the debug information as well, where
# the folder of the build is named, and the same source is to give the same bytes in any folder.
SRC_LDFLAGS := $(if $(filter none,$(SANITIZE)),-static-pie,-pie) -Wl,--gc-sections -Wl,--as-needed \
	       -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--build-id=none
# A link that fails is explained: an archive that is absent, or one that does not do.
link_hint = $(if $(filter none,$(SANITIZE)),tools/static-libs --explain c \
	    $(patsubst -l%,%,$(filter-out -lpthread,$(SRC_LIBS))) -- $(CC) $(LDFLAGS),:)
# The promise of the README, for what is our own; the sanitized file is for tests only.
SRC_MAX_BYTES := $(if $(filter none,$(SANITIZE)),$(if $(filter builtin,$(WPROF)),4194303))

# What waits for people, files and other programs is made small; what guests wait for is made fast.
SRC_SMALL := bisect compare doctor entry fleet manual page pin report results
SRC_SMALL_CFLAGS := $(if $(filter none,$(SANITIZE)),-Os)

$(BUILD)/src/flags.stamp: FORCE
	$(call stamp,$(CC) $(ALL_CFLAGS) $(SRC_SMALL) $(SRC_SMALL_CFLAGS))

$(foreach folder,$(SRC_SMALL),$(filter $(BUILD)/src/$(folder)/%,$(SRC_OBJECTS))): \
	private ALL_CFLAGS += $(SRC_SMALL_CFLAGS)

# The commit that is built, for --version; nothing where this is no git checkout. It is dirty when one
# of the files that are built is not as it was committed, new ones included.
COMMIT ?= $(if $(wildcard .git),$(shell git rev-parse HEAD 2>/dev/null | cut -c 1-7)$(if $(shell \
	git status --porcelain -- Makefile doc embed guest src third_party tools 2>/dev/null),-dirty))
commit := $(COMMIT)
version_cflags := -DKTSTR_COMMIT='"$(if $(commit), (commit $(commit)))"' \
		  -DKTSTR_VERSION_DATE='"$(VERSION_DATE)"'

$(BUILD)/src/version.stamp: FORCE
	$(call stamp,$(version_cflags))

$(BUILD)/src/version.o: private ALL_CFLAGS += $(version_cflags)
$(BUILD)/src/version.o: $(BUILD)/src/version.stamp

$(BUILD)/src/link.stamp: FORCE
	$(call stamp,$(SRC_C) $(LDFLAGS) $(SRC_LDFLAGS) $(LDLIBS) $(SRC_LIBS))

$(SRC_OBJECTS): $(BUILD)/%.o: %.c $(BUILD)/src/flags.stamp
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/ktstr-launch.debug: $(SRC_OBJECTS) $(EMBED_OBJECTS) $(BUILD)/src/link.stamp
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $(SRC_LDFLAGS) -o $@ $(filter %.o,$^) $(LDLIBS) $(SRC_LIBS) || \
		{ $(link_hint); exit 1; }

$(BUILD)/ktstr-launch: $(BUILD)/ktstr-launch.debug
	$(call say,STRIP,$@)
	$(Q)strip -o $@ $<
	@size=$$(stat -c %s $@); [ $$size -le $(or $(SRC_MAX_BYTES),$$size) ] || { \
		echo "$@: $$size bytes, the limit is $(SRC_MAX_BYTES)" >&2; exit 1; }

-include $(SRC_OBJECTS:.o=.d)
