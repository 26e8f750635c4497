/* What is given to input ports. */
#include "net.h"

static int push(const struct spkl_net *net, unsigned i,
                const struct spkl_port *port, const void *data, size_t n)
{
    const struct spkl_input *in;

    if (i >= net->model->n_inputs) {
        return SPKL_ERR_ARGUMENT;
    }
    in = &net->inputs[i];
    if (in->port != port) {
        return SPKL_ERR_ENCODER;
    }
    if (n > 0 && data == NULL) {
        return SPKL_ERR_ARGUMENT;
    }
    return port->push(net, in, data, n);
}

int spkl_push(struct spkl_net *net, unsigned port,
              const struct spkl_event *events, size_t n)
{
    return push(net, port, spkl_kernels.events, events, n);
}

int spkl_push_frame(struct spkl_net *net, unsigned port, const uint8_t *frame,
                    size_t n)
{
    return push(net, port, spkl_kernels.frames, frame, n);
}
