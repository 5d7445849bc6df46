//! Pages of a list, by a token that says where the next one starts.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::wire::Fault;

/// The token for a page that starts at `offset`.
pub(super) fn token(offset: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("obs:{offset}"))
}

/// Where a page starts; the first without a token.
///
/// # Errors
/// `InvalidNextToken` for a token that was not given out here.
pub(super) fn start(token: Option<&str>) -> Result<usize, Fault> {
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return Ok(0);
    };
    let decoded = URL_SAFE_NO_PAD.decode(token).ok();
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let offset = text.as_deref().and_then(|text| text.strip_prefix("obs:"));
    offset
        .and_then(|offset| offset.parse().ok())
        .ok_or_else(Fault::next_token)
}

/// One page of a list, and the token for the one after it.
///
/// # Errors
/// `InvalidNextToken` for a token that was not given out here.
pub(super) fn page<T>(
    items: Vec<T>,
    next: Option<&str>,
    size: usize,
) -> Result<(Vec<T>, Option<String>), Fault> {
    let from = start(next)?;
    let more = items.len() > from.saturating_add(size);
    let page = items.into_iter().skip(from).take(size).collect();
    Ok((page, more.then(|| token(from + size))))
}
