//! Who calls: the credential scope of a SigV4 `Authorization` header.
//!
//! The signature is not verified, since a local account has no secrets; but a
//! caller that would be turned away for having no credentials is turned away here
//! too. The access key id `EXPIRED` answers as expired credentials do, so that one
//! can see what a program makes of them.

use http::request::Parts;

use super::Fault;

/// The part of the scope that tells services apart, such as `monitoring`.
pub(super) fn service(parts: &Parts) -> Result<String, Fault> {
    let header = parts.headers.get(http::header::AUTHORIZATION);
    let header = header
        .and_then(|value| value.to_str().ok())
        .ok_or_else(Fault::missing_token)?;
    let incomplete = || Fault::incomplete_signature(header);
    let fields = header
        .strip_prefix("AWS4-HMAC-SHA256")
        .ok_or_else(incomplete)?;
    let mut fields = fields.split(',').map(str::trim);
    let scope = fields
        .find_map(|field| field.strip_prefix("Credential="))
        .ok_or_else(incomplete)?;
    // The access key id itself may hold slashes; the scope is counted from its end.
    let mut scope = scope.rsplit('/');
    let (last, service) = (scope.next(), scope.next());
    let (region, date) = (scope.next(), scope.next());
    let key = scope.next().ok_or_else(incomplete)?;
    match (last, service, region, date) {
        (Some("aws4_request"), Some(_), Some(_), Some(_)) if key == "EXPIRED" => {
            Err(Fault::expired_token())
        }
        (Some("aws4_request"), Some(service), Some(_), Some(_)) => Ok(service.to_owned()),
        _ => Err(incomplete()),
    }
}
