/* What did a guest show of itself when its test failed? See inside.h. */
#include "verdict/inside.h"

void inside_clear(struct inside *inside)
{
	inspect_machine_free(inside->machine);
	printk_free(&inside->log);
	*inside = (struct inside){ 0 };
}
