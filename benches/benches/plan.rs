//! A plan of 1,000 alarms and 50 dashboards that are as the files say: all the work but
//! the network's, from reading the files to the text of the plan.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench plan`

use std::hint::black_box;
use std::path::Path;

use cloudvault_benches::project;
use criterion::{Criterion, criterion_group, criterion_main};
use obs_deploy::account::fake::Fake;
use obs_deploy::apply::apply;
use obs_deploy::model::Desired;
use obs_deploy::plan::{Adopt, Plan, Style, observe, plan};
use obs_deploy::resolve::{Choice, resolve};
use obs_deploy::source::read;
use tokio::runtime::Builder;

fn desired(folder: &Path) -> Desired {
    let documents = read(folder).expect("files that can be read");
    let resolved = resolve(&documents, &Choice::default()).expect("a project without a problem");
    resolved.desired
}

async fn planned(account: &Fake, desired: &Desired) -> Plan {
    let observed = observe(account, desired).await.expect("an account");
    let mut plan = plan(desired, &observed, &Adopt::nothing()).expect("nobody else's names");
    plan.look_around(account).await.expect("an account");
    plan
}

fn unchanged(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    project::write(folder.path()).expect("room for the files");
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let wanted = desired(folder.path());
    let account = Fake::new(&wanted.target);
    runtime.block_on(async {
        let all = planned(&account, &wanted).await;
        let taken = apply(&account, &all, |_, _| {}).await;
        assert!(taken.is_ok(), "the account takes it all");
    });
    let mut group = criterion.benchmark_group("plan");
    group.sample_size(10);
    group.bench_function("1,000 alarms and 50 dashboards: files", |bencher| {
        bencher.iter(|| desired(black_box(folder.path())));
    });
    group.bench_function("1,000 alarms and 50 dashboards: plan and text", |bencher| {
        bencher.iter(|| {
            let plan = runtime.block_on(planned(&account, black_box(&wanted)));
            assert!(plan.is_empty(), "nothing changed");
            let mut text = String::new();
            plan.render(&mut text, Style::Plain).expect("a String");
            text
        });
    });
    group.finish();
}

criterion_group!(benches, unchanged);
criterion_main!(benches);
