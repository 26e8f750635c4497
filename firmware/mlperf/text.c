#include "spkl_mlperf.h"

enum { DIGITS_MAX = 20 };

static void say_character(char character)
{
    spkl_port_write((uint8_t)character);
}

void spkl_say(const char *text)
{
    while (*text != '\0') {
        say_character(*text++);
    }
}

void spkl_say_received(const char *text)
{
    for (; *text != '\0'; text++) {
        say_character(*text >= ' ' && *text <= '~' ? *text : '?');
    }
}

static void say_digits(uint64_t number)
{
    char digits[DIGITS_MAX];
    unsigned n = 0;

    do {
        digits[n++] = (char)('0' + (int)(number % 10));
        number /= 10;
    } while (number != 0);
    while (n > 0) {
        say_character(digits[--n]);
    }
}

void spkl_say_number(uint32_t number)
{
    say_digits(number);
}

void spkl_say_hex(uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";

    say_character(digits[byte >> 4]);
    say_character(digits[byte & 15]);
}

/* Digits of a fraction below 2^shift, from the first; returns what is carried
 * into the whole number. No overflow: the fraction is below 2^60. */
static uint32_t fraction_digits(char *digits, uint32_t n, uint64_t fraction,
                                uint32_t shift)
{
    uint64_t one = UINT64_C(1) << shift;

    for (uint32_t i = 0; i < n; i++) {
        fraction *= 10;
        digits[i] = (char)('0' + (int)(fraction >> shift));
        fraction &= one - 1;
    }
    if (2 * fraction < one) {
        return 0;
    }
    while (n > 0 && digits[n - 1] == '9') {
        digits[--n] = '0';
    }
    if (n == 0) {
        return 1;
    }
    digits[n - 1]++;
    return 0;
}

void spkl_say_decimal(bool negative, uint64_t value, uint32_t shift,
                      uint32_t digits)
{
    char text[DIGITS_MAX + 1];
    uint64_t fraction = value & ((UINT64_C(1) << shift) - 1);
    uint32_t carried;

    digits = digits < DIGITS_MAX ? digits : DIGITS_MAX;
    carried = fraction_digits(text, digits, fraction, shift);
    text[digits] = '\0';
    if (negative) {
        spkl_say("-");
    }
    say_digits((value >> shift) + carried);
    if (digits > 0) {
        spkl_say(".");
        spkl_say(text);
    }
}
