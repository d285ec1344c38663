/* tinyjson: reads numbers and strings of JSON. Copied here because the scale has no package manager. */
#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>

/* Skip blanks and return the first other character. */
static const char *skip_blanks(const char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

/* Read a number; returns where it ends, or NULL. */
const char *tj_number(const char *text, double *value)
{
    char *end;
    text = skip_blanks(text);
    *value = strtod(text, &end);
    return end == text ? NULL : end;
}

/* Copy a string without its quotes; returns where it ends, or NULL if it is not closed or does not fit. */
const char *tj_string(const char *text, char *out, size_t size)
{
    text = skip_blanks(text);
    if (*text++ != '"')
        return NULL;
    while (*text && *text != '"' && size > 1) {
        if (*text == '\\')
            text++;
        *out++ = *text++;
        size--;
    }
    *out = '\0';
    return *text == '"' ? text + 1 : NULL;
}
