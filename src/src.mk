# The launcher: every .c below src/ and embed/ and the blobs, linked into one static-pie file.

SRC_C := $(sort $(wildcard src/*.c src/*/*.c embed/*.c))
SRC_OBJECTS := $(SRC_C:%.c=$(BUILD)/%.o)
SRC_LIBS := -ljson-c -lelf -lz -lzstd -llzma -llz4 -lnettle -lpthread
# The sanitizers have no static-pie form.
SRC_LDFLAGS := $(if $(filter none,$(SANITIZE)),-static-pie,-pie) -Wl,--gc-sections -Wl,--as-needed \
	       -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack
# The promise of the README, for what is our own; the sanitized file is for tests only.
SRC_MAX_BYTES := $(if $(filter none,$(SANITIZE)),$(if $(filter builtin,$(WPROF)),4194303))

$(BUILD)/src/flags.stamp: FORCE
	$(call stamp,$(CC) $(ALL_CFLAGS))

$(BUILD)/src/link.stamp: FORCE
	$(call stamp,$(SRC_C) $(LDFLAGS) $(SRC_LDFLAGS) $(LDLIBS) $(SRC_LIBS))

$(SRC_OBJECTS): $(BUILD)/%.o: %.c $(BUILD)/src/flags.stamp
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/ktstr-launch.debug: $(SRC_OBJECTS) $(EMBED_OBJECTS) $(BUILD)/src/link.stamp
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $(SRC_LDFLAGS) -o $@ $(filter %.o,$^) $(LDLIBS) $(SRC_LIBS)

$(BUILD)/ktstr-launch: $(BUILD)/ktstr-launch.debug
	$(call say,STRIP,$@)
	$(Q)strip -o $@ $<
	@size=$$(stat -c %s $@); [ $$size -le $(or $(SRC_MAX_BYTES),$$size) ] || { \
		echo "$@: $$size bytes, the limit is $(SRC_MAX_BYTES)" >&2; exit 1; }

-include $(SRC_OBJECTS:.o=.d)
