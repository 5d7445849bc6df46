//! STS: who the caller is. Everybody is the account's one user.

use serde::Deserialize;

use super::Account;
use super::operations::Answer;
use crate::wire::{Fault, Tree};

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

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AssumeRole {
    role_arn: String,
    role_session_name: String,
}

/// How long credentials of a role last, unless told otherwise.
const SESSION_MS: i64 = 3_600_000;

/// Every role may be assumed: credentials are not looked at here anyway.
pub(super) fn assume_role(account: &Account, input: AssumeRole) -> Answer {
    let name = &input.role_session_name;
    let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if !(2..=64).contains(&name.len()) || !name.chars().all(fits) {
        return Err(Fault::validation(format!(
            "Value '{name}' at 'roleSessionName' failed to satisfy constraint"
        )));
    }
    let role = input.role_arn.rsplit_once(":role/");
    let Some((_, role)) = role.filter(|(arn, _)| arn.starts_with("arn:")) else {
        return Err(Fault::validation(format!("{} is invalid", input.role_arn)));
    };
    let arn = format!(
        "arn:aws:sts::{}:assumed-role/{role}/{name}",
        account.account_id
    );
    let user = Tree::fields()
        .set("Arn", arn)
        .set("AssumedRoleId", format!("AROAOBSDEVLOCALROLE00:{name}"));
    let credentials = Tree::fields()
        .set("AccessKeyId", "ASIAOBSDEVLOCALROLE0")
        .set("SecretAccessKey", "local")
        .set("SessionToken", "local")
        .set(
            "Expiration",
            Tree::Time(account.clock.now_ms() + SESSION_MS),
        );
    Ok(Tree::fields()
        .set("AssumedRoleUser", Tree::from(user))
        .set("Credentials", Tree::from(credentials))
        .into())
}
