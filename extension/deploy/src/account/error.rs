//! Why an account did not answer, in one sentence that names the remedy.

/// What stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody listens there.
    Refused,
    /// The name cannot be resolved: usually a region that does not exist.
    Unresolved,
    /// No answer in time.
    TimedOut,
    /// There are no credentials at all.
    NoCredentials,
    /// The credentials were good once.
    Expired,
    /// The account does not know the credentials.
    Rejected,
    /// The credentials may not do this.
    Denied,
    /// The role of the environment cannot be assumed.
    NotAssumed,
    /// The service does not know the operation.
    Unknown,
    /// What was asked for is not there.
    Missing,
    /// Too many calls, even after waiting.
    Throttled,
    /// Anything else the service said.
    Other,
}

/// An account did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct AccountError {
    /// What stands in the way.
    pub trouble: Trouble,
    /// Such as `cloudwatch:DescribeAlarms`.
    pub operation: String,
    /// Where the call went: an endpoint, or the region's name.
    pub place: String,
    /// The service's or the network's own words.
    pub detail: String,
}

impl AccountError {
    fn sentence(&self) -> String {
        let AccountError {
            operation,
            place,
            detail,
            ..
        } = self;
        match self.trouble {
            Trouble::Refused => format!(
                "nobody listens at {place}: start `obs dev`, or set AWS_ENDPOINT_URL to where it listens"
            ),
            Trouble::Unresolved => format!(
                "cannot find the address of {place}: check AWS_ENDPOINT_URL, the environment's `region` and `endpoint` in obs.yaml, and the network"
            ),
            Trouble::TimedOut => {
                format!("no answer from {place} in time: check the network and a proxy's settings ({detail})")
            }
            Trouble::NoCredentials => {
                "found no AWS credentials: run `aws sso login`, set AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".to_owned()
            }
            Trouble::Expired => {
                "the AWS credentials have expired: get new ones, for example with `aws sso login`".to_owned()
            }
            Trouble::Rejected => format!(
                "the account does not accept the AWS credentials ({detail}): check AWS_PROFILE, and that the account has the region enabled ({place})"
            ),
            Trouble::Denied => {
                format!("the credentials may not call {operation}: allow that action ({detail})")
            }
            Trouble::NotAssumed => format!(
                "cannot assume the environment's role: allow the credentials sts:AssumeRole on it, and name them in its trust policy ({detail})"
            ),
            Trouble::Unknown => format!("{place} does not know {operation} ({detail})"),
            Trouble::Throttled => {
                format!("{operation} was throttled again and again: run the same command again, it goes on where it stopped")
            }
            // An answer without a word is none of AWS's.
            Trouble::Other if matches!(detail.as_str(), "Error" | "") => format!(
                "{place} does not answer {operation} as AWS does: check AWS_ENDPOINT_URL and the environment's `endpoint` in obs.yaml"
            ),
            Trouble::Missing | Trouble::Other => format!("{operation} failed: {detail}"),
        }
    }
}
