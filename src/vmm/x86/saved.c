/* How is an x86 machine saved and taken up again? KVM's part is in state.c; here is the devices'.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "vmm/arch.h"
#include "vmm/machine.h"
#include "vmm/x86/devices.h"
#include "vmm/x86/state.h"

/* The record's type: below STATE_FIRST_TYPE, above those of src/vmm/saved.c. */
#define RECORD_DEVICES 0x80u

/* What a guest can have changed of them. */
struct saved_devices {
	uint8_t ier, lcr, mcr, scr, fcr, dll, dlm, thr_interrupt;
	uint8_t ioapic_select, ioapic_id, rtc_index, unused;
	uint32_t ioapic_lines;
	uint64_t ioapic_pins[IOAPIC_PINS];
	uint64_t pm_timer_ns; /* how long it has counted */
};

static int make_list(const struct vmm *vmm, int **fds, struct state_kvm *kvm, struct error *err)
{
	*fds = calloc(vmm->nr_vcpus, sizeof(**fds));
	if (!*fds)
		return error_set(err, -ENOMEM, "no memory for %u vCPUs", vmm->nr_vcpus);
	for (unsigned int i = 0; i < vmm->nr_vcpus; i++)
		(*fds)[i] = vmm->vcpus[i].fd;
	*kvm = (struct state_kvm){ vmm->kvm_fd, vmm->vm_fd, *fds, vmm->nr_vcpus };
	return 0;
}

/* @moment_ns: the moment at which the machine's other clocks stand */
static void save_devices(const struct devices *devices, uint64_t moment_ns, struct records *out)
{
	const struct serial *serial = &devices->serial;
	struct saved_devices saved = { .ier = serial->ier,
				       .lcr = serial->lcr,
				       .mcr = serial->mcr,
				       .scr = serial->scr,
				       .fcr = serial->fcr,
				       .dll = serial->dll,
				       .dlm = serial->dlm,
				       .thr_interrupt = serial->thr_interrupt,
				       .ioapic_select = devices->ioapic.select,
				       .ioapic_id = devices->ioapic.id,
				       .ioapic_lines = devices->ioapic.lines,
				       .rtc_index = devices->rtc.index,
				       .pm_timer_ns = moment_ns - devices->pm_timer.zero_ns };

	memcpy(saved.ioapic_pins, devices->ioapic.pins, sizeof(saved.ioapic_pins));
	records_add(out, RECORD_DEVICES, 0, &saved, sizeof(saved));
}

int arch_save(struct vmm *vmm, struct records *out, struct error *err)
{
	const char *lacking = state_lacks(vmm->kvm_fd);
	struct state_kvm kvm;
	uint64_t moment_ns;
	int *fds, ret;

	if (lacking)
		return error_set(err, -ENOTSUP, "this host's KVM lacks %s", lacking);
	ret = make_list(vmm, &fds, &kvm, err);
	if (ret)
		return ret;
	moment_ns = now_ns();
	ret = state_save(&kvm, out, err);
	if (!ret)
		save_devices(vmm->devices, moment_ns, out);
	free(fds);
	return ret;
}

static void load_devices(const struct saved_devices *saved, struct devices *devices)
{
	struct serial *serial = &devices->serial;

	serial->ier = saved->ier;
	serial->lcr = saved->lcr;
	serial->mcr = saved->mcr;
	serial->scr = saved->scr;
	serial->fcr = saved->fcr;
	serial->dll = saved->dll;
	serial->dlm = saved->dlm;
	serial->thr_interrupt = saved->thr_interrupt;
	devices->ioapic.select = saved->ioapic_select;
	devices->ioapic.id = saved->ioapic_id;
	devices->ioapic.lines = saved->ioapic_lines;
	memcpy(devices->ioapic.pins, saved->ioapic_pins, sizeof(saved->ioapic_pins));
	devices->rtc.index = saved->rtc_index;
	devices->saved_pm_timer_ns = saved->pm_timer_ns;
}

int arch_load(struct vmm *vmm, const void *state, size_t size, struct error *err)
{
	struct saved_devices saved;
	struct state_kvm kvm;
	int *fds, ret = make_list(vmm, &fds, &kvm, err);

	if (!ret)
		ret = state_parse(state, size, vmm->nr_vcpus, &vmm->devices->saved, err);
	if (!ret)
		ret = state_load(vmm->devices->saved, &kvm, err);
	free(fds);
	if (!ret)
		ret = records_find(state, size, RECORD_DEVICES, 0, &saved, sizeof(saved), err);
	if (!ret)
		load_devices(&saved, vmm->devices);
	return ret;
}

int arch_set_time(struct vmm *vmm, struct error *err)
{
	struct state_kvm kvm;
	int *fds, ret = make_list(vmm, &fds, &kvm, err);

	if (!ret)
		ret = state_set_time(vmm->devices->saved, &kvm, err);
	vmm->devices->pm_timer.zero_ns = now_ns() - vmm->devices->saved_pm_timer_ns;
	free(fds);
	return ret;
}
