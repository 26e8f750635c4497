/* What each command does: docs/reference/mlperf.md, 2. */
#include "spkl_mlperf.h"

/* A command and what may follow it. */
enum { WORDS_MAX = 4 };

struct words {
    const char *at[WORDS_MAX];
    uint32_t n; /* WORDS_MAX + 1: there are more */
};

struct command {
    const char *name;
    void (*run)(struct spkl_mlperf *m, const struct words *words);
    uint32_t most; /* words, with the name */
};

static bool equal(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* Cut a line at its spaces. */
static void cut(char *line, struct words *words)
{
    words->n = 0;
    while (*line != '\0' && words->n <= WORDS_MAX) {
        if (*line == ' ') {
            *line++ = '\0';
            continue;
        }
        if (words->n < WORDS_MAX) {
            words->at[words->n] = line;
        }
        words->n++;
        while (*line != '\0' && *line != ' ') {
            line++;
        }
    }
}

/* Read a decimal number of at most nine digits. */
static bool read_number(const char *word, uint32_t *number)
{
    uint32_t digits = 0;

    *number = 0;
    while (*word >= '0' && *word <= '9' && digits < 9) {
        *number = 10 * *number + (uint32_t)(*word - '0');
        word++;
        digits++;
    }
    return digits > 0 && *word == '\0';
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

static void say_error(const char *text)
{
    spkl_say("e-[");
    spkl_say(text);
    spkl_say("]\r\n");
}

static void say_lap(uint32_t microseconds)
{
    spkl_say("m-lap-us-");
    spkl_say_number(microseconds);
    spkl_say("\r\n");
}

static void say_count(const char *text, uint32_t number)
{
    spkl_say(text);
    spkl_say_number(number);
    spkl_say("\r\n");
}

static void name(struct spkl_mlperf *m, const struct words *words)
{
    (void)m;
    (void)words;
    spkl_say("m-name-dut-[spikelet]\r\n");
}

static void profile(struct spkl_mlperf *m, const struct words *words)
{
    (void)m;
    (void)words;
    spkl_say("m-profile-[ULPMark for tinyML Firmware V0.0.1]\r\nm-model-[");
    spkl_say(spkl_mlperf_task.model);
    spkl_say("]\r\n");
}

static void timestamp(struct spkl_mlperf *m, const struct words *words)
{
    (void)m;
    (void)words;
    say_lap(spkl_port_microseconds());
}

static void help(struct spkl_mlperf *m, const struct words *words)
{
    (void)m;
    (void)words;
    spkl_say("name           who this is\r\n"
             "profile        the benchmark\r\n"
             "timestamp      microseconds\r\n"
             "db load N      begin to load an input of N bytes\r\n"
             "db HH..        the next bytes of it, two hex digits each\r\n"
             "db print       the bytes that are loaded\r\n"
             "infer N [W]    W inferences (10), then N that are timed\r\n"
             "results        of the last inference\r\n"
             "help           this\r\n");
}

/* A size that is refused leaves no input: what follows must not be taken for
 * a part of another one. */
static void load(struct spkl_mlperf *m, const struct words *words)
{
    uint32_t size;

    m->expected = 0;
    m->received = 0;
    m->inferred = false;
    if (words->n < 3 || !read_number(words->at[2], &size) || size == 0) {
        say_error("db load needs the number of bytes, at least 1");
        return;
    }
    if (size > m->capacity) {
        spkl_say("e-[db load: at most ");
        spkl_say_number(m->capacity);
        spkl_say(" bytes]\r\n");
        return;
    }
    m->expected = size;
    spkl_say("m-[Expecting ");
    spkl_say_number(size);
    spkl_say(" bytes]\r\n");
}

/* All bytes of a command are taken, or none. */
static void take(struct spkl_mlperf *m, const char *digits)
{
    uint32_t n = 0;

    while (hex_value(digits[n]) >= 0) {
        n++;
    }
    if (digits[n] != '\0') {
        say_error("db: neither load nor print nor hex digits");
    } else if (n % 2 != 0) {
        say_error("db: an odd number of hex digits");
    } else if (m->received == m->expected) {
        say_error("db: no bytes are expected; say db load N first");
    } else if (n / 2 > m->expected - m->received) {
        say_error("db: more bytes than db load said");
    } else {
        for (uint32_t i = 0; i < n; i += 2) {
            m->data[m->received++] =
                (uint8_t)(16 * hex_value(digits[i]) + hex_value(digits[i + 1]));
        }
        if (m->received == m->expected) {
            spkl_say("m-load-done\r\n");
        }
    }
}

static void print(const struct spkl_mlperf *m)
{
    for (uint32_t i = 0; i < m->received; i++) {
        spkl_say(i % SPKL_MLPERF_PRINT_LINE == 0 ? "m-buffer-" : "-");
        spkl_say_hex(m->data[i]);
        if ((i + 1) % SPKL_MLPERF_PRINT_LINE == 0 || i + 1 == m->received) {
            spkl_say("\r\n");
        }
    }
}

static void db(struct spkl_mlperf *m, const struct words *words)
{
    if (words->n < 2) {
        say_error("db needs load N, print, or hex digits");
    } else if (equal(words->at[1], "load")) {
        load(m, words);
    } else if (words->n > 2) {
        say_error("db: too many words");
    } else if (equal(words->at[1], "print")) {
        print(m);
    } else {
        take(m, words->at[1]);
    }
}

/* Whether an inference can run; says why it cannot. */
static bool can_infer(const struct spkl_mlperf *m)
{
    uint32_t size = m->error == SPKL_OK ? spkl_mlperf_input_size(m) : 0;

    if (m->error != SPKL_OK) {
        say_error(spkl_error_text(m->error));
        return false;
    }
    if (m->received != m->expected || m->received != size) {
        spkl_say("e-[infer: ");
        spkl_say_number(m->received);
        spkl_say(" bytes are loaded; the model takes ");
        spkl_say_number(size);
        spkl_say("]\r\n");
        return false;
    }
    if (!spkl_mlperf_input_is_good(m)) {
        say_error("infer: the input holds what is no number");
        return false;
    }
    return true;
}

static void infer_many(struct spkl_mlperf *m, uint32_t n)
{
    while (n-- > 0) {
        spkl_mlperf_infer(m);
    }
}

/* The first time is told modulo 2^31, so that the second one is not below it
 * (if all takes less than 35 minutes); telling it takes no time of theirs. */
static void infer(struct spkl_mlperf *m, const struct words *words)
{
    uint32_t n = 1;
    uint32_t warmups = SPKL_MLPERF_WARMUPS;
    uint32_t told;
    uint32_t start;

    if (words->n > 1 && (!read_number(words->at[1], &n) || n == 0)) {
        say_error("infer: the number of inferences must be at least 1");
        return;
    }
    if (words->n > 2 && !read_number(words->at[2], &warmups)) {
        say_error("infer: the number of warm-ups must be at least 0");
        return;
    }
    if (!can_infer(m)) {
        return;
    }
    spkl_mlperf_prepare(m);
    say_count("m-warmup-start-", warmups);
    infer_many(m, warmups);
    spkl_say("m-warmup-done\r\n");
    say_count("m-infer-start-", n);
    told = spkl_port_microseconds() & INT32_MAX;
    say_lap(told);
    start = spkl_port_microseconds();
    infer_many(m, n);
    say_lap(told + (spkl_port_microseconds() - start));
    spkl_say("m-infer-done\r\n");
    m->inferred = true;
    spkl_mlperf_results(m);
}

static void results(struct spkl_mlperf *m, const struct words *words)
{
    (void)words;
    if (m->inferred) {
        spkl_mlperf_results(m);
    } else {
        say_error("results: no inference has run");
    }
}

static void stream(struct spkl_mlperf *m, const struct words *words)
{
    (void)m;
    (void)words;
    spkl_say("e-[streaming: ");
    spkl_say(spkl_mlperf_task.model);
    spkl_say(" takes inputs by db load and infer]\r\n");
}

static const struct command commands[] = {
    {"name", name, 1},
    {"profile", profile, 1},
    {"timestamp", timestamp, 1},
    {"help", help, 1},
    {"db", db, 3},
    {"infer", infer, 3},
    {"results", results, 1},
    {"start", stream, WORDS_MAX},
    {"stop", stream, WORDS_MAX},
    {"print_detections", stream, WORDS_MAX},
};

static void refuse(const char *why, const char *received)
{
    spkl_say("e-[");
    spkl_say(why);
    spkl_say_received(received);
    spkl_say("]\r\n");
}

void spkl_mlperf_command(struct spkl_mlperf *m, char *line)
{
    struct words words;

    cut(line, &words);
    if (words.n == 0) {
        return;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (equal(words.at[0], commands[i].name)) {
            if (words.n > commands[i].most) {
                refuse("Too many words: ", words.at[0]);
            } else {
                commands[i].run(m, &words);
            }
            return;
        }
    }
    refuse("Unknown command: ", words.at[0]);
}
