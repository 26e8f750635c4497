/* What the commands of graded networks do: docs/reference/wire.md, 4. */
#include "spkl_app.h"

/* Whether some layers of an inference have run, and some have not. */
static bool is_busy(const struct spkl_graded *net)
{
    return net->next > 0 && net->next < net->model->n_layers;
}

/* Whether n bytes from offset on lie in a tensor. */
static bool has(const struct spkl_tensor *tensor, uint32_t offset, uint32_t n)
{
    uint32_t size = tensor->size * tensor->type;

    return n > 0 && n <= size && offset <= size - n;
}

static int write_input(struct spkl_app *app, uint32_t n, uint32_t *answer)
{
    const struct spkl_graded *net = &app->slot.run.graded.net;
    const uint8_t *from = spkl_app_body(app) + 8;
    uint32_t offset = spkl_app_u32(app, 1);
    struct spkl_tensor tensor;
    int error = spkl_graded_input(net, spkl_app_body(app)[0], &tensor);

    (void)answer;
    n -= 8;
    if (error == SPKL_OK && is_busy(net)) {
        error = SPKL_STATUS_BUSY;
    }
    if (error == SPKL_OK && !has(&tensor, offset, n)) {
        error = SPKL_ERR_ARGUMENT;
    }
    for (uint32_t i = 0; error == SPKL_OK && i < n; i++) {
        ((uint8_t *)tensor.at)[offset + i] = from[i];
    }
    return error;
}

static int run(struct spkl_app *app, uint32_t n, uint32_t *answer)
{
    struct spkl_graded *net = &app->slot.run.graded.net;
    uint32_t most = spkl_app_u32(app, 0);
    uint32_t hz = spkl_port_time_hz();
    uint32_t start = spkl_port_time();
    uint32_t elapsed = 0;
    uint32_t done = 0;
    int more = SPKL_MORE;

    (void)n;
    if (most == 0) {
        return SPKL_ERR_ARGUMENT;
    }
    while (more == SPKL_MORE && done < most && elapsed * SPKL_APP_SLICE < hz) {
        more = spkl_graded_run(net, 1);
        elapsed = (spkl_port_time() - start) & 0xFFFFFFu;
        done++;
    }
    app->out.words[1] = done;
    app->out.words[2] = net->model->n_layers - net->next;
    *answer = 8;
    return SPKL_OK;
}

static int read_tensor(struct spkl_app *app, uint32_t n, uint32_t *answer)
{
    uint8_t *to = app->out.bytes + SPKL_WIRE_HEADER;
    uint32_t offset = spkl_app_u32(app, 1);
    uint32_t count = spkl_app_u32(app, 2);
    struct spkl_tensor tensor;
    int error = spkl_graded_tensor(&app->slot.run.graded.net,
                                   spkl_app_u16(app, 0), &tensor);

    (void)n;
    if (error == SPKL_OK &&
        (count > SPKL_WIRE_READ_MAX || !has(&tensor, offset, count))) {
        error = SPKL_ERR_ARGUMENT;
    }
    for (uint32_t i = 0; error == SPKL_OK && i < count; i++) {
        to[i] = ((const uint8_t *)tensor.at)[offset + i];
    }
    *answer = count;
    return error;
}

static const struct spkl_action actions[] = {
    {write_input, 9, 8 + SPKL_WIRE_WRITE_MAX, 1, 0x0E, SPKL_NEEDS_GRADED},
    {run, 4, 4, 1, 0, SPKL_NEEDS_GRADED},
    {read_tensor, 12, 12, 1, 0x0C, SPKL_NEEDS_GRADED},
};

static int open_image(struct spkl_slot *slot, const void *image,
                      uint32_t length)
{
    return spkl_graded_open(&slot->run.graded.model, image, length);
}

static size_t arena_size(const struct spkl_slot *slot)
{
    return spkl_graded_arena_size(&slot->run.graded.model);
}

static int start(struct spkl_slot *slot, void *arena, size_t size)
{
    return spkl_graded_start(&slot->run.graded.net, &slot->run.graded.model,
                             arena, size);
}

static void reset(struct spkl_slot *slot)
{
    spkl_graded_reset(&slot->run.graded.net);
}

static uint32_t n_outputs(const struct spkl_slot *slot)
{
    return slot->run.graded.model.n_outputs;
}

const struct spkl_kind spkl_kind_graded = {
    open_image,
    arena_size,
    start,
    reset,
    n_outputs,
    actions,
    SPKL_COMMAND_WRITE,
    sizeof actions / sizeof actions[0],
};
