//! Which function a caller means: a plain name, a name with a qualifier, a partial or a full
//! ARN, as the Invoke API takes them.

/// What a caller wrote, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// The plain function name.
    pub(crate) name: String,
    /// Version or alias, if one was named.
    pub(crate) qualifier: Option<String>,
}

/// Why a reference names no function: it does not have one of the four shapes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a function name, a name with a qualifier, or a function's ARN")]
pub(crate) struct ReferenceError(String);

impl Reference {
    /// Parses `name`, `name:qualifier`, `account:function:name[:qualifier]` or
    /// `arn:aws:lambda:region:account:function:name[:qualifier]`.
    pub(crate) fn parse(text: &str) -> Result<Reference, ReferenceError> {
        let error = || ReferenceError(text.chars().take(200).collect());
        let parts: Vec<&str> = text.split(':').collect();
        let (name, qualifier) = match parts.as_slice() {
            ["arn", partition, "lambda", _, _, "function", rest @ ..]
                if partition.starts_with("aws") =>
            {
                split(rest)
            }
            [account, "function", rest @ ..] if account.bytes().all(|b| b.is_ascii_digit()) => {
                split(rest)
            }
            rest => split(rest),
        }
        .ok_or_else(error)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
            return Err(error());
        }
        let qualifier = qualifier.map(str::to_owned);
        Ok(Reference {
            name: name.to_owned(),
            qualifier,
        })
    }
}

fn split<'a>(rest: &[&'a str]) -> Option<(&'a str, Option<&'a str>)> {
    match rest {
        [name] => Some((name, None)),
        [name, qualifier] if !qualifier.is_empty() => Some((name, Some(qualifier))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<(&str, Option<&str>)>) {
        let got = Reference::parse(text).ok();
        let got = got
            .as_ref()
            .map(|r| (r.name.as_str(), r.qualifier.as_deref()));
        assert_eq!(got, expect, "{text}");
    }

    #[test]
    fn every_shape_of_reference_names_the_function() {
        check("upload", Some(("upload", None)));
        check("upload:$LATEST", Some(("upload", Some("$LATEST"))));
        check("000000000000:function:upload", Some(("upload", None)));
        check(
            "arn:aws:lambda:us-east-1:000000000000:function:upload",
            Some(("upload", None)),
        );
        check(
            "arn:aws-cn:lambda:cn-north-1:1:function:up_load-2:prod",
            Some(("up_load-2", Some("prod"))),
        );
    }

    #[test]
    fn anything_else_is_refused() {
        check("", None);
        check("a:", None);
        check("a:b:c", None);
        check("has space", None);
        check("../etc", None);
        check("arn:aws:s3:us-east-1:1:function:upload", None);
        check(&"x".repeat(65), None);
    }
}
