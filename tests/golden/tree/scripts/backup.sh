#!/bin/sh
# Dump the database every night and keep the last fourteen dumps.
set -eu

KEEP=14
TARGET=${TARGET:-/var/backups/larder}

# Write a message with the time to standard error.
log() {
    printf '%s %s\n' "$(date -Is)" "$*" >&2
}

# Dump into a temporary file first: half a dump must not look like a whole one.
dump_database() {
    pg_dump --format=custom larder >"$TARGET/part" || { log "pg_dump failed, the old dumps are kept"; exit 1; }
    mv "$TARGET/part" "$TARGET/larder-$(date +%F).dump"
}

# Delete all dumps but the newest.
prune_old_dumps() {
    ls -1t "$TARGET"/larder-*.dump | tail -n +$((KEEP + 1)) | xargs -r rm --
}

dump_database
prune_old_dumps
