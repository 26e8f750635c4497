#ifndef SPKL_EVENT_PORT_H
#define SPKL_EVENT_PORT_H

#include "net.h"

/* The port that takes what spkl_push was given. Returns 0,
 * SPKL_ERR_ARGUMENT or SPKL_ERR_ENCODER. */
static inline int spkl_find_event_port(const struct spkl_net *net,
                                       unsigned port, const void *events,
                                       size_t n, const struct spkl_input **in)
{
    if (port >= spkl_count(net->model, SPKL_SECTION_INPUTS) ||
        (n > 0 && events == NULL)) {
        return SPKL_ERR_ARGUMENT;
    }
    *in = &net->inputs[port];
    return (*in)->record->encoder != SPKL_ENCODER_EVENTS ? SPKL_ERR_ENCODER
                                                         : SPKL_OK;
}

#endif
