//! Pages of a list, by a token that says where the next one starts: how many entries
//! were passed, or, where entries come and go meanwhile, the last one that was.

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

/// An entry, by the two numbers that entries are ordered by.
pub(super) type Place = (i64, i64);

/// The token for what follows an entry.
pub(super) fn token_after((first, second): Place) -> String {
    URL_SAFE_NO_PAD.encode(format!("obs:after:{first}:{second}"))
}

/// The entry that a page follows; none without a token.
///
/// # Errors
/// `InvalidNextToken` for a token that was not given out here.
pub(super) fn after(token: Option<&str>) -> Result<Option<Place>, Fault> {
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return Ok(None);
    };
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let (first, second) = text.strip_prefix("obs:after:")?.split_once(':')?;
        Some((first.parse().ok()?, second.parse().ok()?))
    };
    read().map(Some).ok_or_else(Fault::next_token)
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
