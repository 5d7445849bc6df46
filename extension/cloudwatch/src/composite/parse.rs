//! Reads a rule: AND binds more than OR, NOT more than AND.

use super::model::{Required, Rule, RuleError, Wanted};
use crate::alarm::State;
use crate::near;

/// The longest rule, in characters.
const MAX_LENGTH: usize = 10_240;
/// The most alarms a rule is about.
const MAX_CHILDREN: usize = 100;
/// The most elements of a rule: alarms, `TRUE`, `FALSE` and parentheses.
const MAX_ELEMENTS: usize = 500;
/// The deepest nesting.
const MAX_NESTING: usize = 64;
/// The words a rule is made of.
const WORDS: [&str; 9] = [
    "ALARM",
    "OK",
    "INSUFFICIENT_DATA",
    "TRUE",
    "FALSE",
    "AND",
    "OR",
    "NOT",
    "AT_LEAST",
];

/// Reads a rule.
///
/// # Errors
/// Where the text stops being a rule, with what was expected there; or when it is
/// longer than 10,240 characters or about more than 100 alarms.
pub fn parse(text: &str) -> Result<Rule, RuleError> {
    if text.chars().count() > MAX_LENGTH {
        return Err(RuleError::new(
            0,
            format!("the rule is longer than {MAX_LENGTH} characters"),
        ));
    }
    let mut reader = Reader {
        text,
        at: 0,
        nesting: 0,
        elements: 0,
    };
    let rule = reader.any()?;
    reader.space();
    if !reader.rest().is_empty() {
        return Err(reader.error("expected AND, OR or the end"));
    }
    let children = rule.children().len();
    if children > MAX_CHILDREN {
        return Err(RuleError::new(
            0,
            format!("the rule is about {children} alarms, at most {MAX_CHILDREN}"),
        ));
    }
    let elements = reader.elements;
    if elements > MAX_ELEMENTS {
        return Err(RuleError::new(
            0,
            format!("the rule has {elements} elements, at most {MAX_ELEMENTS}"),
        ));
    }
    Ok(rule)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    nesting: usize,
    elements: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn error(&self, message: impl Into<String>) -> RuleError {
        RuleError::new(self.at, message)
    }

    fn space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// The word that is next, not taken.
    fn word(&mut self) -> &'a str {
        self.space();
        let end = self
            .rest()
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(self.rest().len());
        &self.rest()[..end]
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.word() == word;
        if found {
            self.at += word.len();
        }
        found
    }

    fn take(&mut self, sign: char) -> bool {
        self.space();
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len_utf8();
        }
        found
    }

    fn expect(&mut self, sign: char) -> Result<(), RuleError> {
        if self.take(sign) {
            Ok(())
        } else {
            Err(self.error(format!("expected `{sign}`")))
        }
    }

    fn any(&mut self) -> Result<Rule, RuleError> {
        let mut parts = vec![self.all()?];
        while self.take_word("OR") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 {
            parts.remove(0)
        } else {
            Rule::Any(parts)
        })
    }

    fn all(&mut self) -> Result<Rule, RuleError> {
        let mut parts = vec![self.one()?];
        while self.take_word("AND") {
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 {
            parts.remove(0)
        } else {
            Rule::All(parts)
        })
    }

    fn one(&mut self) -> Result<Rule, RuleError> {
        if self.nesting == MAX_NESTING {
            return Err(self.error(format!("the rule is nested deeper than {MAX_NESTING}")));
        }
        self.nesting += 1;
        let rule = self.one_inside()?;
        self.nesting -= 1;
        Ok(rule)
    }

    fn one_inside(&mut self) -> Result<Rule, RuleError> {
        if self.take('(') {
            self.elements += 1;
            let inner = self.any()?;
            self.expect(')')?;
            return Ok(inner);
        }
        let (start, word) = (self.at, self.word());
        match word {
            "NOT" => {
                self.at += word.len();
                Ok(Rule::Not(Box::new(self.one()?)))
            }
            "TRUE" | "FALSE" => {
                self.at += word.len();
                self.elements += 1;
                Ok(Rule::Constant(word == "TRUE"))
            }
            "AT_LEAST" => {
                self.at += word.len();
                self.at_least()
            }
            _ => match word.parse::<State>() {
                Ok(state) => {
                    self.at += word.len();
                    self.expect('(')?;
                    let name = self.name()?;
                    self.expect(')')?;
                    Ok(Rule::InState(state, name))
                }
                Err(_) => {
                    let word: String = word.chars().take(64).collect();
                    let hint = near::hint(&word, WORDS);
                    let found = if word.is_empty() {
                        String::new()
                    } else {
                        format!(", found `{word}`")
                    };
                    Err(RuleError::new(
                        start,
                        format!(
                            "expected ALARM, OK, INSUFFICIENT_DATA, AT_LEAST, NOT, TRUE, FALSE or `(`{found}{hint}"
                        ),
                    ))
                }
            },
        }
    }

    /// The name of an alarm: in quotes, else up to a comma or parenthesis. Of an ARN
    /// only the name counts.
    fn name(&mut self) -> Result<String, RuleError> {
        self.elements += 1;
        self.space();
        let start = self.at;
        let name = match self.rest().chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote)?,
            _ => {
                let end = self
                    .rest()
                    .find(['(', ')', ',', '"'])
                    .unwrap_or(self.rest().len());
                let name = self.rest()[..end].trim_end();
                self.at += end;
                name.to_owned()
            }
        };
        let name = match name.split_once(":alarm:") {
            Some((arn, name)) if arn.starts_with("arn:") => name.to_owned(),
            _ => name,
        };
        if name.is_empty() || name.chars().count() > 255 {
            return Err(RuleError::new(
                start,
                "expected the name of an alarm, 1 to 255 characters",
            ));
        }
        Ok(name)
    }

    fn quoted(&mut self, quote: char) -> Result<String, RuleError> {
        let mut name = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((index, c)) = chars.next() {
            if c == quote {
                self.at += index + 1;
                return Ok(name);
            }
            match c {
                '\\' => name.extend(chars.next().map(|(_, c)| c)),
                c => name.push(c),
            }
        }
        Err(self.error("the name that begins here has no closing quote"))
    }

    /// `(2, NOT ALARM, ("a", "b"))`, after `AT_LEAST`.
    fn at_least(&mut self) -> Result<Rule, RuleError> {
        self.expect('(')?;
        let number_at = self.at;
        let digits = self.word();
        let number: Option<u32> = digits.parse().ok().filter(|n| *n > 0);
        let number =
            number.ok_or_else(|| self.error("expected a number from 1, such as 2 or 50%"))?;
        self.at += digits.len();
        let required = if self.take('%') {
            Required::Percent(number)
        } else {
            Required::Count(number)
        };
        self.expect(',')?;
        let negated = self.take_word("NOT");
        let word = self.word();
        let state = word
            .parse()
            .map_err(|_| self.error("expected ALARM, OK or INSUFFICIENT_DATA"))?;
        self.at += word.len();
        self.expect(',')?;
        self.expect('(')?;
        let mut alarms = vec![self.name()?];
        while self.take(',') {
            alarms.push(self.name()?);
        }
        self.expect(')')?;
        self.expect(')')?;
        let too_many = match required {
            Required::Count(count) => count as usize > alarms.len(),
            Required::Percent(percent) => percent > 100,
        };
        if too_many {
            return Err(RuleError::new(
                number_at,
                format!("AT_LEAST wants more than its {} alarms", alarms.len()),
            ));
        }
        Ok(Rule::AtLeast {
            required,
            wanted: Wanted { state, negated },
            alarms,
        })
    }
}
