//! An error and its causes as members of a line.

use std::{any::type_name, error::Error, fmt::Write as _};

use super::{Members, redacted};
use crate::{
    json::{self, Value},
    redact::Redactor,
};

/// A chain of causes longer than this is cut, for one that never ends.
const MAX_CAUSES: usize = 32;

/// Appends `,"NAME.type":…,"NAME.message":…`, and `,"NAME.chain":[…]` with the
/// causes from the outermost to the root where there are any. `name` is JSON
/// already, without quotes.
pub fn write(out: &mut Vec<u8>, name: &[u8], error: &(dyn Error + 'static), redactor: &Redactor) {
    member(out, name, b".type\":");
    json::string(out, &kind(error));
    member(out, name, b".message\":");
    redacted(out, Value::Display(&error), redactor);
    if error.source().is_some() {
        member(out, name, b".chain\":");
        chain(out, error, redactor);
    }
}

fn chain(out: &mut Vec<u8>, error: &(dyn Error + 'static), redactor: &Redactor) {
    let mut cause = error.source();
    out.push(b'[');
    for index in 0..MAX_CAUSES {
        let Some(error) = cause else { break };
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"type\":");
        json::string(out, &kind(error));
        out.extend_from_slice(b",\"message\":");
        redacted(out, Value::Display(&error), redactor);
        out.push(b'}');
        cause = error.source();
    }
    out.push(b']');
}

/// Likewise, as members of a span.
pub fn put(members: &mut Members, name: &str, error: &(dyn Error + 'static), redactor: &Redactor) {
    members.redacted(&format!("{name}.type"), Value::Str(&kind(error)), redactor);
    members.redacted(&format!("{name}.message"), Value::Display(&error), redactor);
    if error.source().is_some() {
        members.put(&format!("{name}.chain"), |out| chain(out, error, redactor));
    }
}

fn member(out: &mut Vec<u8>, name: &[u8], rest: &[u8]) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name);
    out.extend_from_slice(rest);
}

/// The error's type. Rust forgets it behind `dyn Error`: the standard library's
/// types are asked for one by one, others give the name that their `Debug`
/// begins with, and those that give none are an `Error`.
#[must_use]
pub fn kind(error: &(dyn Error + 'static)) -> String {
    macro_rules! known {
        ($($type:ty),+ $(,)?) => {
            $(if error.is::<$type>() {
                return type_name::<$type>().to_owned();
            })+
        };
    }
    known!(
        std::io::Error,
        std::fmt::Error,
        std::num::ParseIntError,
        std::num::ParseFloatError,
        std::num::TryFromIntError,
        std::str::Utf8Error,
        std::string::FromUtf8Error,
        std::net::AddrParseError,
        std::time::SystemTimeError,
    );
    let mut name = Name(String::new());
    // Ends with an error as soon as the name is over.
    let _ = write!(name, "{error:?}");
    if name.0.starts_with(|first: char| first.is_ascii_uppercase()) {
        name.0
    } else {
        "Error".to_owned()
    }
}

/// Takes the identifier in front and refuses what follows, so that a large
/// error is not formatted for its name.
struct Name(String);

impl std::fmt::Write for Name {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let rest = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        self.0
            .push_str(&text[..rest.unwrap_or(text.len()).min(200)]);
        if rest.is_some() || self.0.len() > 200 {
            return Err(std::fmt::Error);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer {
        cause: std::io::Error,
    }

    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("login with password=hunter2")
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.cause)
        }
    }

    fn check(error: &(dyn Error + 'static), expect: &serde_json::Value) {
        let mut out = b"{\"_\":0".to_vec();
        write(&mut out, b"error", error, &Redactor::default());
        out.push(b'}');
        let mut read: serde_json::Value = serde_json::from_slice(&out).expect("valid JSON");
        read.as_object_mut().unwrap().remove("_");
        assert_eq!(read, *expect);
    }

    #[test]
    fn causes_stand_in_order_with_their_types_and_without_secrets() {
        let cause = std::io::Error::other("mail to ann@example.com failed");
        check(
            &Outer { cause },
            &serde_json::json!({"error.type": "Outer", "error.message": "login with password=[REDACTED]",
                "error.chain": [{"type": "std::io::error::Error", "message": "mail to [REDACTED] failed"}]}),
        );
        let plain: Box<dyn Error> = "disk full".into();
        check(
            &*plain,
            &serde_json::json!({"error.type": "Error", "error.message": "disk full"}),
        );
    }
}
