/* Does this host allow so many vCPUs? */
#ifndef KTSTR_VMM_VCPU_LIMITS_H
#define KTSTR_VMM_VCPU_LIMITS_H

#include "plan/topology.h"
#include "util/error.h"

/* What a process has open beside its vCPUs: KVM, eventfds, tracer, artefacts, what it inherited. */
#define VCPU_LIMITS_OTHER_DESCRIPTORS 256

/* vcpu_limits_check - by KVM's own limits; 0, or -EINVAL with a message that has them. */
int vcpu_limits_check(int kvm_fd, const struct topology *topology, struct error *err);

/*
 * vcpu_limits_make_room - a descriptor for each vCPU: where the soft limit of open files is too low
 * for them, up with it, to the hard limit if need be. For the rest of this process, which from here
 * on starts no other program.
 */
void vcpu_limits_make_room(unsigned int nr_vcpus);

#endif
