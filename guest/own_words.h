/*
 * What can only a guest that lives say of its failure? What its kernel counts and knows of itself,
 * and does not lie in memory for the host to read as it is.
 */
#ifndef KTSTR_GUEST_OWN_WORDS_H
#define KTSTR_GUEST_OWN_WORDS_H

#include "session.h"

/*
 * own_words_send - the parts that the host asks for, as KTSTR_OWN_WORDS; of the others it is told
 * that they were not. Once, the next time nothing is done. Takes no more than KTSTR_OWN_WORDS_MS,
 * but where the kernel itself does not come back.
 */
void own_words_send(struct session *session);

#endif
