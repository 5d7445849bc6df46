//! A comparison for people and for programs.

use std::fmt::{self, Write};

use obs_cloudwatch::time::civil;
use serde_json::{Value, json};

use super::replay::{Compared, Firing, Row};
use crate::simulate::report::offset;
use crate::value::counted;

const TITLES: [&str; 7] = [
    "alarm",
    "fired before",
    "fires after",
    "in ALARM before",
    "after",
    "first",
    "last",
];

impl Compared {
    /// Writes the alarms that fired as a table, then a line for the rest.
    ///
    /// # Errors
    /// Only those of the writer.
    pub fn text(&self, out: &mut dyn Write) -> fmt::Result {
        let fired: Vec<&Row> = self.rows.iter().filter(|row| row.fired()).collect();
        if !fired.is_empty() {
            let mut lines = vec![TITLES.map(str::to_owned)];
            lines.extend(fired.iter().map(|row| cells(row)));
            let width = |column: usize| lines.iter().map(|line| line[column].len()).max();
            let widths: Vec<usize> = (0..TITLES.len()).map(|it| width(it).unwrap_or(0)).collect();
            for line in &lines {
                let cells = line.iter().zip(&widths);
                let text: String = cells
                    .map(|(cell, width)| format!("{cell:<width$}  "))
                    .collect();
                writeln!(out, "{}", text.trim_end())?;
            }
        }
        for row in &self.rows {
            if let Some(note) = &row.note {
                writeln!(out, "note: {}: {note}", row.alarm)?;
            }
        }
        writeln!(out, "{}", self.summary())
    }

    /// The same as a table of Markdown.
    ///
    /// # Errors
    /// Only those of the writer.
    pub fn markdown(&self, out: &mut dyn Write) -> fmt::Result {
        let fired: Vec<&Row> = self.rows.iter().filter(|row| row.fired()).collect();
        if !fired.is_empty() {
            writeln!(out, "| {} |", TITLES.join(" | "))?;
            writeln!(out, "|{}", "---|".repeat(TITLES.len()))?;
            for row in fired {
                writeln!(
                    out,
                    "| {} |",
                    cells(row).map(|it| it.replace('|', "\\|")).join(" | ")
                )?;
            }
            writeln!(out)?;
        }
        writeln!(out, "{}", self.summary())
    }

    /// One line on all alarms.
    pub fn summary(&self) -> String {
        let sum = |side: fn(&Row) -> &Option<Firing>| -> usize {
            let firings = self.rows.iter().filter_map(|row| side(row).as_ref());
            firings.map(Firing::count).sum()
        };
        let quiet = self.rows.iter().filter(|row| !row.fired()).count();
        let stay = if quiet == 1 { "stays" } else { "stay" };
        format!(
            "{} to {}: {}, fired {} before, {} after; {quiet} {stay} quiet.",
            stamp(self.from_ms),
            stamp(self.to_ms),
            counted(self.rows.len(), "alarm"),
            counted(sum(|row| &row.before), "time"),
            sum(|row| &row.after),
        )
    }

    /// The comparison as JSON; times are milliseconds since 1970.
    pub fn json(&self) -> Value {
        let side = |firing: &Option<Firing>| {
            firing.as_ref().map(|firing| {
                json!({
                    "fired": firing.count(),
                    "minutes": firing.length_ms() as f64 / 60_000.0,
                    "spans": firing.spans,
                })
            })
        };
        let rows = self.rows.iter().map(|row| {
            json!({
                "alarm": row.alarm,
                "before": side(&row.before),
                "after": side(&row.after),
                "first_ms": row.ends().map(|it| it.0),
                "last_ms": row.ends().map(|it| it.1),
                "note": row.note,
            })
        });
        json!({
            "from_ms": self.from_ms,
            "to_ms": self.to_ms,
            "alarms": rows.collect::<Vec<_>>(),
        })
    }
}

fn cells(row: &Row) -> [String; 7] {
    let count = |firing: &Option<Firing>| match firing {
        None => "-".to_owned(),
        Some(firing) => firing.count().to_string(),
    };
    let length = |firing: &Option<Firing>| match firing {
        None => "-".to_owned(),
        Some(firing) => offset(firing.length_ms()),
    };
    let (first, last) = match row.ends() {
        Some((first, last)) => (stamp(first), stamp(last)),
        None => (String::new(), String::new()),
    };
    [
        row.alarm.clone(),
        count(&row.before),
        count(&row.after),
        length(&row.before),
        length(&row.after),
        first,
        last,
    ]
}

/// `2026-11-23 05:10Z`.
pub(super) fn stamp(ms: i64) -> String {
    let time = civil(ms);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}Z",
        time.year, time.month, time.day, time.hour, time.minute
    )
}
