/* The calls that are counted, and nothing else. Called by board.py, which lays
 * out the memory. */
#include "spkl.h"

static struct spkl_model model;
static struct spkl_net net;

int bare_start(const void *image, size_t length, void *arena, size_t size);
int bare_push(unsigned port, const struct spkl_event *events, size_t n);
int bare_frame(unsigned port, const uint8_t *frame, size_t n);
uint32_t bare_tick(void);
int bare_take(unsigned port);

int bare_start(const void *image, size_t length, void *arena, size_t size)
{
    int result = spkl_open(&model, image, length);

    return result ? result : spkl_start(&net, &model, arena, size);
}

int bare_push(unsigned port, const struct spkl_event *events, size_t n)
{
    return spkl_push(&net, port, events, n);
}

int bare_frame(unsigned port, const uint8_t *frame, size_t n)
{
    return spkl_push_frame(&net, port, frame, n);
}

uint32_t bare_tick(void)
{
    return spkl_advance(&net, 1);
}

int bare_take(unsigned port)
{
    struct spkl_output output;
    int result = spkl_output(&net, port, &output);

    return result ? result : spkl_output_take(&net, port, output.n_events);
}
