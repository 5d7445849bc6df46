//! PutMetricData by AWS's own client: signing, wire format and compression are
//! its; retries, deadlines and the choice of connections are ours.
//!
//! Without aws-config, and with a transport of our own on rustls and ring: the
//! default stack is three times the size and spends tens of milliseconds at the
//! first request.

use std::{cell::OnceCell, error::Error, sync::Arc, time::Duration};

use aws_sdk_cloudwatch::{
    Client,
    config::{self, BehaviorVersion, Region},
    error::{ProvideErrorMetadata, SdkError},
    operation::put_metric_data::PutMetricDataError,
    types::{Dimension, MetricDatum, StandardUnit},
};
use aws_smithy_types::{DateTime, retry::RetryConfig, timeout::TimeoutConfig};
use tokio::time::{Instant, timeout_at};

pub use super::transport::usable_authorities;
use super::{
    Class, Put, PutError, classify,
    transport::{Transport, never_sent},
    wire::{Watched, Wire},
};
use crate::{
    batch::{Batch, Datum},
    config::Account,
    credentials::Credentials,
};

/// CloudWatch in one account and region. The client comes up when it is first
/// needed, or asked to [`Put::prepare`].
#[derive(Debug)]
pub struct CloudWatch {
    account: Account,
    credentials: Credentials,
    ca_bundle: Vec<u8>,
    transport: OnceCell<Transport>,
    client: OnceCell<Client>,
    wire: Arc<Wire>,
}

impl CloudWatch {
    /// A client for `account` that signs with `credentials`. `ca_bundle` holds certificate authorities in PEM
    /// to trust beside the compiled-in ones; it may be empty.
    #[must_use]
    pub fn new(account: Account, credentials: Credentials, ca_bundle: Vec<u8>) -> Self {
        Self {
            account,
            credentials,
            ca_bundle,
            transport: OnceCell::new(),
            client: OnceCell::new(),
            wire: Arc::default(),
        }
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| self.connect())
    }

    fn connect(&self) -> Client {
        let account = &self.account;
        let endpoint = account.endpoint.as_deref();
        let transport = self
            .transport
            .get_or_init(|| Transport::new(endpoint, &self.ca_bundle));
        let mut settings = config::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(account.region.clone()))
            .credentials_provider(self.credentials.clone())
            .use_fips(account.fips)
            .use_dual_stack(account.dual_stack)
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .http_client(Watched::new(transport.connect(), Arc::clone(&self.wire)));
        settings.set_endpoint_url(account.endpoint.clone());
        Client::from_conf(settings.build())
    }
}

impl Put for CloudWatch {
    async fn put(&self, batch: &Batch, limit: Duration) -> Result<(), PutError> {
        // The first request's limit holds for the client's making too.
        let until = Instant::now() + limit;
        let request = self
            .client()
            .put_metric_data()
            .namespace(&batch.namespace)
            .set_metric_data(Some(batch.data.iter().map(datum).collect()));
        self.wire.begin();
        // Boxed: the SDK's future is some kilobytes, and every caller would carry it.
        match timeout_at(until, Box::pin(request.send())).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => judge(&error, &self.wire),
            Err(_) => no_answer(&self.wire),
        }
    }

    fn prepare(&self) {
        self.client();
    }

    fn reconnect(&mut self) {
        self.client.take();
    }
}

fn datum(datum: &Datum) -> MetricDatum {
    let series = &*datum.series;
    let dimensions = series
        .dimensions
        .iter()
        .map(|(name, value)| Dimension::builder().name(name).value(value).build());
    let counts = datum.values.iter().map(|&(_, count)| count as f64);
    MetricDatum::builder()
        .metric_name(&series.name)
        .set_dimensions((!series.dimensions.is_empty()).then(|| dimensions.collect()))
        .timestamp(DateTime::from_millis(datum.timestamp_ms))
        .set_values(Some(datum.values.iter().map(|&(value, _)| value).collect()))
        .set_counts(Some(counts.collect()))
        .unit(StandardUnit::from(series.unit.as_str()))
        .storage_resolution(i32::from(series.resolution.seconds()))
        .build()
}

/// The time is up. What was never written is not ambiguous; and an answer whose
/// body drips was given with its first line.
fn no_answer(wire: &Wire) -> Result<(), PutError> {
    if wire.took() {
        return Ok(());
    }
    let (class, code, message) = if wire.written() {
        (
            Class::Unconfirmed,
            "NoAnswer",
            "CloudWatch did not answer in time",
        )
    } else {
        (
            Class::Transient,
            "NotSent",
            "no connection to CloudWatch came up in time",
        )
    };
    Err(PutError {
        class,
        code: code.into(),
        message: message.into(),
    })
}

fn judge(error: &SdkError<PutMetricDataError>, wire: &Wire) -> Result<(), PutError> {
    let named = |class, code: &str| {
        Err(PutError {
            class,
            code: code.to_owned(),
            message: chain(error),
        })
    };
    // Whatever broke before the request was on the wire left nothing behind.
    let lost = |code| match wire.written() {
        true if !never_sent(error) => named(Class::Unconfirmed, code),
        _ => named(Class::Transient, "ConnectionFailed"),
    };
    match error {
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            let code = answer.err().code().unwrap_or_default();
            let message = answer.err().message().unwrap_or_default();
            Err(PutError {
                class: classify(code, status),
                code: if code.is_empty() {
                    format!("HTTP {status}")
                } else {
                    code.to_owned()
                },
                message: message.chars().take(500).collect(),
            })
        }
        SdkError::DispatchFailure(failure) if failure.is_user() => {
            named(Class::Denied, "BadRequest")
        }
        SdkError::DispatchFailure(_) => lost("ConnectionLost"),
        SdkError::TimeoutError(_) => lost("Timeout"),
        // An answer that is no error document, for one from a proxy.
        SdkError::ResponseError(answer) => match answer.raw().status().as_u16() {
            200..=299 if wire.took() => Ok(()),
            200..=299 => named(Class::Unconfirmed, "UnreadableAnswer"),
            status => named(classify("", status), "UnreadableAnswer"),
        },
        // Before anything was sent, for one credentials that cannot sign.
        _ => named(Class::Denied, "NotSent"),
    }
}

/// The error and its causes in one bounded line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let text: Vec<_> = causes.map(ToString::to_string).collect();
    text.join(": ").chars().take(500).collect()
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::{
        client::{
            http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
            orchestrator::{HttpRequest, HttpResponse},
        },
        http::StatusCode,
    };
    use aws_smithy_types::body::SdkBody;
    use cloudvault_obs_core::metric::{Kind, Resolution, Series, Unit};
    use proptest::prelude::*;

    use super::*;

    /// A connector that keeps the body and answers as CloudWatch does.
    #[derive(Debug, Clone, Default)]
    struct Keeps(Arc<std::sync::Mutex<Vec<u8>>>);

    impl HttpConnector for Keeps {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            *self.0.lock().unwrap() = request.body().bytes().unwrap().to_vec();
            let status = StatusCode::try_from(200).unwrap();
            let mut answer = HttpResponse::new(status, SdkBody::from(vec![0xa0]));
            answer
                .headers_mut()
                .insert("smithy-protocol", "rpc-v2-cbor");
            HttpConnectorFuture::ready(Ok(answer))
        }
    }

    async fn body(batch: &Batch) -> Vec<u8> {
        let keeps = Keeps::default();
        let connector = SharedHttpConnector::new(keeps.clone());
        let settings = config::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(aws_credential_types::Credentials::new(
                "a", "b", None, None, "test",
            ))
            .disable_request_compression(true)
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        let request = Client::from_conf(settings).put_metric_data();
        request
            .namespace(&batch.namespace)
            .set_metric_data(Some(batch.data.iter().map(datum).collect()))
            .send()
            .await
            .unwrap();
        keeps.0.lock().unwrap().clone()
    }

    fn batch(data: &[(String, Vec<String>, usize, bool)]) -> Batch {
        let datum = |(name, dimensions, values, high): &(String, Vec<String>, usize, bool)| Datum {
            series: Arc::new(Series {
                namespace: "Some namespace".into(),
                name: name.clone(),
                dimensions: dimensions
                    .iter()
                    .map(|value| (format!("d{}", value.len()), value.clone()))
                    .collect(),
                unit: if *high {
                    Unit::None
                } else {
                    Unit::TerabytesPerSecond
                },
                resolution: if *high {
                    Resolution::High
                } else {
                    Resolution::Standard
                },
                kind: Kind::Histogram,
            }),
            timestamp_ms: 1_795_405_294_505,
            values: (0..*values).map(|n| (n as f64 / 3.0, n as u64)).collect(),
            points: 0,
        };
        Batch {
            namespace: "Some namespace".into(),
            data: data.iter().map(datum).collect(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_requests_size_is_known_to_the_byte(
            data in prop::collection::vec(
                ("[a-z]{1,300}", prop::collection::vec("[a-z]{1,300}", 0..4), 1..151usize, any::<bool>()),
                1..40),
        ) {
            let batch = batch(&data);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            prop_assert_eq!(runtime.block_on(body(&batch)).len(), batch.bytes());
        }
    }

    #[test]
    fn a_tls_client_can_be_built_from_them() {
        let _ = Transport::new(None, b"nonsense").connect();
    }
}
