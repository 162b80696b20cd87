#!/bin/sh
# Starts or stops a throwaway PostgreSQL for the tests: `postgres.sh start` prints the URL for QUARRY_TEST_POSTGRES,
# `postgres.sh stop` ends the server and removes its files. The cluster lives in the temporary folder, on a private port.
set -eu

root=$(cd "$(dirname "$0")/../../.." && pwd)
# Not in the checkout: the account that PostgreSQL runs under may not be allowed to enter it.
home="${TMPDIR:-/tmp}/quarry-test-postgres-$(printf '%s' "$root" | cksum | cut -d ' ' -f 1)"

say() { printf '%s\n' "$*" >&2; }

find_binaries() {
    for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin; do
        if [ -x "$folder/initdb" ]; then printf '%s' "$folder"; return 0; fi
    done
    if command -v initdb >/dev/null 2>&1; then dirname "$(command -v initdb)"; return 0; fi
    return 1
}

install_package() {
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then return 1; fi
    say "installing the PostgreSQL package"
    # The package would start a server of its own, which nobody asked for.
    mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
        printf 'create_main_cluster = false\n' >/etc/postgresql-common/createcluster.conf
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql; } >&2
}

# PostgreSQL refuses to run as root.
as_owner() {
    if [ "$(id -u)" = 0 ]; then (cd / && setpriv --reuid=postgres --regid=postgres --clear-groups "$@"); else "$@"; fi
}

free_port() {
    port=$(awk -v seed="$$$1" 'BEGIN { srand(seed); print 20000 + int(rand() * 20000) }')
    printf '%s' "$port"
}

start() {
    binaries=$(find_binaries) || { install_package && binaries=$(find_binaries); } || {
        say "no PostgreSQL found: install it, or leave QUARRY_TEST_POSTGRES unset to test on SQLite only"
        exit 1
    }
    if [ -f "$home/url" ] && as_owner "$binaries/pg_ctl" -D "$home/data" status >/dev/null 2>&1; then
        cat "$home/url"
        return
    fi
    rm -rf "$home"
    mkdir -p "$home"
    if [ "$(id -u)" = 0 ]; then chown postgres "$home"; fi
    # Nothing here outlives the tests, so that nothing is synchronised to the disk.
    as_owner "$binaries/initdb" -D "$home/data" -U quarry -A trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
    for attempt in 1 2 3 4 5; do
        port=$(free_port "$attempt")
        options="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200 -c fsync=off"
        if as_owner "$binaries/pg_ctl" -D "$home/data" -l "$home/log" -w -o "$options" start >/dev/null 2>&1; then
            printf 'postgres://quarry@127.0.0.1:%s/postgres\n' "$port" | tee "$home/url"
            return
        fi
    done
    say "PostgreSQL did not start; its log:"
    cat "$home/log" >&2
    exit 1
}

stop() {
    [ -d "$home/data" ] || return 0
    binaries=$(find_binaries)
    as_owner "$binaries/pg_ctl" -D "$home/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$home"
}

case "${1:-}" in
start) start ;;
stop) stop ;;
*) say "usage: postgres.sh start|stop"; exit 2 ;;
esac
