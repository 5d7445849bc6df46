//! What a condition is about: places in a JSON line, or the name of a field.

use super::parse::{Reader, wrong};
use super::{PatternError, Selector, Step};

/// The most wildcards of a pattern's selectors.
const MAX_WILDCARDS: usize = 3;

/// What a test can be about.
pub(super) trait Subject: Sized {
    fn read(reader: &mut Reader<'_>) -> Result<Self, PatternError>;
    /// Whether it can be asked of being there, or of being null.
    const MAY_BE_MISSING: bool;
}

impl Subject for Selector {
    const MAY_BE_MISSING: bool = true;

    fn read(reader: &mut Reader<'_>) -> Result<Self, PatternError> {
        reader.selector()
    }
}

/// The name of a field.
impl Subject for String {
    const MAY_BE_MISSING: bool = false;

    fn read(reader: &mut Reader<'_>) -> Result<Self, PatternError> {
        reader.skip();
        let name = |c: char| c.is_alphanumeric() || "_-@/:.".contains(c);
        let end = reader.rest.find(|c| !name(c)).unwrap_or(reader.rest.len());
        let (name, rest) = reader.rest.split_at(end);
        if name.is_empty() {
            return Err(wrong(format!("expected a field, found `{rest}`")));
        }
        reader.rest = rest;
        Ok(name.to_owned())
    }
}

impl Reader<'_> {
    /// `$.a.b[0]`, with one wildcard at most.
    pub(super) fn selector(&mut self) -> Result<Selector, PatternError> {
        self.skip();
        let broken =
            |rest: &str| wrong(format!("expected a selector such as `$.a`, found `{rest}`"));
        let start = self.rest;
        self.rest = start.strip_prefix('$').ok_or_else(|| broken(start))?;
        let mut steps = Vec::new();
        loop {
            let dotted = self.rest.strip_prefix('.');
            // A dot may stand before a bracket: `$.['cluster.name']`.
            let bracket = dotted.unwrap_or(self.rest).strip_prefix('[');
            let (step, rest) = match (bracket, dotted) {
                (Some(rest), _) => bracketed(rest).ok_or_else(|| broken(start))?,
                (None, Some(rest)) => named(rest).ok_or_else(|| broken(start))?,
                (None, None) => break,
            };
            steps.push(step);
            self.rest = rest;
        }
        let wildcards = steps.iter().filter(|step| **step == Step::Every).count();
        self.wildcards += wildcards;
        if wildcards > 1 {
            return Err(wrong("a selector has more than one wildcard"));
        }
        if self.wildcards > MAX_WILDCARDS {
            return Err(wrong(format!(
                "there are more than {MAX_WILDCARDS} wildcards"
            )));
        }
        match steps.is_empty() {
            true => Err(broken(start)),
            false => Ok(Selector(steps)),
        }
    }
}

/// The field behind a dot, or `*` for every one.
fn named(rest: &str) -> Option<(Step, &str)> {
    if let Some(rest) = rest.strip_prefix('*') {
        return Some((Step::Every, rest));
    }
    let name = |c: char| c.is_alphanumeric() || "_-@/:".contains(c);
    let end = rest.find(|c| !name(c)).unwrap_or(rest.len());
    (end > 0).then(|| (Step::Field(rest[..end].to_owned()), &rest[end..]))
}

/// The element or the quoted field behind an opening bracket, or `*` for every one.
fn bracketed(rest: &str) -> Option<(Step, &str)> {
    if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let (name, rest) = rest[1..].split_once(quote)?;
        return Some((Step::Field(name.to_owned()), rest.strip_prefix(']')?));
    }
    let (inside, rest) = rest.split_once(']')?;
    match inside {
        "*" => Some((Step::Every, rest)),
        index => Some((Step::Index(index.parse().ok()?), rest)),
    }
}
