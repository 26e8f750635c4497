/* A plugin of QEMU that adds up executed instructions by the block that they
 * belong to, in a file that the host maps: counts=FILE,size=BYTES. Word k is of
 * the block at address 2 k. Debian has no qemu-plugin.h: these are its
 * declarations, which are the same in all versions. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct qemu_plugin_tb;

void qemu_plugin_register_vcpu_tb_trans_cb(
    uint64_t id, void (*call)(uint64_t id, struct qemu_plugin_tb *block));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block,
                                          void (*call)(unsigned cpu,
                                                       void *data),
                                          int flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *block);

int qemu_plugin_install(uint64_t id, const void *info, int n, char **words);

int qemu_plugin_version = PLUGIN_VERSION;

struct block {
    uint64_t *count;
    uint64_t length;
};

static uint64_t *counts;
static size_t size;

static void ran(unsigned cpu, void *data)
{
    struct block *block = data;

    (void)cpu;
    *block->count += block->length;
}

/* QEMU may translate a block again, and keeps the old one as long as it runs:
 * what is allocated here is never freed. */
static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
    uint64_t place = qemu_plugin_tb_vaddr(tb) / 2;
    struct block *block;

    (void)id;
    if (place >= size / sizeof *counts) {
        return;
    }
    block = malloc(sizeof *block);
    if (block == NULL) {
        abort();
    }
    block->count = counts + place;
    block->length = qemu_plugin_tb_n_insns(tb);
    qemu_plugin_register_vcpu_tb_exec_cb(tb, ran, 0, block);
}

int qemu_plugin_install(uint64_t id, const void *info, int n, char **words)
{
    const char *path = NULL;
    int file;

    (void)info;
    for (int i = 0; i < n; i++) {
        if (strncmp(words[i], "counts=", 7) == 0) {
            path = words[i] + 7;
        } else if (strncmp(words[i], "size=", 5) == 0) {
            size = strtoul(words[i] + 5, NULL, 10);
        }
    }
    file = path == NULL ? -1 : open(path, O_RDWR);
    if (file < 0) {
        return 1;
    }
    counts = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (counts == MAP_FAILED) {
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
