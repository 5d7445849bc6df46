//! What an alarm saw, in a line: `_ . | . X X _ X  3 of 5`.

use std::fmt;

use obs_cloudwatch::alarm::{Cell, EvaluatedPoint, MetricAlarm, State};

/// What an evaluation saw.
#[derive(Clone, Debug, PartialEq)]
pub enum Strip {
    /// Of a metric alarm: the periods of its evaluation range.
    Periods {
        /// Oldest first.
        cells: Vec<Cell>,
        /// The newest value; `None` when every period is empty.
        newest: Option<f64>,
        /// M datapoints alarm ...
        m: u32,
        /// ... out of N.
        n: u32,
    },
    /// Of a composite: the alarms it leans on.
    Children(Vec<(String, State)>),
    /// Nothing: the expression cannot be evaluated.
    Failed(String),
}

impl Strip {
    pub(super) fn of(alarm: &MetricAlarm, points: &[EvaluatedPoint]) -> Strip {
        Strip::Periods {
            cells: points.iter().map(EvaluatedPoint::cell).collect(),
            newest: points.iter().rev().find_map(|point| point.value),
            m: alarm.m_out_of_n.m(),
            n: alarm.m_out_of_n.n(),
        }
    }
}

/// `.` does not breach, `X` does, `_` is missing. What stands before the bar is older
/// than N periods: it counts when newer data is missing.
impl fmt::Display for Strip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Strip::Periods {
                cells,
                newest,
                m,
                n,
            } => {
                let older = cells.len().saturating_sub(*n as usize);
                for (index, cell) in cells.iter().enumerate() {
                    let bar = match index {
                        0 => "",
                        index if index == older => " | ",
                        _ => " ",
                    };
                    let sign = match cell {
                        Cell::Fine => '.',
                        Cell::Breaching => 'X',
                        Cell::Missing => '_',
                    };
                    write!(f, "{bar}{sign}")?;
                }
                write!(f, "  {m} of {n}")?;
                match newest {
                    Some(value) => write!(f, ", newest value {value}"),
                    None => f.write_str(", no data"),
                }
            }
            Strip::Children(children) => {
                for (index, (name, state)) in children.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    write!(f, "{comma}{name} {state}")?;
                }
                Ok(())
            }
            Strip::Failed(why) => f.write_str(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strip_shows_the_older_periods_before_a_bar() {
        use Cell::{Breaching as X, Fine, Missing};
        let strip = Strip::Periods {
            cells: vec![Missing, Fine, Fine, X, X, Missing, X],
            newest: Some(4.5),
            m: 3,
            n: 5,
        };
        assert_eq!(
            strip.to_string(),
            "_ . | . X X _ X  3 of 5, newest value 4.5"
        );
    }
}
