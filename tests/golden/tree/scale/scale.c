#include "scale.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Read one line that ends with a carriage return; returns its length, or -1 on a timeout. */
static int read_line(int port, char *line, size_t size)
{
    size_t used = 0;
    while (used + 1 < size) {
        if (read(port, line + used, 1) != 1)
            return -1;
        if (line[used] == '\r')
            break;
        used++;
    }
    line[used] = '\0';
    return (int)used;
}

/* Return the weight on the tray, less the tray itself. Fails while the weight still moves. */
enum scale_error scale_read(struct scale *scale, long *grams)
{
    char line[32];
    long raw;
    if (read_line(scale->port, line, sizeof line) < 0)
        return SCALE_TIMEOUT;
    if (strncmp(line, "OL", 2) == 0)
        return SCALE_OVERLOAD;
    if (line[0] != 'S' || sscanf(line + 1, "%ld", &raw) != 1)
        return SCALE_UNSTABLE;
    *grams = raw - scale->tare;
    return SCALE_OK;
}

/* Count the current weight as zero from now on. */
void scale_tare(struct scale *scale)
{
    long grams = 0;
    scale->tare = 0;
    if (scale_read(scale, &grams) == SCALE_OK)
        scale->tare = grams;
}

const char *scale_message(enum scale_error error)
{
    switch (error) {
    case SCALE_TIMEOUT:
        return "the scale does not answer: check its cable and power";
    case SCALE_UNSTABLE:
        return "the weight is not stable yet";
    case SCALE_OVERLOAD:
        return "too much weight on the scale";
    default:
        return "";
    }
}
