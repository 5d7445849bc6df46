//! Who may talk to a server that trusts whoever reaches it: programs of this
//! machine, and no web page but its own.
//!
//! A page on the internet can make a browser send requests to 127.0.0.1. The
//! `Host` it sends tells a rebound name from ours, the `Origin` another site's
//! script from ours.

use std::net::IpAddr;

use axum::body::Body;
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};

/// Whether a host names this machine, whatever a name server may say.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host
        .strip_prefix('[')
        .and_then(|h| h.strip_suffix(']'))
        .unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return address.is_loopback();
    }
    let name = host.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// Why a request is turned away; none when it may pass.
pub(crate) fn refusal(request: &Request<Body>) -> Option<Response<Body>> {
    let headers = request.headers();
    let authority = request.uri().authority().map(|a| a.as_str().to_owned());
    let host = text(headers, HOST).map(str::to_owned).or(authority);
    if !host
        .as_deref()
        .is_some_and(|host| is_loopback(without_port(host)))
    {
        return Some(forbidden("the Host header does not name this machine"));
    }
    let changes = !matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if changes && headers.contains_key(ORIGIN) && !same_origin(headers, host.as_deref()) {
        return Some(forbidden("the Origin header names another site"));
    }
    None
}

fn same_origin(headers: &HeaderMap, host: Option<&str>) -> bool {
    let origin: Option<Uri> = text(headers, ORIGIN).and_then(|origin| origin.parse().ok());
    let authority = origin.as_ref().and_then(Uri::authority);
    authority.is_some_and(|authority| Some(authority.as_str()) == host)
}

fn text(headers: &HeaderMap, name: http::header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        // The colons of a bare IPv6 address are no port's.
        Some((host, port))
            if port.bytes().all(|byte| byte.is_ascii_digit()) && !host.ends_with(':') =>
        {
            host
        }
        _ => authority,
    }
}

fn forbidden(why: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("refused: {why}\n")));
    *response.status_mut() = StatusCode::FORBIDDEN;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &str, host: &str, origin: Option<&str>, expect_refused: bool) {
        let mut request = Request::builder()
            .method(method)
            .uri("/")
            .header(HOST, host);
        if let Some(origin) = origin {
            request = request.header(ORIGIN, origin);
        }
        let request = request.body(Body::empty()).unwrap();
        assert_eq!(
            refusal(&request).is_some(),
            expect_refused,
            "{method} {host} {origin:?}"
        );
    }

    #[test]
    fn only_this_machine_by_its_own_names_is_let_in() {
        for host in [
            "localhost",
            "localhost:4400",
            "127.0.0.1:4400",
            "127.9.9.9",
            "[::1]:4400",
            "obs.localhost:80",
        ] {
            check("POST", host, None, false);
        }
        for host in [
            "example.com",
            "127.0.0.1.example.com",
            "localhost.example.com:4400",
            "192.168.0.1",
            "10.0.0.1:80",
        ] {
            check("GET", host, None, true);
        }
    }

    #[test]
    fn another_sites_script_cannot_post() {
        check(
            "POST",
            "127.0.0.1:4400",
            Some("http://127.0.0.1:4400"),
            false,
        );
        check("POST", "127.0.0.1:4400", Some("http://evil.example"), true);
        check(
            "POST",
            "127.0.0.1:4400",
            Some("http://127.0.0.1:9999"),
            true,
        );
        check("POST", "127.0.0.1:4400", Some("null"), true);
        check("GET", "127.0.0.1:4400", Some("http://evil.example"), false);
    }
}
