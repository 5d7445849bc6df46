//! Every row, timed by criterion: `cargo bench -- "counter"` for one of them.

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

fn rows(criterion: &mut Criterion) {
    for case in cloudvault_benches::cases() {
        let mut group = criterion.benchmark_group(case.row);
        group.warm_up_time(Duration::from_millis(300));
        group.measurement_time(Duration::from_secs(1));
        group.sample_size(20);
        // Prepared only if the filter on the command line lets it run.
        let mut work = None;
        group.bench_function(case.who, |bencher| {
            let work = work.get_or_insert_with(case.make);
            bencher.iter_custom(work);
        });
        group.finish();
    }
}

criterion_group!(benches, rows);
criterion_main!(benches);
