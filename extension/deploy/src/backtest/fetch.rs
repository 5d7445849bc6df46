//! Fetches what a replay reads.

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::ask::{Ask, Points};
use crate::account::{AccountError, Reads};

/// Calls under way at once. The account's quota paces them; this hides their latency.
const AT_ONCE: usize = 4;

/// Makes all calls; the answers are in their order. `progress` hears of each that is
/// answered.
///
/// # Errors
/// The first call that fails, whichever it is.
pub async fn fetch<A: Reads>(
    account: &A,
    asks: Vec<Ask>,
    mut progress: impl FnMut(),
) -> Result<Vec<(Ask, Vec<Points>)>, AccountError> {
    stream::iter(asks)
        .map(|ask| async move {
            let answer = account.metric_data(&ask).await?;
            Ok::<_, AccountError>((ask, answer))
        })
        .buffered(AT_ONCE)
        .inspect_ok(|_| progress())
        .try_collect()
        .await
}
