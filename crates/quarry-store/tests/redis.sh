#!/bin/sh
# Starts or stops a throwaway Redis for the tests: `redis.sh start` prints the URL for QUARRY_TEST_REDIS, `redis.sh stop` ends
# the server and removes its files. It keeps nothing, and listens on a private port of this machine only.
set -eu

root=$(cd "$(dirname "$0")/../../.." && pwd)
home="${TMPDIR:-/tmp}/quarry-test-redis-$(printf '%s' "$root" | cksum | cut -d ' ' -f 1)"

say() { printf '%s\n' "$*" >&2; }

find_server() { command -v redis-server || command -v valkey-server; }

install_package() {
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then return 1; fi
    say "installing the Redis package"
    # The package would start a server of its own, which nobody asked for.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
        trap 'rm -f "$policy"' EXIT
    fi
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends redis-server; } >&2
}

is_running() { [ -f "$home/pid" ] && kill -0 "$(cat "$home/pid")" 2>/dev/null; }

free_port() {
    awk -v seed="$$$1" 'BEGIN { srand(seed); print 20000 + int(rand() * 20000) }'
}

start() {
    server=$(find_server) || { install_package && server=$(find_server); } || {
        say "no Redis found: install it, or leave QUARRY_TEST_REDIS unset to test rate limits in memory only"
        exit 1
    }
    if [ -f "$home/url" ] && is_running; then
        cat "$home/url"
        return
    fi
    rm -rf "$home"
    mkdir -p "$home"
    for attempt in 1 2 3 4 5; do
        port=$(free_port "$attempt")
        "$server" --port "$port" --bind 127.0.0.1 --save '' --appendonly no --daemonize yes \
            --dir "$home" --pidfile "$home/pid" --logfile "$home/log" >/dev/null
        # It writes the file once it listens, and ends without one where the port is taken.
        for tenth in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
            if is_running && grep -q 'Ready to accept connections' "$home/log"; then
                printf 'redis://127.0.0.1:%s\n' "$port" | tee "$home/url"
                return
            fi
            if grep -q 'Failed listening' "$home/log" 2>/dev/null; then break; fi
            sleep 0.1
        done
        rm -f "$home/log"
    done
    say "Redis did not start"
    exit 1
}

stop() {
    [ -d "$home" ] || return 0
    if is_running; then kill "$(cat "$home/pid")" 2>/dev/null || true; fi
    rm -rf "$home"
}

case "${1:-}" in
start) start ;;
stop) stop ;;
*) say "usage: redis.sh start|stop"; exit 2 ;;
esac
