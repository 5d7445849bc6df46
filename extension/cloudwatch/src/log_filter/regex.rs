//! The regular expressions of filter patterns: `%AUTHORI[SZ]ED%`, without groups.
//!
//! All ways to match are followed at once, so a line costs its length times the length
//! of the expression, whatever either of them holds.

use super::PatternError;

/// The most steps of an expression once its repetitions are written out.
const STEPS: usize = 4_096;
/// What may stand for itself beside letters and digits; spaces stand in the page's
/// own examples.
const SYMBOLS: &str = ":_#=@/;,- ";

/// A regular expression: one of its branches has to be found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Regex {
    branches: Vec<Vec<Step>>,
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Begin,
    End,
    One(Class),
    Optional(Class),
    Any(Class),
}

/// Which characters fit: those in one of the spans, or those in none.
#[derive(Clone, Debug, PartialEq)]
struct Class {
    spans: Vec<(char, char)>,
    negated: bool,
}

impl Class {
    fn of(spans: &[(char, char)], negated: bool) -> Class {
        let spans = spans.to_vec();
        Class { spans, negated }
    }

    fn fits(&self, c: char) -> bool {
        self.spans
            .iter()
            .any(|(from, to)| (*from..=*to).contains(&c))
            != self.negated
    }
}

impl Regex {
    /// Reads what stands between two `%`.
    pub(super) fn parse(text: &str) -> Result<Regex, PatternError> {
        let mut reader = Reader {
            chars: text.chars().collect(),
            at: 0,
        };
        let mut branches = vec![reader.branch()?];
        while reader.take('|') {
            branches.push(reader.branch()?);
        }
        match branches.iter().map(Vec::len).sum::<usize>() {
            0 => Err(wrong("it is empty")),
            1..=STEPS => Ok(Regex { branches }),
            _ => Err(wrong("it repeats too much")),
        }
    }

    /// Whether it is found anywhere in a text.
    pub(super) fn found_in(&self, text: &str) -> bool {
        self.branches.iter().any(|steps| found(steps, text))
    }
}

/// Whether a row of steps is found anywhere in a text.
fn found(steps: &[Step], text: &str) -> bool {
    let mut here = vec![false; steps.len() + 1];
    let mut rest = text.chars();
    let mut first = true;
    loop {
        let c = rest.next();
        here[0] = true;
        // Steps that need no character are passed on the way up.
        for at in 0..steps.len() {
            let free = match steps[at] {
                Step::Begin => first,
                Step::End => c.is_none(),
                Step::Optional(_) | Step::Any(_) => true,
                Step::One(_) => false,
            };
            here[at + 1] |= here[at] && free;
        }
        if here[steps.len()] {
            return true;
        }
        let Some(c) = c else { return false };
        let mut next = vec![false; steps.len() + 1];
        for (at, step) in steps.iter().enumerate().filter(|(at, _)| here[*at]) {
            match step {
                Step::One(class) | Step::Optional(class) => next[at + 1] |= class.fits(c),
                Step::Any(class) => next[at] |= class.fits(c),
                Step::Begin | Step::End => {}
            }
        }
        here = next;
        first = false;
    }
}

fn wrong(what: impl std::fmt::Display) -> PatternError {
    PatternError(format!("failed to read the regular expression: {what}"))
}

struct Reader {
    chars: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += usize::from(next.is_some());
        next
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// Steps up to the next `|`.
    fn branch(&mut self) -> Result<Vec<Step>, PatternError> {
        let mut steps = Vec::new();
        while let Some(c) = self.peek().filter(|c| *c != '|') {
            self.at += 1;
            let class = match c {
                '^' => {
                    steps.push(Step::Begin);
                    continue;
                }
                '$' => {
                    steps.push(Step::End);
                    continue;
                }
                '.' => Class::of(&[], true),
                '[' => self.set()?,
                '\\' => self.escape()?,
                '*' | '+' | '?' | '{' => {
                    return Err(wrong(format!("`{c}` repeats nothing")));
                }
                c => Class::of(&[(itself(c)?, c)], false),
            };
            self.repeat(class, &mut steps)?;
        }
        Ok(steps)
    }

    /// Writes out what is said of how often a class may come.
    fn repeat(&mut self, class: Class, steps: &mut Vec<Step>) -> Result<(), PatternError> {
        let (least, most) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => self.bounds()?,
            _ => {
                steps.push(Step::One(class));
                return Ok(());
            }
        };
        self.at += 1;
        let copies = most.unwrap_or(least + 1).max(least);
        if steps.len() + copies > STEPS {
            return Err(wrong("it repeats too much"));
        }
        steps.extend(std::iter::repeat_n(Step::One(class.clone()), least));
        match most {
            None => steps.push(Step::Any(class)),
            Some(most) if most < least => return Err(wrong("a repetition ends before it begins")),
            Some(most) => {
                steps.extend(std::iter::repeat_n(Step::Optional(class), most - least));
            }
        }
        Ok(())
    }

    /// `{2}`, `{2,}`, `{,3}` or `{2, 3}`, up to the brace that closes it.
    fn bounds(&mut self) -> Result<(usize, Option<usize>), PatternError> {
        let rest = &self.chars[self.at + 1..];
        let end = rest.iter().position(|c| *c == '}');
        let end = end.ok_or_else(|| wrong("a `{` is not closed"))?;
        let inside: String = rest[..end].iter().collect();
        self.at += end + 1;
        let number = |text: &str| {
            let number: Option<usize> = text.trim().parse().ok();
            number
                .filter(|n| *n <= STEPS)
                .ok_or_else(|| wrong(format!("`{{{inside}}}` is no repetition")))
        };
        let optional = |text: &str| match text.trim().is_empty() {
            true => Ok(None),
            false => number(text).map(Some),
        };
        match inside.split_once(',') {
            None => number(&inside).map(|n| (n, Some(n))),
            Some((least, most)) => Ok((optional(least)?.unwrap_or(0), optional(most)?)),
        }
    }

    /// `[a-z_]` or `[^a-z]`, after the bracket.
    fn set(&mut self) -> Result<Class, PatternError> {
        let negated = self.take('^');
        let mut class = Class::of(&[], negated);
        loop {
            let open = || wrong("a `[` is not closed");
            let from = match self.next().ok_or_else(open)? {
                ']' if !class.spans.is_empty() => return Ok(class),
                '\\' => {
                    let inner = self.escape()?;
                    match inner.spans[..] {
                        [(c, same)] if c == same && !inner.negated => c,
                        _ if inner.negated => {
                            return Err(wrong("an upper-case class cannot stand in brackets"));
                        }
                        _ => {
                            class.spans.extend(inner.spans);
                            continue;
                        }
                    }
                }
                c => c,
            };
            let ranges = self.peek() == Some('-') && self.chars.get(self.at + 1) != Some(&']');
            let to = match ranges {
                true => {
                    self.at += 1;
                    self.next().ok_or_else(open)?
                }
                false => from,
            };
            if to < from {
                return Err(wrong(format!("the range `{from}-{to}` is empty")));
            }
            class.spans.push((from, to));
        }
    }

    /// What stands behind a backslash.
    fn escape(&mut self) -> Result<Class, PatternError> {
        const DIGITS: &[(char, char)] = &[('0', '9')];
        const SPACES: &[(char, char)] = &[(' ', ' '), ('\t', '\t'), ('\n', '\n'), ('\r', '\r')];
        const WORDS: &[(char, char)] = &[('a', 'z'), ('A', 'Z'), ('_', '_'), ('0', '9')];
        let one = |c: char| Ok(Class::of(&[(c, c)], false));
        match self.next().ok_or_else(|| wrong("it ends in a backslash"))? {
            'd' => Ok(Class::of(DIGITS, false)),
            'D' => Ok(Class::of(DIGITS, true)),
            's' => Ok(Class::of(SPACES, false)),
            'S' => Ok(Class::of(SPACES, true)),
            'w' => Ok(Class::of(WORDS, false)),
            'W' => Ok(Class::of(WORDS, true)),
            't' => one('\t'),
            'n' => one('\n'),
            'r' => one('\r'),
            'x' => {
                let digits: String = self.chars.iter().skip(self.at).take(2).collect();
                self.at += digits.len();
                let code = u8::from_str_radix(&digits, 16).ok().filter(u8::is_ascii);
                let code =
                    code.ok_or_else(|| wrong("expected two hexadecimal digits after \\x"))?;
                one(char::from(code))
            }
            c if c.is_ascii_alphanumeric() => Err(wrong(format!("there is no `\\{c}`"))),
            c => one(c),
        }
    }
}

/// A character that may stand for itself.
fn itself(c: char) -> Result<char, PatternError> {
    if c.is_ascii_alphanumeric() || SYMBOLS.contains(c) || matches!(c, ']' | '}') {
        return Ok(c);
    }
    Err(wrong(match c.is_ascii() {
        true => format!("`{c}` cannot stand in it, write \\x{:02X}", u32::from(c)),
        false => format!("`{c}` cannot stand in it"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(pattern: &str, fitting: &[&str], others: &[&str]) {
        let read = Regex::parse(pattern).unwrap();
        for text in fitting {
            assert!(read.found_in(text), "{pattern} should be found in {text}");
        }
        for text in others {
            assert!(
                !read.found_in(text),
                "{pattern} should not be found in {text}"
            );
        }
    }

    /// CloudWatch Logs' user guide, "Supported regular expressions (regex) syntax".
    #[test]
    fn every_documented_example_matches_as_documented() {
        check(
            "AUTHORIZED",
            &["[ERROR 401] UNAUTHORIZED REQUEST"],
            &["authorized"],
        );
        check("^[hc]at", &["hat", "cats"], &["the hat", "bat"]);
        check("[hc]at$", &["a hat", "cat"], &["hats"]);
        check("colou?r", &["color", "colour"], &["colouur"]);
        check("[abcx-z]", &["a", "y"], &["d", ""]);
        check("^a{3,5}$", &["aaa", "aaaaa"], &["aa", "aaaaaa"]);
        check("^a{2}$", &["aa"], &["a", "aaa"]);
        check("^a{2,}b{,1}$", &["aa", "aaaab"], &["a", "aabb"]);
        check("^a{1, 2}$", &["a", "aa"], &["aaa", ""]);
        check("gra|ey", &["gray", "grey"], &["groy"]);
        let starts = ["starting up", "initializing", "shutting down now"];
        check(
            "^starting|^initializing|^shutting down",
            &starts,
            &["skipping initializing"],
        );
        check("abcc|ab[^c]$", &["abcc ...", "... aba"], &["aac", "abc"]);
        check("\\[.\\]", &["[a]", "[7]", "[]]", "x[ ]x"], &["[]", "ab"]);
        check("10\\.10\\.0\\.1", &["10.10.0.1"], &["10010,051"]);
        check("10.10.0.1", &["10010,051"], &["10.10.01"]);
        check("ab*c", &["ac", "abc", "abbbc"], &["adc"]);
        check("^ab[0-9]*$", &["ab", "ab0", "ab129"], &["abx"]);
        check("ab+c", &["abc", "abbbc"], &["ac"]);
        check(".at", &["hat", "4at", " at"], &["at"]);
        check("\\d\\D", &["4a"], &["44", "a4"]);
        check("a\\sb\\Sc", &["a bxc", "a\tb-c"], &["axbxc", "a b c"]);
        check("^\\w\\W$", &["_-", "9 "], &["ab", "-a"]);
        check("\\x3A\\x28", &["x:(y"], &[": ("]);
        check(
            "/service/resource/[0-9]+$",
            &["/service/resource/67"],
            &["/service/resource/67/part"],
        );
        check("[\\d_-]+x", &["1-_x"], &["ax"]);
    }

    #[test]
    fn what_is_not_supported_is_refused() {
        for broken in [
            "something!",
            "(a)",
            "a\"",
            "é",
            "",
            "*a",
            "a**",
            "[a",
            "[",
            "a{",
            "a{x}",
            "a{3,2}",
            "\\",
            "\\b",
            "\\xZZ",
            "[z-a]",
            "a{5000}",
            "[^\\D]",
        ] {
            assert!(Regex::parse(broken).is_err(), "{broken}");
        }
    }

    proptest! {
        #[test]
        fn no_expression_and_no_text_panics(pattern in "[ab^$?*+{},0-9|\\\\.\\[\\]x-]{0,20}", text in "[ab09-]{0,40}") {
            if let Ok(read) = Regex::parse(&pattern) {
                read.found_in(&text);
            }
        }

        #[test]
        fn a_text_is_found_in_itself(text in "[a-zA-Z0-9_:#=@/;, -]{1,40}") {
            let within = ["x", &text, "y"].concat();
            prop_assert!(Regex::parse(&text).unwrap().found_in(&within));
        }
    }
}
