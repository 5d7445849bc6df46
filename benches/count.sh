#!/bin/sh
# Instructions (callgrind) of each case, once, as counted inside the measured loop:
# neither start nor preparation counts. What the kernel does for a system call is
# not seen, and the clock is one under valgrind, so its 20 to 30 instructions are
# missing on both sides.
#
#   ./count.sh [ROW]        allocations: cargo run --release --bin count allocations
set -eu
cd "$(dirname "$0")"
cargo build --release --quiet --bin count
count="${CARGO_TARGET_DIR:-target}/release/count"

instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        '--toggle-collect=cloudvault_benches::case::timed*' "$count" "$1" "$2" "$3" 2>&1 >/dev/null |
        sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

printf '%-36s %-48s %12s\n' row who instructions
"$count" list | while IFS="$(printf '\t')" read -r row who; do
    case "$row" in "${1:-$row}") ;; *) continue ;; esac
    # The first rounds resolve, register, grow: they cancel out.
    few=$(instructions "$row" "$who" 1024)
    many=$(instructions "$row" "$who" 3072)
    printf '%-36s %-48s %12s\n' "$row" "$who" $(((many - few) / 2048))
done
