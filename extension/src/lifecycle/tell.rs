//! What went wrong in a flush, as log lines: an outage is told once and not at
//! every invocation, and so is its end.

use cloudvault_obs_core::json::Value;

use super::run::Rim;
use crate::{
    cloudwatch::PutError,
    flush::{Pipeline, Trouble},
    log::Level,
};

/// The codes of the failures that were told last.
#[derive(Debug, Default)]
pub(super) struct Told {
    points: Option<String>,
    segments: Option<String>,
}

impl Told {
    /// Tells what is new about a flush.
    pub(super) fn tell(&mut self, rim: &mut Rim, pipeline: &mut Pipeline, trouble: &Trouble) {
        for exploded in pipeline.exploded() {
            let (namespace, name) = &exploded.metric;
            rim.say(
                Level::Warn,
                "a metric has too many series: a dimension of further ones is _other",
                &[
                    ("namespace", Value::Str(namespace)),
                    ("metric", Value::Str(name)),
                    ("dimension", Value::Str(&exploded.dimension)),
                    ("points", Value::U64(exploded.points)),
                ],
            );
        }
        if let Some(error) = &trouble.dropped {
            rim.say(
                Level::Error,
                "points were dropped and counted: CloudWatch did not take them",
                &[
                    ("points", Value::U64(trouble.points_dropped)),
                    ("code", Value::Str(&error.code)),
                    ("detail", Value::Str(&error.message)),
                ],
            );
        }
        outage(
            rim,
            (&mut self.points, trouble.failed.as_ref()),
            pipeline.is_settled(),
            (
                "failed to deliver metrics to CloudWatch; the points are kept in the journal",
                "metrics are delivered again",
            ),
        );
        outage(
            rim,
            (&mut self.segments, trouble.segments.as_ref()),
            !pipeline.segments_wait(),
            (
                "failed to forward segments to X-Ray; they are kept in the spool",
                "segments are forwarded again",
            ),
        );
    }
}

/// One line when an outage begins or changes, one when it is over.
fn outage(
    rim: &mut Rim,
    (told, failed): (&mut Option<String>, Option<&PutError>),
    is_settled: bool,
    (begins, ends): (&str, &str),
) {
    let code = failed.map(|error| error.code.clone());
    if code == *told {
        return;
    }
    if let Some(error) = failed {
        rim.say(
            Level::Warn,
            begins,
            &[
                ("code", Value::Str(&error.code)),
                ("detail", Value::Str(&error.message)),
            ],
        );
    } else if is_settled {
        rim.say(Level::Info, ends, &[]);
    } else {
        return;
    }
    *told = code;
}
