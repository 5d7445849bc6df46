//! Does the log group exist? A filter can be put only on one that does, and log groups
//! are made by others: by Lambda, or with a trail.
//!
//! As with metrics, an unchanged plan asks nothing.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::step::{Kind, Step};
use super::unseen::who;
use crate::account::{AccountError, Call, Reads, Trouble};
use crate::model::MetricFilter;

/// Questions under way at once.
const AT_ONCE: usize = 4;

/// One note for each log group of these steps that does not exist. Whoever may not list
/// them hears nothing.
///
/// # Errors
/// Whatever else the account answers.
pub(super) async fn notes<A: Reads>(
    account: &A,
    steps: &[Step],
) -> Result<Vec<String>, AccountError> {
    let mut wanted: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for step in steps {
        for call in &step.calls {
            if let Call::PutMetricFilter { filter } = call {
                let filters = wanted.entry(&filter.log_group).or_default();
                filters.push(step.name.clone());
            }
        }
    }
    let notes: Vec<Option<String>> = stream::iter(wanted)
        .map(|(group, filters)| async move {
            match account.has_log_group(group).await {
                Ok(true) => Ok(None),
                Ok(false) => Ok(who(Kind::MetricFilter.word(), &filters).map(|who| {
                    format!(
                        "{who}: there is no log group {group}, and an apply will stop there: {}",
                        MetricFilter::remedy(group)
                    )
                })),
                Err(error) if matches!(error.trouble, Trouble::Denied | Trouble::Unknown) => {
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(notes.into_iter().flatten().collect())
}
