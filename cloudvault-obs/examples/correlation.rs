//! Which correlation id would an invocation with this event have?
//!
//! Prints one line for each file of JSON given: the source, where the id stands
//! (`request id` where the event has none: Lambda's own), the id, and the file,
//! separated by tabs.
//!
//! ```sh
//! cargo run -p cloudvault-obs --example correlation -- events/*.json
//! ```

use std::{
    env, fs,
    io::{self, Write as _},
};

use cloudvault_obs::event;

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for path in env::args_os().skip(1) {
        let finding = event::inspect(&fs::read(&path)?);
        writeln!(
            out,
            "{}\t{}\t{}\t{}",
            finding.source,
            finding.origin.map_or("request id", event::Origin::as_str),
            finding.correlation_id.unwrap_or_default(),
            path.display()
        )?;
    }
    Ok(())
}
