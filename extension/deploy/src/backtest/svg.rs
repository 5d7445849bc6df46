//! A comparison as a picture: one lane an alarm, what is applied now above, the files
//! below. The same comparison gives the same bytes.

use std::fmt::Write as _;

use super::replay::{Compared, Firing, Row};
use super::table::stamp;
use crate::simulate::report::escape;

const LABEL: i64 = 320;
/// Signs of a name that fit into its column.
const SIGNS: usize = 44;
const WIDTH: i64 = 960;
const LANE: i64 = 32;
const STRIP: i64 = 10;
const HEAD: i64 = 48;
const TICKS: i64 = 7;
/// CloudWatch's red of ALARM for the files; grey for what is applied now.
const AFTER: &str = "#d62728";
const BEFORE: &str = "#7f7f7f";

impl Compared {
    /// The picture as an SVG document.
    pub fn svg(&self) -> String {
        let lanes = self.rows.len() as i64;
        let (width, height) = (LABEL + WIDTH + 20, HEAD + lanes * LANE + 20);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
             <title>{}</title>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n",
            escape(&self.summary())
        );
        for (index, (colour, text)) in [(BEFORE, "applied now"), (AFTER, "files")]
            .iter()
            .enumerate()
        {
            let x = 10 + index as i64 * 110;
            let _ = writeln!(
                out,
                "<rect x=\"{x}\" y=\"10\" width=\"10\" height=\"10\" fill=\"{colour}\"/><text x=\"{}\" y=\"19\">{text}</text>",
                x + 16
            );
        }
        self.axis(&mut out, height);
        for (row, lane) in self.rows.iter().zip(0..) {
            self.lane(&mut out, row, HEAD + lane * LANE);
        }
        out.push_str("</svg>\n");
        out
    }

    fn axis(&self, out: &mut String, height: i64) {
        for tick in 0..TICKS {
            let ms = self.from_ms + (self.to_ms - self.from_ms) * tick / (TICKS - 1);
            let x = LABEL + WIDTH * tick / (TICKS - 1);
            let anchor = match tick {
                tick if tick == TICKS - 1 => "end",
                _ => "middle",
            };
            let _ = writeln!(
                out,
                "<line x1=\"{x}\" y1=\"{}\" x2=\"{x}\" y2=\"{}\" stroke=\"#dddddd\"/><text x=\"{x}\" y=\"{}\" text-anchor=\"{anchor}\" font-size=\"10\">{}</text>",
                HEAD - 6,
                height - 16,
                HEAD - 12,
                stamp(ms)
            );
        }
    }

    fn lane(&self, out: &mut String, row: &Row, y: i64) {
        let _ = writeln!(
            out,
            "<g class=\"lane\"><title>{}</title><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            escape(&row.alarm),
            LABEL - 10,
            y + 15,
            escape(&short(&row.alarm))
        );
        let strips = [
            (&row.before, "before", BEFORE),
            (&row.after, "after", AFTER),
        ];
        for ((firing, class, colour), index) in strips.into_iter().zip(0..) {
            let y = y + index * (STRIP + 2);
            if let Some(firing) = firing {
                self.strip(out, firing, (class, colour), y);
            }
        }
        out.push_str("</g>\n");
    }

    fn strip(&self, out: &mut String, firing: &Firing, (class, colour): (&str, &str), y: i64) {
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"{LABEL}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{STRIP}\" fill=\"#f2f2f2\"/>"
        );
        for (start, end) in &firing.spans {
            // What is too short to be seen is drawn as one unit.
            let (x, right) = (self.x(*start), self.x(*end));
            let width = (right - x).max(100);
            let _ = writeln!(
                out,
                "<rect x=\"{}\" y=\"{y}\" width=\"{}\" height=\"{STRIP}\" fill=\"{colour}\"><title>{} - {}</title></rect>",
                hundredths(x),
                hundredths(width),
                stamp(*start),
                stamp(*end)
            );
        }
    }

    /// A time's place, in hundredths of a unit: whole numbers are the same everywhere.
    fn x(&self, ms: i64) -> i64 {
        let length = (self.to_ms - self.from_ms).max(1);
        LABEL * 100 + (ms - self.from_ms) * WIDTH * 100 / length
    }
}

/// A name that is too long for its column loses its middle: what it is about stands at
/// its beginning, what is wrong at its end.
fn short(name: &str) -> String {
    let signs: Vec<char> = name.chars().collect();
    if signs.len() <= SIGNS {
        return name.to_owned();
    }
    let (head, tail) = (SIGNS / 2, SIGNS - SIGNS / 2 - 1);
    let parts = [&signs[..head], &['…'], &signs[signs.len() - tail..]];
    parts.concat().into_iter().collect()
}

fn hundredths(number: i64) -> String {
    format!("{}.{:02}", number / 100, number % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_too_long_for_its_column_loses_its_middle() {
        assert_eq!(short("orders-failing"), "orders-failing");
        let name = format!("{}middle{}", "a".repeat(30), "b".repeat(30));
        let shown = format!("{}…{}", "a".repeat(22), "b".repeat(21));
        assert_eq!(short(&name), shown);
        assert_eq!(shown.chars().count(), SIGNS);
    }
}
