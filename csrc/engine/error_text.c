#include "spkl.h"

const char *spkl_error_text(int code)
{
    switch (code) {
    case SPKL_OK:
        return "no error";
#define SPKL_ERR(name, value, sentence)                                        \
    case value:                                                                \
        return sentence;
#include "spkl_err.def"
#undef SPKL_ERR
    default:
        return "unknown error";
    }
}
