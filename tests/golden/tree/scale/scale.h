/* A scale at a serial port. */
#ifndef LARDER_SCALE_H
#define LARDER_SCALE_H

#define SCALE_BAUD 9600
#define GRAMS(kilograms) ((kilograms) * 1000)

struct scale {
    int port;
    long tare; /* grams of the empty tray */
};

enum scale_error { SCALE_OK, SCALE_TIMEOUT, SCALE_UNSTABLE, SCALE_OVERLOAD };

enum scale_error scale_read(struct scale *scale, long *grams);
void scale_tare(struct scale *scale);

#endif
