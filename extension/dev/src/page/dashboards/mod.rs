//! `GET /api/dashboards`, and one dashboard evaluated by the engine on local data.
//!
//! The body is the one that was put, byte for byte; what is drawn from it, widget by
//! widget, is [`widget`]'s; why a widget stays empty is said by [`hint`].

mod widget;
mod alarm_graph;
mod hint;

use axum::Json;
use axum::extract::{Path, State};
use obs_cloudwatch::dashboard::{Dashboard, Frame, parse};
use obs_cloudwatch::metric::TimeRange;
use serde_json::{Value, json};

use super::Page;
use super::ask::Parameters;
use super::reply::{Refusal, blocking};
use crate::account::Account;
use crate::store::DashboardRow;
use widget::Canvas;

/// The longest range: a week, in minutes.
const MOST_MINUTES: i64 = 7 * 24 * 60;

/// The range when the question does not say, in minutes: CloudWatch's three hours.
const MINUTES: i64 = 180;

/// Columns of the grid.
const COLUMNS: u32 = 24;

/// `GET /api/dashboards`: name and time of each, by name.
pub(super) async fn list(State(page): State<Page>) -> Result<Json<Value>, Refusal> {
    let rows = blocking(&page, |account| Ok(account.store.dashboards("")?)).await?;
    let one = |row: &DashboardRow| json!({ "name": row.name, "modified_ms": row.modified_ms });
    Ok(Json(
        json!({ "dashboards": rows.iter().map(one).collect::<Vec<_>>() }),
    ))
}

/// `GET /api/dashboards/{name}`: its widgets with their data over the last `minutes`.
pub(super) async fn show(
    State(page): State<Page>,
    Path(name): Path<String>,
    mut asked: Parameters,
) -> Result<Json<Value>, Refusal> {
    let minutes = asked
        .number("minutes", 1..=MOST_MINUTES)?
        .unwrap_or(MINUTES);
    asked.finish(&["minutes"])?;
    let answer = blocking(&page, move |account| {
        let row = account.store.dashboard(&name)?;
        let row = row.ok_or_else(|| Refusal::unknown("dashboard", &name))?;
        Ok(evaluated(account, &row, minutes))
    });
    Ok(Json(answer.await?))
}

fn evaluated(account: &Account, row: &DashboardRow, minutes: i64) -> Value {
    let now_ms = account.clock.now_ms();
    let range = TimeRange {
        start_ms: now_ms - minutes * 60_000,
        end_ms: now_ms,
    };
    let (widgets, error) = match parse(&row.body) {
        Ok(dashboard) => (widgets(account, &dashboard, &row.body, range), None),
        // The operation refuses such a body; only an older version can have kept it.
        Err(problems) => {
            let words: Vec<_> = problems
                .iter()
                .map(|p| format!("{} {}", p.data_path, p.message))
                .collect();
            (Vec::new(), Some(words.join("; ")))
        }
    };
    json!({
        "name": row.name,
        "body": row.body,
        "modified_ms": row.modified_ms,
        "start_ms": range.start_ms,
        "end_ms": range.end_ms,
        "widgets": widgets,
        "error": error,
    })
}

fn widgets(account: &Account, dashboard: &Dashboard, body: &str, range: TimeRange) -> Vec<Value> {
    let written: Value = serde_json::from_str(body).unwrap_or_default();
    let mut flow = Flow::default();
    let mut drawn = Vec::new();
    for (index, widget) in dashboard.widgets.iter().enumerate() {
        let canvas = Canvas {
            account,
            range,
            period_override: dashboard.period_override,
            properties: &written["widgets"][index]["properties"],
        };
        let (x, y) = flow.place(widget.frame);
        drawn.push(canvas.draw(index, (x, y), widget));
    }
    drawn
}

/// Places widgets that say no position: left to right, then below everything.
#[derive(Default)]
struct Flow {
    /// Where the next one would stand.
    next: (u32, u32),
    /// First row below everything placed so far.
    below: u32,
}

impl Flow {
    fn place(&mut self, frame: Frame) -> (u32, u32) {
        let (x, y) = frame
            .position
            .unwrap_or_else(|| match self.next.0 + frame.width <= COLUMNS {
                true => self.next,
                false => (0, self.below),
            });
        self.next = (x + frame.width, y);
        self.below = self.below.max(y + frame.height);
        (x, y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widgets_without_a_position_flow_from_left_to_right() {
        let mut flow = Flow::default();
        let mut place = |position, width, height| {
            flow.place(Frame {
                position,
                width,
                height,
            })
        };
        assert_eq!(place(None, 12, 6), (0, 0));
        assert_eq!(place(None, 12, 3), (12, 0));
        assert_eq!(place(None, 6, 6), (0, 6));
        assert_eq!(place(Some((18, 20)), 6, 2), (18, 20));
        assert_eq!(place(None, 1, 1), (0, 22));
    }
}
