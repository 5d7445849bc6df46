//! Runs one case so many times: `count ROW WHO TIMES`, under callgrind to count
//! its instructions. With `count allocations` every case is run under a counting
//! allocator. With `count list` the cases are named.

use std::io::Write as _;

use std::cell::Cell;

use cloudvault_benches::{case::ALSO, cases};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn counted(work: &mut dyn FnMut()) {
    let info = allocation_counter::measure(work);
    ALLOCATIONS.set(ALLOCATIONS.get() + info.count_total);
}

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (row, who) = (arguments.next(), arguments.next());
    let times = arguments
        .next()
        .and_then(|times| times.parse().ok())
        .unwrap_or(1000);
    let mut out = std::io::stdout();
    match row.as_deref() {
        Some("list") | None => {
            for case in cases() {
                writeln!(out, "{}\t{}", case.row, case.who)?;
            }
        }
        Some("allocations") => {
            ALSO.get_or_init(|| counted);
            for case in cases() {
                let mut work = (case.make)();
                work(4096);
                ALLOCATIONS.set(0);
                work(4096);
                let each = ALLOCATIONS.get() as f64 / 4096.0;
                writeln!(out, "{}\t{}\t{each:.2}", case.row, case.who)?;
            }
        }
        Some(row) => {
            for case in cases() {
                if case.row == row && Some(case.who) == who.as_deref() {
                    (case.make)()(times);
                }
            }
        }
    }
    Ok(())
}
