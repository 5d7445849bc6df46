//! Values as people write them: `5m`, `256MB`, `> 90% of timeout`, `3 of 5`.

pub mod duration;
pub mod quantity;
pub mod share;
pub mod series;
pub mod condition;

pub use self::condition::{Comparison, Condition, Datapoints, Threshold};
pub use self::duration::Span as Duration;
pub use self::quantity::{Amount, Quantity};
pub use self::series::Values;
pub use self::share::Share;

/// `1 test`, `2 tests`.
#[must_use]
pub fn counted(count: usize, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {one}s"),
    }
}
