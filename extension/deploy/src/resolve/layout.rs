//! Where widgets stand: rows of 24 columns, filled from the left.

use crate::source::At;
use crate::source::file::Span;
use crate::source::problem::{Problem, Problems};

/// Columns of a dashboard.
const COLUMNS: u32 = 24;
/// Height of a row that says no other.
const HEIGHT: u32 = 6;
/// Tallest row.
const MAX_HEIGHT: u32 = 1000;

/// A widget's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Column, 0 to 23.
    pub x: u32,
    /// Row, from 0.
    pub y: u32,
    /// 1 to 24.
    pub width: u32,
    /// 1 to 1000.
    pub height: u32,
}

/// A row's height; one that cannot be becomes a problem.
pub(super) fn height(height: Option<&At<u32>>, problems: &mut Problems) -> u32 {
    match height {
        None => HEIGHT,
        Some(height) if (1..=MAX_HEIGHT).contains(&height.value) => height.value,
        Some(height) => {
            problems.add(
                Problem::at(
                    height.span,
                    format!("a row cannot be {} high", height.value),
                )
                .label("expected 1 to 1000"),
            );
            HEIGHT
        }
    }
}

/// Lays out one row. Widgets without a width share what the others leave.
pub(super) fn row(
    widths: &[Option<At<u32>>],
    y: u32,
    height: u32,
    place: Span,
    problems: &mut Problems,
) -> Vec<Cell> {
    let fixed: u32 = widths
        .iter()
        .flatten()
        .map(|width| width.value)
        .fold(0, u32::saturating_add);
    let open = u32::try_from(widths.iter().filter(|width| width.is_none()).count()).unwrap_or(0);
    if fixed > COLUMNS || fixed + open > COLUMNS {
        problems.add(
            Problem::at(place, "the row is wider than 24 columns")
                .help("make widgets narrower or begin another row"),
        );
        return Vec::new();
    }
    let mut rest = COLUMNS - fixed;
    let mut open_left = open;
    let mut x = 0;
    widths
        .iter()
        .map(|width| {
            let width = match width {
                Some(width) => width.value.max(1),
                None => {
                    // The division's remainder goes to the last ones, so the row is full.
                    let share = rest / open_left;
                    rest -= share;
                    open_left -= 1;
                    share
                }
            };
            let cell = Cell {
                x,
                y,
                width,
                height,
            };
            x += width;
            cell
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(widths: &[u32], expect: &[(u32, u32)]) {
        let widths: Vec<Option<At<u32>>> = widths
            .iter()
            .map(|width| {
                (*width > 0).then(|| At {
                    value: *width,
                    span: Span::default(),
                })
            })
            .collect();
        let mut problems = Problems::default();
        let cells = row(&widths, 0, 6, Span::default(), &mut problems);
        let got: Vec<(u32, u32)> = cells.iter().map(|cell| (cell.x, cell.width)).collect();
        assert_eq!(got, expect);
        assert_eq!(problems.is_empty(), !expect.is_empty());
    }

    #[test]
    fn a_row_is_filled_from_the_left_and_is_full() {
        check(&[0, 0, 0], &[(0, 8), (8, 8), (16, 8)]);
        check(
            &[0, 0, 0, 0, 0],
            &[(0, 4), (4, 5), (9, 5), (14, 5), (19, 5)],
        );
        check(&[12, 0], &[(0, 12), (12, 12)]);
        check(&[20, 6], &[]);
        check(&[24, 0], &[]);
    }
}
