/* Hash tables. */

#include <stdio.h>

#define MAX(a, b) ((a) > (b) ? (a) : (b))

struct entry {
	int key;
};

typedef struct {
	int size;
} table_t;

typedef int (*compare_fn)(const void *, const void *);
typedef unsigned int u32;
enum color { RED, GREEN };

static int table_grow(table_t *t);
int table_count(const table_t *t);

/**
 * Find an entry.
 */
static struct entry *
table_find(table_t *t,
           const char *name)
{
	return NULL;
}

static int table_grow(table_t *t) { return 0; }

const char **names(void) { return 0; }

TEST_CASE(grows) { }

EXPORT_API(int) exported(int a) DEPRECATED_SINCE("1.0") {
	return a;
}

int
old_style(a, b)
	int a;
	int b;
{
	return a;
}
