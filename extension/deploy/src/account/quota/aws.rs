//! The pace of calls against a service that refuses as AWS does: a bucket of tokens.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_cloudwatch::config::http::HttpResponse;
use aws_sdk_cloudwatch::error::{ErrorMetadata, SdkError};
use aws_sdk_cloudwatch::operation::put_metric_alarm::PutMetricAlarmError;
use futures_util::stream::{self, StreamExt};
use tokio::time::{Instant, sleep};

use crate::account::aws::{Aws, Connect};

/// PutMetricAlarm's quota: calls a second.
const QUOTA: f64 = 3.0;
/// How long an answer takes.
const LATENCY: Duration = Duration::from_millis(200);

/// A service that lets so many calls a second through and refuses the rest.
struct Bucket {
    tokens: f64,
    filled: Instant,
    /// Calls a second that somebody else makes with the same quota.
    others: f64,
    refused: usize,
}

impl Bucket {
    fn new(others: f64) -> Arc<Mutex<Bucket>> {
        Arc::new(Mutex::new(Bucket {
            tokens: QUOTA - others,
            filled: Instant::now(),
            others,
            refused: 0,
        }))
    }

    /// Takes a token; the refusal where there is none.
    fn take(&mut self) -> Option<SdkError<PutMetricAlarmError>> {
        let rate = QUOTA - self.others;
        let now = Instant::now();
        let gained = (now - self.filled).as_secs_f64() * rate;
        self.tokens = (self.tokens + gained).min(rate.max(1.0));
        self.filled = now;
        if self.tokens >= 1.0 - 1e-9 {
            self.tokens -= 1.0;
            return None;
        }
        self.refused += 1;
        let error = ErrorMetadata::builder().code("ThrottlingException").build();
        let status = 400_u16.try_into().expect("400 is a status");
        Some(SdkError::service_error(
            PutMetricAlarmError::generic(error),
            HttpResponse::new(status, "".into()),
        ))
    }
}

/// Puts so many alarms, as many at once as an apply does, and answers how long that
/// took and how many calls were refused on the way.
async fn put(alarms: usize, others: f64) -> (Duration, usize) {
    let account = Aws::connect(&Connect {
        region: "us-east-1".to_owned(),
        endpoint: Some("https://monitoring.example.com".to_owned()),
        override_endpoint: None,
        role: None,
        has_access_key: true,
    })
    .await;
    let bucket = Bucket::new(others);
    let began = Instant::now();
    let outcomes: Vec<_> = stream::iter(0..alarms)
        .map(|_| {
            account.call("cloudwatch:PutMetricAlarm", || async {
                let refusal = bucket.lock().expect("nobody panics with it").take();
                sleep(LATENCY).await;
                refusal.map_or(Ok(()), Err)
            })
        })
        .buffer_unordered(16)
        .collect()
        .await;
    for outcome in outcomes {
        outcome.expect("no refusal reaches the user");
    }
    let refused = bucket.lock().expect("nobody panics with it").refused;
    (began.elapsed(), refused)
}

#[tokio::test(start_paused = true)]
async fn a_hundred_alarms_take_their_quotas_time_and_none_is_refused() {
    let (took, refused) = put(100, 0.0).await;
    let floor = Duration::from_secs(99) / 3;
    assert_eq!(refused, 0);
    assert!(took >= floor && took <= floor.mul_f64(1.05), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_others_use_too_is_met_without_a_word_to_the_user() {
    for others in [1.0, 2.0, 2.5] {
        let (took, refused) = put(40, others).await;
        let floor = Duration::from_secs_f64(39.0 / (QUOTA - others));
        assert!(refused > 0, "with {others}/s of others");
        // Slowed down by refusals, but not without end.
        assert!(took <= floor * 4, "with {others}/s of others: {took:?}");
    }
}
