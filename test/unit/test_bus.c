/* Does each port and address lead to its device, and the rest nowhere? With a KVM of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <cmocka.h>

#include <linux/kvm.h>

static struct kvm_msi sent;

static int fake_ioctl(int fd, unsigned long request, ...)
{
	va_list args;

	assert_int_equal(fd, 78);
	assert_true(request == KVM_SIGNAL_MSI);
	va_start(args, request);
	sent = *va_arg(args, struct kvm_msi *);
	va_end(args);
	return 1;
}

#define ioctl fake_ioctl
#include "../../src/vmm/x86/bus.c"
#undef ioctl

static enum vmm_end ended;

void vmm_end(struct vmm *vmm, enum vmm_end end, const char *fmt, ...)
{
	(void)fmt;
	vmm->ended = true;
	ended = end;
}

static int nr_woken, nr_ready;

void machine_wake(struct vmm *vmm)
{
	(void)vmm;
	nr_woken++;
}

void machine_at_ready(struct vmm *vmm)
{
	(void)vmm;
	nr_ready++;
}

static struct vmm vmm;
static struct devices devices;

static int set_up(void **state)
{
	(void)state;
	memset(&vmm, 0, sizeof(vmm));
	vmm.vm_fd = 78;
	vmm.wake_fd = -1;
	pthread_mutex_init(&vmm.lock, NULL);
	memset(&devices, 0, sizeof(devices));
	vmm.devices = &devices;
	bus_init(&vmm);
	return 0;
}

static uint32_t in(uint16_t port, uint32_t size)
{
	uint32_t value = 0;

	bus_port_read(&vmm, port, (uint8_t *)&value, size);
	return value;
}

static void out(uint16_t port, uint32_t value, uint32_t size)
{
	bus_port_write(&vmm, port, (const uint8_t *)&value, size);
}

static bool is_a_device(unsigned int port)
{
	return (port >= 0x40 && port <= 0x43) || port == 0x61 || port == 0x64 || port == 0x70 ||
	       port == 0x71 || (port >= 0x3f8 && port <= 0x3ff) ||
	       (port >= 0x600 && port <= 0x602) || (port >= 0x608 && port <= 0x60b);
}

static void ports_without_a_device_float_high(void **state)
{
	(void)state;
	for (unsigned int port = 0; port < 0x10000; port++) {
		if (is_a_device(port))
			continue;
		out((uint16_t)port, 0xfe, 1);
		assert_int_equal(in((uint16_t)port, 1), 0xff);
		assert_int_equal(in((uint16_t)port, 4), 0xffffffff);
	}
	assert_false(vmm.ended);
}

/* Linux' quick_pit_calibrate gives up at once on 0, and its kb_wait goes on. */
static void what_is_not_there_keeps_nobody_waiting(void **state)
{
	(void)state;
	for (uint16_t port = 0x40; port <= 0x43; port++)
		assert_int_equal(in(port, 1), 0);
	assert_int_equal(in(0x61, 1), 0);
	assert_int_equal(in(0x64, 1), 0);
}

static void the_serial_port_is_heard_and_interrupts(void **state)
{
	const uint32_t select = 0x18, pin = 0x41, select_high = 0x19, id_300 = 0x2c020000;

	(void)state;
	bus_memory_write(&vmm, 0xfec00000, (const uint8_t *)&select_high, 4);
	bus_memory_write(&vmm, 0xfec00010, (const uint8_t *)&id_300, 4);
	bus_memory_write(&vmm, 0xfec00000, (const uint8_t *)&select, 4);
	bus_memory_write(&vmm, 0xfec00010, (const uint8_t *)&pin, 4);
	out(0x3f9, 0x02, 1); /* IER: transmitter empty, which is so at once */
	assert_int_equal(sent.address_lo, 0xfee2c000);
	assert_int_equal(sent.address_hi, 0x100);
	assert_int_equal(sent.data, 0x41);
	out(0x3f8, 'x', 1);
	assert_int_equal(vmm.console_used, 1);
	assert_int_equal(vmm.console[0], 'x');
	/* A wider write is to no register of one byte; of a wider read the rest floats. */
	out(0x3f8, 'y', 2);
	assert_int_equal(vmm.console_used, 1);
	assert_int_equal(in(0x3fd, 1), 0x60);
	assert_int_equal(in(0x3fd, 2), 0xff60);
}

static void init_says_by_its_bell_that_it_is_ready(void **state)
{
	(void)state;
	nr_ready = 0;
	bus_memory_write(&vmm, KTSTR_BELLS_GPA + KTSTR_READY_BELL, (const uint8_t *)"abcd", 2);
	bus_memory_write(&vmm, KTSTR_BELLS_GPA + KTSTR_READY_BELL + 4, (const uint8_t *)"abcd", 4);
	assert_int_equal(nr_ready, 0);
	bus_memory_write(&vmm, KTSTR_BELLS_GPA + KTSTR_READY_BELL, (const uint8_t *)"abcd", 4);
	assert_int_equal(nr_ready, 1);
}

static void clocks_run(void **state)
{
	uint32_t before = in(0x608, 4), after;

	(void)state;
	do
		after = in(0x608, 4);
	while (after == before);
	assert_int_equal(after & 0xff000000, 0);
	assert_true(((after - before) & 0xffffff) < 0x800000);
	out(0x70, 0x32, 1);
	assert_int_equal(in(0x71, 1), 0x20);
}

static void the_machine_ends_by_its_three_registers(void **state)
{
	static const struct {
		uint16_t port;
		uint8_t no, yes;
		enum vmm_end end;
	} registers[] = {
		{ 0x600, 0x20 | 4 << 2, 0x20 | 5 << 2, VMM_END_POWEROFF },
		{ 0x602, 0x00, 0x01, VMM_END_RESET },
		{ 0x64, 0xff, 0xfe, VMM_END_RESET },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		vmm.ended = false;
		out(registers[i].port, registers[i].no, 1);
		assert_false(vmm.ended);
		out(registers[i].port, registers[i].yes, 1);
		assert_true(vmm.ended);
		assert_int_equal(ended, registers[i].end);
	}
	vmm.ended = false;
	out(0x601, 0x20 | 5 << 2, 1);
	assert_false(vmm.ended);
	assert_int_equal(in(0x600, 1), 0);
	assert_int_equal(in(0x601, 1), 0);
}

/* The I/O APIC takes words; all else around it is nobody's, whatever its size. */
static void memory_without_a_device_floats_high(void **state)
{
	const uint32_t select = 1;
	uint8_t data[8];

	(void)state;
	bus_memory_write(&vmm, 0xfec00000, (const uint8_t *)&select, 4);
	bus_memory_read(&vmm, 0xfec00010, data, 4);
	assert_int_equal(data[0], 0x11);
	for (uint32_t size = 1; size <= 8; size *= 2) {
		static const uint64_t addresses[] = { 0xfebffffc, 0xfec00010, 0xfec00020,
						      0xfed00000, UINT64_MAX - 7 };

		for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
			if (addresses[i] == 0xfec00010 && size == 4)
				continue;
			memset(data, 0, sizeof(data));
			bus_memory_write(&vmm, addresses[i], data, size);
			bus_memory_read(&vmm, addresses[i], data, size);
			for (uint32_t at = 0; at < size; at++)
				assert_int_equal(data[at], 0xff);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(ports_without_a_device_float_high, set_up),
		cmocka_unit_test_setup(what_is_not_there_keeps_nobody_waiting, set_up),
		cmocka_unit_test_setup(the_serial_port_is_heard_and_interrupts, set_up),
		cmocka_unit_test_setup(init_says_by_its_bell_that_it_is_ready, set_up),
		cmocka_unit_test_setup(clocks_run, set_up),
		cmocka_unit_test_setup(the_machine_ends_by_its_three_registers, set_up),
		cmocka_unit_test_setup(memory_without_a_device_floats_high, set_up),
	};

	return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}
