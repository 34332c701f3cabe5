# What runs inside the guest: init (guest/*.c), the built-in tracer (guest/tracer/*.c) and the load
# generator (guest/work/), each one static file. Built with musl by flags rather than through
# musl-gcc, so that any compiler does.

MUSL_INCLUDE ?= /usr/include/x86_64-linux-musl
MUSL_LIB ?= /usr/lib/x86_64-linux-musl
# musl has no kernel headers: linux/ and asm/ are found behind its own.
KERNEL_INCLUDE ?= /usr/include /usr/include/x86_64-linux-gnu

# No sanitizer runtime exists for musl; a trap kills the program just as visibly.
GUEST_SANITIZE := $(if $(filter-out none,$(SANITIZE)),-fsanitize=undefined \
		  -fsanitize-undefined-trap-on-error)
GUEST_CFLAGS = $(COMMON_CFLAGS) -fno-pie $(GUEST_SANITIZE) -I. -Isrc -nostdinc \
	       -isystem $(MUSL_INCLUDE) $(addprefix -idirafter ,$(KERNEL_INCLUDE))
GUEST_LDFLAGS = -static -nostdlib -Wl,--gc-sections -Wl,-z,noexecstack -Wl,--build-id=none

GUEST_INIT_C := $(sort $(wildcard guest/*.c))
GUEST_TRACER_C := $(sort $(wildcard guest/tracer/*.c))
# What both sides have: how events become a trace.
GUEST_TRACE_C := $(sort $(wildcard src/trace/*.c))
GUEST_WORK_C := $(sort $(wildcard guest/work/*.c guest/work/kinds/*.c))
GUEST_INIT_OBJECTS := $(GUEST_INIT_C:%.c=$(BUILD)/%.o)
GUEST_TRACER_OBJECTS := $(GUEST_TRACER_C:%.c=$(BUILD)/%.o)
GUEST_WORK_OBJECTS := $(GUEST_WORK_C:%.c=$(BUILD)/%.o)
GUEST_TRACE_OBJECTS := $(GUEST_TRACE_C:src/%.c=$(BUILD)/guest/%.o)
GUEST_OBJECTS := $(GUEST_INIT_OBJECTS) $(GUEST_TRACER_OBJECTS) $(GUEST_WORK_OBJECTS)

$(BUILD)/guest/flags.stamp: FORCE
	$(call stamp,$(CC) $(GUEST_CFLAGS))

$(BUILD)/guest/link.stamp: FORCE
	$(call stamp,$(GUEST_INIT_C) $(GUEST_TRACER_C) $(GUEST_WORK_C) $(GUEST_TRACE_C) $(GUEST_LDFLAGS) $(MUSL_LIB))

$(GUEST_TRACE_OBJECTS): $(BUILD)/guest/%.o: src/%.c $(BUILD)/guest/flags.stamp
	$(call say,CC,$< (for the guest))
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -c -o $@ $<

$(GUEST_OBJECTS): $(BUILD)/%.o: %.c $(BUILD)/guest/flags.stamp
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -c -o $@ $<

$(BUILD)/guest/init.debug: $(GUEST_INIT_OBJECTS) $(addprefix $(BUILD)/guest/,trace/failure.o trace/pb.o trace/tracepoint.o tracer/hotplug.o tracer/machine.o)
$(BUILD)/guest/wprof.debug: $(GUEST_TRACER_OBJECTS) $(GUEST_TRACE_OBJECTS)
# Sentences, lists of CPUs and the machine's memory are read as the tracer reads them.
$(BUILD)/guest/ktstr-work.debug: $(GUEST_WORK_OBJECTS) $(BUILD)/guest/trace/failure.o \
			   $(BUILD)/guest/tracer/machine.o
$(BUILD)/guest/init.debug $(BUILD)/guest/wprof.debug $(BUILD)/guest/ktstr-work.debug: $(BUILD)/guest/link.stamp
	$(call say,LINK,$@)
	$(Q)$(CC) $(GUEST_LDFLAGS) -o $@ $(MUSL_LIB)/crt1.o $(MUSL_LIB)/crti.o $(filter %.o,$^) \
		-L$(MUSL_LIB) -lc -lgcc $(MUSL_LIB)/crtn.o

$(BUILD)/guest/init $(BUILD)/guest/wprof $(BUILD)/guest/ktstr-work: %: %.debug
	$(call say,STRIP,$@)
	$(Q)strip -o $@ $<

-include $(GUEST_OBJECTS:.o=.d) $(GUEST_TRACE_OBJECTS:.o=.d)
