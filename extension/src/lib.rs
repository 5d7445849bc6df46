//! The Lambda extension of CloudVault Obs: it takes the metrics that a handler
//! recorded, puts them together, and delivers them to CloudWatch, so that the
//! handler never waits for CloudWatch.
//!
//! In the order in which the data moves:
//!
//! * [`config`]: what the environment asks for;
//! * [`intake`]: the journal that points come in by, and the doorbell;
//! * [`telemetry`]: what Lambda tells about invocations;
//! * [`platform`]: its numbers as metrics;
//! * [`receivers`]: StatsD and OTLP, when asked for;
//! * [`aggregate`]: points to values and counts, by series and time bucket;
//! * [`batch`]: requests within CloudWatch's limits;
//! * [`flush`]: when they leave, how long that may take, what becomes of them;
//! * [`credentials`]: who signs;
//! * [`cloudwatch`]: who takes them;
//! * [`segments`]: traces that found no daemon, to X-Ray;
//! * [`lifecycle`]: Lambda's events around all that.
//!
//! # What is promised
//!
//! | what happens | what becomes of points already recorded |
//! |---|---|
//! | the handler is killed | delivered: the journal outlives it |
//! | the extension is killed | delivered by the next one; what was on the wire, perhaps twice |
//! | CloudWatch throttles, fails or hangs | kept in the journal, then in the spill file; tried again within each flush's budget |
//! | CloudWatch refuses one datum | that datum is dropped and counted, its neighbours are delivered |
//! | a request is too large (413) | sent in halves |
//! | a request fails before it was written | sent again |
//! | a request was written and gets no answer | sent again, so perhaps counted twice (`OBS_ON_TIMEOUT=drop`: dropped and counted) |
//! | a dimension explodes | folded into `_other`: the sum stays, the dimension is named |
//! | SHUTDOWN while CloudWatch fails | written as log lines (EMF), which CloudWatch reads |
//! | no credentials, no journal | the library sees no extension and writes log lines itself |
//! | the whole environment is destroyed | lost |
//!
//! Of segments the same holds once they are in their spool, and X-Ray keeps one an id.
//!
//! PutMetricData knows no idempotency token, so "exactly once" cannot be had.

pub mod config;
pub mod clock;
pub mod log;
pub mod intake;
pub mod telemetry;
pub mod platform;
pub mod receivers;
pub mod aggregate;
pub mod batch;
pub mod tally;
pub mod flush;
pub mod credentials;
pub mod cloudwatch;
pub mod segments;
pub mod lifecycle;
