//! Each family finds what it should, leaves the rest, and never breaks JSON.

use std::cell::Cell;

use proptest::prelude::*;

use super::*;
use crate::json;

/// Checks that `secret` disappears from `text`, plain, and as JSON one and two
/// levels deep; and that each level still parses.
#[track_caller]
fn gone(text: &str, secret: &str) {
    let redactor = Redactor::default();
    let mut level = text.to_owned();
    for depth in 0..3 {
        let mut out = Vec::new();
        json::string(&mut out, &level);
        let inner = String::from_utf8(out[1..out.len() - 1].to_vec()).unwrap();
        let mut bytes = inner.into_bytes();
        redactor.escaped(&mut bytes, 0, Marked(true));
        let line = format!("\"{}\"", String::from_utf8(bytes).unwrap());
        assert!(!line.contains(secret), "depth {depth}: {line}");
        let read: String = serde_json::from_str(&line).expect(&line);
        assert!(read.contains(MARK), "{read}");
        level = format!("{{\"inner\":{}}}", serde_json::to_string(&level).unwrap());
    }
}

#[track_caller]
fn kept(text: &str) {
    assert_eq!(Redactor::default().redact(text), text);
}

#[track_caller]
fn check(text: &str, expect: &str) {
    assert_eq!(Redactor::default().redact(text), expect);
}

#[test]
fn values_of_secret_keys_inside_text_are_replaced() {
    gone(r#"{"user":"ann","password":"hunter2 \"x\""}"#, "hunter2");
    gone(
        "Login { user: \"ann\", password: Some(\"hunter2\") }",
        "hunter2",
    );
    gone("dbPassword=hunter2;user=ann", "hunter2");
    gone(
        r#"[("authorization", "hunter2"), ("accept", "x")]"#,
        "hunter2",
    );
    gone(
        "first line\nAuthorization: Digest a=b, response=hunter2",
        "hunter2",
    );
    gone("{'api_key': 'hunter2'}", "hunter2");
    gone("/path?page=2&access_token=hunter2&x=1", "hunter2");
    gone(
        r#"{"credentials":{"user":"u","code":"hunter2"},"a":1}"#,
        "hunter2",
    );
    check("password=hunter2 user=ann", "password=[REDACTED] user=ann");
    check(r#"{"token":"a","n":1}"#, r#"{"token":"[REDACTED]","n":1}"#);
    gone(r#"{"cookies":["session=hunter2","b=c"],"a":1}"#, "hunter2");
    gone("Cookies: a=b; session=hunter2; c=d", "hunter2");
    gone(r#"token: ["a]", "hunter2"], b"#, "hunter2");
    gone(r#"{"secret":{"a":"}","b":"hunter2"},"c":1}"#, "hunter2");
    gone(
        "/login?redirect_uri=https%3A%2F%2Fx%3Faccess_token%3Dhunter2",
        "hunter2",
    );
    gone("body=user%3Dann%26password%3dhunter2", "hunter2");
    gone("PASSWORD => 'hunter2'", "hunter2");
    gone("db_pass=hunter2&a=1", "hunter2");
    gone("x-Api-Key:hunter2", "hunter2");
    gone("Server=db;User Id=app;Password=hunter2;", "hunter2");
    gone("AccountName=a;AccountKey=hunter2==;Suffix=b", "hunter2");
    gone("<user>ann</user><password>hunter2</password>", "hunter2");
    gone("<o:Password Type=\"x\">hunter2</o:Password>", "hunter2");
    kept("Option<Token> of <a>b</a> and Vec<Secret></Secret> <token/>");
    kept("HeaderMap { \"authorization\": Sensitive, \"accept\": \"x\" }");
    check(
        r#"{"token":["a","b]"],"n":[1]}"#,
        r#"{"token":[REDACTED],"n":[1]}"#,
    );
    kept("password=[REDACTED] next_token=abc token: None");
    kept("Token::new(5) and max_tokens=512");
    kept("key: value, a=b, url https://example.com:8080/x");
}

#[test]
fn tokens_are_replaced_by_their_shape() {
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P";
    gone(&format!("got {jwt}"), jwt);
    gone(&format!("two\n{jwt}"), "eyJhbGci");
    gone("Bearer abcDEF123456", "abcDEF123456");
    gone("curl -H 'x: basic dXNlcjpwYXNz'", "dXNlcjpwYXNz");
    gone(
        "ghp_0123456789abcdefghijABCDEFGHIJ012345 leaked",
        "0123456789abcdef",
    );
    gone("xoxb-123456789012-abcdef", "123456789012");
    gone("sk_live_0123456789abcdefXYZ", "0123456789abcdef");
    gone("postgres://app:hunter2@db.internal:5432/x", "hunter2");
    gone(
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
        "MIIEow",
    );
    gone(
        "url=%20eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sigsig",
        "eyJhbGci",
    );
    let jwe = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..48V1_ALb6US04U3b.5eym8TW_c8SuK0lt.XFBoMYUZodetZdvT";
    gone(&format!("<{jwe}>"), "5eym8TW");
    gone(&format!("<{jwe}>"), "XFBoMYU");
    gone("bEaReR abcDEF123456", "abcDEF123456");
    gone("Bearer\tabcDEF123456", "abcDEF123456");
    gone("auth=Bearer%20abcDEF123456&x=1", "abcDEF123456");
    gone("auth=Basic+dXNlcjpwYXNz", "dXNlcjpwYXNz");
    gone("pypi-AgEIcHlwaS5vcmcCJDU0MzIxAbCdEfGh", "AgEIcHlwaS5vcmc");
    gone("postgres://app:p@ss@db.internal:5432/x", "ss@");
    check(
        "postgres://app:p@ss@db.internal:5432/x",
        "postgres://app:[REDACTED]@db.internal:5432/x",
    );
    check(
        "redis://:hunter2@cache:6379 ann@b",
        "redis://:[REDACTED]@cache:6379 ann@b",
    );
    for label in [
        "PRIVATE KEY",
        "EC PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "PGP PRIVATE KEY BLOCK",
    ] {
        gone(
            &format!("-----BEGIN {label}-----\nMIIEow\n-----END {label}-----\nx"),
            "MIIEow",
        );
    }
    kept("-----BEGIN PUBLIC KEY-----\nMIIEow\n-----END PUBLIC KEY-----");
    kept("https://example.com/a%20b%3Fc%3Dd 100%");
    kept("the bearer presented a basic concept to us-east-1");
}

#[test]
fn emails_cards_and_aws_keys_are_replaced() {
    gone("mail to ann.lee+x@example.co.uk.", "example.co");
    gone("a\nbob@example.com", "bob@");
    check("mail ann@example.com, please", "mail [REDACTED], please");
    check("j\u{f6}rg@b\u{fc}cher.example", "[REDACTED]");
    check(
        "\u{201c}\u{7528}\u{6237}@\u{4f8b}\u{5b50}.\u{5e7f}\u{544a}\u{201d}",
        "\u{201c}[REDACTED]\u{201d}",
    );
    check("to ann@example.xn--p1ai!", "to [REDACTED]!");
    check("ann@example.com-2026 x", "[REDACTED]-2026 x");
    check("?email=ann%2Bx%40example.com&a=1", "?email=[REDACTED]&a=1");
    check(
        &format!("{}@example.com", "\u{e9}".repeat(200)),
        &format!("{}[REDACTED]", "\u{e9}".repeat(168)),
    );
    gone("card 4111 1111 1111 1111 ok", "1111");
    gone("card 4111-1111-1111-1111", "1111");
    gone("378282246310005", "378282246310005");
    gone("x\n5555555555554444", "5555555555554444");
    gone("mir 2200 1234 5678 9019", "5678");
    gone("amex 3782 822463 10005", "822463");
    gone("4111 1111 1111 1111 12/29 123", "1111");
    gone("id AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE");
    gone("id=%22ASIAIOSFODNN7EXAMPLE%22", "ASIAIOSFODNN7EXAMPLE");
    let session = format!("FwoGZXIvYXdzEBYaD{}", "HqAbcd12".repeat(20));
    gone(&format!("got {session}"), "FwoGZXIvYXdz");
    gone("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI");
    gone(
        "got wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY there",
        "wJalrXUtnFEMI",
    );
    kept("4111 1111 1111 1112 and 1795405294505 and a@b and @handle");
    kept("da39a3ee5e6b4b0d3255bfef95601890afd80709");
    kept("2026-11-23T03:41:34.505Z 0198c5f2-7d3e-7abc-8def-0123456789ab");
    check("a \\u00\u{e9}@example.com", "a \\[REDACTED]");
    gone("\\u00&password=t0p", "t0p");
    gone("\\u00fg.password=t0p", "t0p");
    gone("C:\\users token=t0p", "t0p");
    gone("C:\\token=t0p", "t0p");
    gone("C:\\tmp\\new\\token=t0p \\u0020token=t1p", "t0p");
    kept("\\u00\u{e9}@");
    kept("1-5759e988-bd862e3fe1be46a994272793");
    kept("00-4efaaf4d1e8720b39541901950019ee5-00f067aa0ba902b7-01");
    kept("550e8400-e29b-41d4-a716-446655440000 4111-11111111 1795405294505123456");
    kept("react@18.2.0 user@10.0.0.12 @font-face a@b. %40 x%40y 50%40z.9");
    kept("AKIAIOSFODNN7EXAMPL AKIAIOSFODNN7EXAMPLEX xAKIAIOSFODNN7EXAMPLE");
    kept("4111.1111.1111.1111 v4111111111111111x 41111111111111110");
}

#[test]
fn an_escape_that_is_none_is_left_whole() {
    let mut bytes = "a \\u00\u{e9}@example.com".as_bytes().to_vec();
    assert!(Redactor::default().escaped(&mut bytes, 0, Marked(true)));
    assert_eq!(String::from_utf8(bytes).unwrap(), "a [REDACTED]");
}

#[test]
fn keys_are_known_whatever_their_spelling() {
    let redactor = Redactor::default();
    for key in [
        "password",
        "DB_PASSWORD",
        "userPassword",
        "x-api-key",
        "apiKey",
        "access_token",
        "Authorization",
        "Set-Cookie",
        "client.secret",
        "aws_secret_access_key",
        "pin",
        "X-Amz-Security-Token",
        "clientSecret",
        "client-secret",
        "cookies",
        "Proxy-Authorization",
        "x-amz-signature",
        "DB_PASS",
        "cardCvv",
        "cvv2",
        "user.ssn",
        "Ocp-Apim-Subscription-Key",
        "refreshToken",
        "ssh private key",
        "PGPASSWORD",
    ] {
        assert!(redactor.is_secret_key(key), "{key}");
    }
    for key in [
        "tokens",
        "next_token",
        "author",
        "shipping",
        "secret_name",
        "user",
        "opinion",
        "bypass",
        "lesson",
        "cookie_policy",
        "monkey",
        "x-amz-request-id",
        "pwdx",
        "",
    ] {
        assert!(!redactor.is_secret_key(key), "{key}");
    }
}

#[test]
fn rules_of_the_user_add_and_except() {
    let rules = KeyRules::new(["cust*id", "Tax-Number"], ["csrf_token"]);
    let redactor = Redactor::new([Family::Keys], rules);
    assert!(redactor.is_secret_key("customer_id"));
    assert!(redactor.is_secret_key("tax_number"));
    assert!(!redactor.is_secret_key("csrf-token"));
    assert_eq!(redactor.redact("ann@example.com"), "ann@example.com");
    assert_eq!(Redactor::off().redact("password=x"), "password=x");
}

proptest! {
    /// What is left always fits back between its quotes, and redacting twice
    /// changes nothing that was safe.
    #[test]
    fn escaped_text_stays_valid_whatever_is_replaced(
        parts in prop::collection::vec(prop_oneof![
            any::<String>(),
            "[a-z\"\\\\:=@(){}, \n\u{1}.é-]{0,12}",
            Just("password".to_owned()), Just("\"token\":\"".to_owned()), Just("ann@example.com".to_owned()),
            Just("4111111111111111".to_owned()), Just("AKIAIOSFODNN7EXAMPLE".to_owned()),
            Just("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned()),
            Just("\\u00".to_owned()), Just("\u{1b}".to_owned()), Just("Bearer ".to_owned()),
        ], 0..12),
    ) {
        let redactor = Redactor::default();
        let mut text = parts.concat();
        // Text that is no JSON has halves of escapes.
        let _ = redactor.redact(&text);
        for _ in 0..3 {
            let mut out = Vec::new();
            json::string(&mut out, &text);
            out.pop();
            redactor.escaped(&mut out, 1, Marked(true));
            out.push(b'"');
            let read = serde_json::from_slice::<String>(&out);
            prop_assert!(read.is_ok(), "{}", String::from_utf8_lossy(&out));
            text = String::from_utf8(out).unwrap();
        }
    }

    #[test]
    fn a_password_never_survives_under_its_key(
        password in "[a-zA-Z0-9\"\\\\ !{}\\[\\],;:&=]{8,30}", before in "[a-z ]{0,10}", depth in 0..3_usize,
    ) {
        let mut text = format!("{before}{{\"password\":{},\"b\":1}}", serde_json::to_string(&password).unwrap());
        for _ in 0..depth {
            text = serde_json::to_string(&text).unwrap();
        }
        let redacted = Redactor::default().redact(&text);
        let plain: String = password.chars().filter(char::is_ascii_alphanumeric).collect();
        if plain.len() >= 8 {
            let left: String = redacted.chars().filter(char::is_ascii_alphanumeric).collect();
            prop_assert!(!left.contains(&plain), "{redacted}");
        }
    }
}

thread_local! {
    static AHEAD: Cell<usize> = const { Cell::new(0) };
}

/// Counts bytes that were looked at ahead of a mark.
pub(super) fn looked(bytes: usize) {
    AHEAD.set(AHEAD.get() + bytes);
}

/// Each of these, repeated, would make a careless reader look ahead to the end from
/// every one of them.
#[test]
fn no_text_is_looked_through_from_everywhere() {
    let redactor = Redactor::default();
    for pattern in [
        "@",
        "a@",
        "//a:@",
        "//a@b:",
        "-eyJ",
        "-eyJa.",
        "-eyJ-AKIA0123456789ABCDEF",
        "xbearer+",
        "bearer ",
        "bearer\\t",
        "bearer+a",
        "cookie=Sensitive, ",
        "\"cookie\":\"Sensitive, ",
        "-----BEGIN PRIVATE KEY-----\"",
        "-----BEGIN PRIVATE KEY-----",
        "<token>",
        "<token",
        ">",
        "token=",
        "token: ",
        "token:{",
        "token:\"{",
        "token=\\",
        "token=\\\"",
        "token:Some(",
        "=",
        "(\"",
        "(\\",
        "(\"token\",",
        "%40",
        "a%40b.",
        "token%3D",
        "4111 ",
        "1-",
        "4111111111111111 ",
        "AIza",
        "-IQoJ",
        "/IQoJ",
        "-FwoGZXIvYXdz",
        "ghp_",
        "sk-",
        "\\",
        "\\n",
        "\\u001b",
        "aB1/",
        "\u{e9}@",
        "\u{e9}.",
    ] {
        let text = pattern.repeat((1 << 15) / pattern.len());
        AHEAD.set(0);
        let redacted = redactor.redact(&text);
        assert!(redacted.len() <= 11 * text.len());
        let times = AHEAD.get() / text.len();
        assert!(times <= 8, "{pattern:?}: each byte {times} times");
    }
}
