/* What the files below src/vmm/x86 share with each other, and with nobody else. */
#ifndef KTSTR_VMM_X86_X86_H
#define KTSTR_VMM_X86_X86_H

#include <stdint.h>

#include "util/error.h"
#include "vmm/kernel_image.h"
#include "vmm/machine.h"
#include "vmm/x86/devices.h"

/* All devices, as they are when a PC is switched on. */
void bus_init(struct vmm *vmm);
/* An access to a port, of 1, 2 or 4 bytes, or to memory, of 1 to 8; called on vCPU threads. */
void bus_port_write(struct vmm *vmm, uint16_t port, const uint8_t *data, uint32_t size);
void bus_port_read(struct vmm *vmm, uint16_t port, uint8_t *data, uint32_t size);
void bus_memory_write(struct vmm *vmm, uint64_t address, const uint8_t *data, uint32_t size);
void bus_memory_read(struct vmm *vmm, uint64_t address, uint8_t *data, uint32_t size);

/*
 * vcpu_reset - MSRs and local APIC as firmware leaves them; the boot processor's registers.
 * @entry: NULL for all but the boot processor
 */
int vcpu_reset(struct vcpu *vcpu, const struct kernel_entry *entry, struct error *err);

#endif
