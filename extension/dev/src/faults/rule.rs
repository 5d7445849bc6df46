//! One rule: which requests fail, how, how many of them and how long.
//!
//! ```text
//! SERVICE[:OPERATION]=KIND[:30%][:5x][:10s]
//! ```

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::account::operations;
use crate::wire::Service;

/// Requests that are to fail, and how; as text `SERVICE[:OPERATION]=KIND` and any of
/// a share `30%`, a count `5x` and a time `10s`, each after a colon.
///
/// - `throttle`: answered as throttled (CloudWatch: 400 `Throttling`).
/// - `500`, `503`, `413`: answered with that status.
/// - `hang`: read, then never answered; `hang-accepted` carries it out.
/// - `reset`: read, then the connection is reset; `reset-accepted` carries it out.
/// - `drip`: carried out, and the answer comes a byte at a time.
///
/// ```
/// let rule: obs_dev::FaultRule = "cloudwatch:PutMetricData=throttle:30%".parse().unwrap();
/// assert_eq!(rule.to_string(), "cloudwatch:PutMetricData=throttle:30%");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultRule {
    service: Service,
    operation: Option<&'static str>,
    pub(super) kind: Kind,
    /// Of 100 requests, 1 to 100.
    pub(super) percent: u8,
    /// Requests that it strikes at most.
    pub(super) count: Option<u64>,
    /// How long it holds.
    pub(super) time: Option<Duration>,
}

/// How a request fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Throttle,
    Error,
    Unavailable,
    TooLarge,
    Hang,
    HangAccepted,
    Reset,
    ResetAccepted,
    Drip,
}

const KINDS: [(&str, Kind); 9] = [
    ("throttle", Kind::Throttle),
    ("500", Kind::Error),
    ("503", Kind::Unavailable),
    ("413", Kind::TooLarge),
    ("hang", Kind::Hang),
    ("hang-accepted", Kind::HangAccepted),
    ("reset", Kind::Reset),
    ("reset-accepted", Kind::ResetAccepted),
    ("drip", Kind::Drip),
];

/// Why a text is no rule; reads after "failed to".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read the fault {text:?}: {problem}")]
pub struct BadRule {
    text: String,
    problem: String,
}

impl FaultRule {
    /// Whether it speaks of this operation.
    pub(super) fn is_for(&self, service: Service, operation: &str) -> bool {
        self.service == service && self.operation.is_none_or(|own| own == operation)
    }

    fn parse(text: &str) -> Result<FaultRule, String> {
        let shape = "expected SERVICE[:OPERATION]=KIND[:SHARE%][:COUNTx][:TIME], such as \
                     cloudwatch:PutMetricData=throttle:30%";
        let (target, effect) = text.split_once('=').ok_or(shape)?;
        let (service, operation) = match target.split_once(':') {
            Some((service, operation)) => (service, Some(operation)),
            None => (target, None),
        };
        let services = Service::ALL.map(|service| (service.as_str(), service));
        let service = choose("service", service, &services)?;
        let names: Vec<_> = operations::names(service)
            .map(|name| (name, name))
            .collect();
        let operation = operation.map(|name| choose("operation", name, &names));
        let mut parts = effect.split(':');
        let kind = choose("kind", parts.next().unwrap_or_default(), &KINDS)?;
        let mut rule = FaultRule {
            service,
            operation: operation.transpose()?,
            kind,
            percent: 100,
            count: None,
            time: None,
        };
        for part in parts {
            rule.limit(part)?;
        }
        Ok(rule)
    }

    fn limit(&mut self, part: &str) -> Result<(), String> {
        let wrong = || {
            format!(
                "the limit {part:?} is no share from 1% to 100%, no count such as 5x and no \
                 time such as 500ms, 10s or 2m"
            )
        };
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = part.split_at(digits);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let of_ms = |scale: u64| number.checked_mul(scale).map(Duration::from_millis);
        match unit {
            "%" if (1..=100).contains(&number) => {
                self.percent = u8::try_from(number).map_err(|_| wrong())?;
            }
            "x" if number > 0 => self.count = Some(number),
            "ms" if number > 0 => self.time = of_ms(1),
            "s" if number > 0 => self.time = Some(of_ms(1_000).ok_or_else(wrong)?),
            "m" if number > 0 => self.time = Some(of_ms(60_000).ok_or_else(wrong)?),
            _ => return Err(wrong()),
        }
        Ok(())
    }
}

impl FromStr for FaultRule {
    type Err = BadRule;

    fn from_str(text: &str) -> Result<FaultRule, BadRule> {
        FaultRule::parse(text).map_err(|problem| BadRule {
            text: text.chars().take(200).collect(),
            problem,
        })
    }
}

impl fmt::Display for FaultRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.service.as_str())?;
        if let Some(operation) = self.operation {
            write!(f, ":{operation}")?;
        }
        let kind = KINDS.iter().find(|(_, kind)| *kind == self.kind);
        write!(f, "={}", kind.map_or("", |(name, _)| name))?;
        if self.percent < 100 {
            write!(f, ":{}%", self.percent)?;
        }
        if let Some(count) = self.count {
            write!(f, ":{count}x")?;
        }
        match self.time.map(|time| time.as_millis()) {
            Some(ms) if ms % 1000 == 0 => write!(f, ":{}s", ms / 1000),
            Some(ms) => write!(f, ":{ms}ms"),
            None => Ok(()),
        }
    }
}

/// The choice of that name; otherwise an error with the nearest one, or all of them.
pub(crate) fn choose<T: Copy>(
    what: &str,
    given: &str,
    choices: &[(&'static str, T)],
) -> Result<T, String> {
    if let Some((_, found)) = choices.iter().find(|(name, _)| *name == given) {
        return Ok(*found);
    }
    let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
    let hint = match obs_cloudwatch::near::nearest(given, names.iter().copied()) {
        Some(name) => format!("did you mean {name:?}?"),
        None => format!("expected one of {}", names.join(", ")),
    };
    let given: String = given.chars().take(60).collect();
    Err(format!("there is no {what} {given:?}; {hint}"))
}
