/* How much time has the guest really had? See guest_clock.h. */
#include "run/guest_clock.h"

void guest_clock_start(struct guest_clock *clock, uint64_t now_ns)
{
	*clock = (struct guest_clock){ .now_ns = now_ns };
}

uint64_t guest_clock_step(struct guest_clock *clock, uint64_t now_ns, uint64_t idle_ns)
{
	uint64_t passed = now_ns > clock->now_ns ? now_ns - clock->now_ns : 0;
	uint64_t free_of_charge;

	/* Idle time is told later than it passes, so what exceeds this step is kept for the next.
	 */
	if (idle_ns > clock->idle_ns)
		clock->credit_ns += idle_ns - clock->idle_ns;
	free_of_charge = clock->credit_ns < passed ? clock->credit_ns : passed;
	clock->credit_ns -= free_of_charge;
	passed -= free_of_charge;
	if (passed > GUEST_CLOCK_STEP_NS) {
		clock->stood_ns += passed - GUEST_CLOCK_STEP_NS;
		passed = GUEST_CLOCK_STEP_NS;
	}
	clock->charged_ns += passed;
	if (now_ns > clock->now_ns)
		clock->now_ns = now_ns;
	if (idle_ns > clock->idle_ns)
		clock->idle_ns = idle_ns;
	return clock->charged_ns;
}
