//! Default dimensions hold for a process, so this test has one of its own.

use cloudvault_obs::{metric, testing::Function};

#[test]
fn default_dimensions_of_the_program_come_after_those_of_the_environment() {
    metric::default_dimensions([("stage", "one")]);
    let record = || metrics::counter!("Staged").increment(1);
    let observed = Function::new().observe(record);
    observed.metric("Staged").dimension("stage", "one");
    let function = Function::with_env([("OBS_DIMENSIONS", "stage=two")]);
    function
        .observe(record)
        .metric("Staged")
        .dimension("stage", "two");
}
