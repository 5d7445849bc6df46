//! STS: who the caller is. Everybody is the account's one user.

use serde::Deserialize;

use super::Account;
use super::operations::Answer;
use crate::wire::Tree;

#[derive(Debug, Deserialize)]
pub(super) struct GetCallerIdentity {}

pub(super) fn get_caller_identity(account: &Account, _input: GetCallerIdentity) -> Answer {
    Ok(Tree::fields()
        .set("UserId", "AIDAOBSDEVLOCALUSER00")
        .set("Account", account.account_id.as_str())
        .set(
            "Arn",
            format!("arn:aws:iam::{}:user/obs-dev", account.account_id),
        )
        .into())
}
