//! From text to an expression: `OR` of `AND` of what may be negated.

use super::reader::{Read, Reader};
use super::{Expression, FilterError, Flag, Keyword, Named, Number, Operator, Text, Wanted};
use crate::comparison::Comparison;

/// The most bytes of an expression.
const MAX: usize = 4096;
/// How deep parentheses, braces and negations may stand.
const DEPTH: usize = 32;

const KEYWORDS: [(&str, Keyword); 20] = [
    ("ok", Keyword::Flag(Flag::Ok)),
    ("error", Keyword::Flag(Flag::Error)),
    ("throttle", Keyword::Flag(Flag::Throttle)),
    ("fault", Keyword::Flag(Flag::Fault)),
    ("partial", Keyword::Flag(Flag::Partial)),
    ("inferred", Keyword::Flag(Flag::Inferred)),
    ("root", Keyword::Flag(Flag::Root)),
    ("responsetime", Keyword::Number(Number::ResponseTime)),
    ("duration", Keyword::Number(Number::Duration)),
    ("http.status", Keyword::Number(Number::Status)),
    ("http.url", Keyword::Text(Text::Url)),
    ("http.method", Keyword::Text(Text::Method)),
    ("http.useragent", Keyword::Text(Text::UserAgent)),
    ("http.clientip", Keyword::Text(Text::ClientIp)),
    ("user", Keyword::Text(Text::User)),
    ("name", Keyword::Text(Text::Name)),
    ("type", Keyword::Text(Text::Type)),
    ("availabilityzone", Keyword::Text(Text::AvailabilityZone)),
    ("instance.id", Keyword::Text(Text::InstanceId)),
    ("resource.arn", Keyword::Text(Text::ResourceArn)),
];

const WORDS: [(&str, Operator); 3] = [
    ("contains", Operator::Contains),
    ("beginswith", Operator::BeginsWith),
    ("endswith", Operator::EndsWith),
];

pub(super) fn parse(text: &str) -> Result<Expression, FilterError> {
    let mut reader = Reader::of(text);
    if text.len() > MAX {
        return Err(reader.error(format!("the expression is longer than {MAX} bytes")));
    }
    if text.trim().is_empty() {
        return Ok(Expression::All(Vec::new()));
    }
    let expression = reader.any()?;
    reader.space();
    match reader.rest().is_empty() {
        true => Ok(expression),
        false => Err(reader.expected("AND, OR or the end")),
    }
}

impl Reader<'_> {
    /// Whatever stands one deeper.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        if self.depth == DEPTH {
            return Err(self.error(format!("the expression is nested more than {DEPTH} deep")));
        }
        self.depth += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn any(&mut self) -> Read<Expression> {
        let mut either = vec![self.all()?];
        while self.takes_word("OR") {
            either.push(self.all()?);
        }
        Ok(match either.len() {
            1 => either.remove(0),
            _ => Expression::Any(either),
        })
    }

    /// Expressions beside each other must all hold, as with `AND` between them.
    fn all(&mut self) -> Read<Expression> {
        let mut each = vec![self.one()?];
        loop {
            if !self.takes_word("AND") {
                let word = self.word();
                let begins = !word.is_empty() || self.rest().starts_with(['!', '(']);
                if !begins || word.eq_ignore_ascii_case("OR") {
                    break;
                }
            }
            each.push(self.one()?);
        }
        Ok(match each.len() {
            1 => each.remove(0),
            _ => Expression::All(each),
        })
    }

    fn one(&mut self) -> Read<Expression> {
        if self.takes("!") || self.takes_word("NOT") {
            let negated = self.deeper(Self::one)?;
            return Ok(Expression::Not(Box::new(negated)));
        }
        if self.takes("(") {
            let inner = self.deeper(Self::any)?;
            self.needs(")")?;
            return Ok(inner);
        }
        let (word, start) = (self.word(), self.at);
        if word.is_empty() {
            return Err(self.expected("a keyword, `!` or `(`"));
        }
        let lower = word.to_ascii_lowercase();
        match lower.as_str() {
            "service" | "edge" if self.braced => Err(self.error(format!(
                "expected a keyword, found `{word}`: it does not stand within braces"
            ))),
            "service" => self.service(word.len()),
            "edge" => self.edge(word.len()),
            _ => {
                let keyword = self.keyword(word, &lower)?;
                self.asked(keyword, start)
            }
        }
    }

    fn service(&mut self, word: usize) -> Read<Expression> {
        self.at += word;
        self.needs("(")?;
        let named = match self.takes(")") {
            true => Named::default(),
            false => {
                let named = self.named()?;
                self.needs(")")?;
                named
            }
        };
        Ok(Expression::Service(named, self.braces()?))
    }

    fn edge(&mut self, word: usize) -> Read<Expression> {
        self.at += word;
        self.needs("(")?;
        let from = self.named()?;
        self.needs(",")?;
        let to = self.named()?;
        self.needs(")")?;
        Ok(Expression::Edge(from, to, self.braces()?))
    }

    fn braces(&mut self) -> Read<Option<Box<Expression>>> {
        if !self.takes("{") {
            return Ok(None);
        }
        self.braced = true;
        let inner = self.deeper(Self::any)?;
        self.braced = false;
        self.needs("}")?;
        Ok(Some(Box::new(inner)))
    }

    /// A service: its name, or what `id(...)` says of it.
    fn named(&mut self) -> Read<Named> {
        let mut named = Named::default();
        if !self.takes_word("id") {
            named.name = Some(self.text("a service's name in quotation marks, or id(...)")?);
            return Ok(named);
        }
        self.needs("(")?;
        loop {
            let (word, start) = (self.word(), self.at);
            let part = match word.to_ascii_lowercase().as_str() {
                "name" => &mut named.name,
                "type" => &mut named.kind,
                "account.id" => &mut named.account,
                _ => return Err(self.expected("name, type or account.id")),
            };
            if part.is_some() {
                return Err(self.error_at(start, format!("`{word}` stands twice")));
            }
            self.at += word.len();
            self.needs(":")?;
            *part = Some(self.text("text in quotation marks")?);
            if !self.takes(",") {
                self.needs(")")?;
                return Ok(named);
            }
        }
    }

    fn keyword(&mut self, word: &str, lower: &str) -> Read<Keyword> {
        if let Some((_, keyword)) = KEYWORDS.iter().find(|(name, _)| *name == lower) {
            self.at += word.len();
            return Ok(keyword.clone());
        }
        if lower == "annotation" {
            self.at += word.len();
            self.needs("[")?;
            let rest = self.rest();
            let end = rest.find(']').unwrap_or(rest.len());
            let key = rest[..end].trim();
            if key.is_empty() || key.contains(['[', '"']) {
                return Err(self.expected("an annotation's key"));
            }
            self.at += end;
            self.needs("]")?;
            return Ok(Keyword::Annotation(key.to_owned()));
        }
        if lower.starts_with("annotation.") {
            let key = &word["annotation.".len()..];
            if key.is_empty() || key.contains('.') {
                return Err(self.expected("annotation.KEY, or annotation[KEY] for a key with dots"));
            }
            self.at += word.len();
            return Ok(Keyword::Annotation(key.to_owned()));
        }
        Err(self.no_keyword(word, lower))
    }

    fn no_keyword(&mut self, word: &str, lower: &str) -> FilterError {
        let family = lower.split('.').next().unwrap_or_default();
        match family {
            "group" => self.error(format!("`{word}`: groups are not evaluated here")),
            "rootcause" | "json" => {
                self.error(format!("`{word}`: root causes are not evaluated here"))
            }
            "first" | "last" | "remote" | "index" | "coverage" | "message" => self.error(format!(
                "`{word}` is asked of root causes, which are not evaluated here"
            )),
            _ => {
                let known: Vec<&str> = KEYWORDS.iter().map(|(name, _)| *name).collect();
                let known = known.join(", ");
                self.error(format!(
                    "expected a keyword ({known}, annotation[KEY], service(...) or edge(...)), found `{word}`"
                ))
            }
        }
    }

    /// What is asked of a keyword: that it is set, or a comparison.
    fn asked(&mut self, keyword: Keyword, start: usize) -> Read<Expression> {
        let before = self.at;
        let negated = self.takes("!") || self.takes_word("NOT");
        for (word, operator) in WORDS {
            if self.takes_word(word) {
                let compared = self.compared(keyword, operator, start)?;
                return Ok(match negated {
                    true => Expression::Not(Box::new(compared)),
                    false => compared,
                });
            }
        }
        // The negation is that of what stands next, or the first half of `!=`.
        self.at = before;
        for (text, sign) in Comparison::SIGNS {
            if self.takes(text) {
                return self.compared(keyword, Operator::Sign(sign), start);
            }
        }
        Ok(Expression::Set(keyword))
    }

    fn compared(&mut self, keyword: Keyword, operator: Operator, start: usize) -> Read<Expression> {
        let wanted = match keyword {
            Keyword::Flag(_) => self.flag().map(Wanted::Flag),
            Keyword::Number(_) => self.number().map(Wanted::Number),
            Keyword::Text(_) => self.text("text in quotation marks").map(Wanted::Text),
            Keyword::Annotation(_) => self.value(),
        }?;
        let (kind, takes) = match wanted {
            Wanted::Flag(_) => ("true or false", "= and !="),
            Wanted::Number(_) => ("a number", "=, !=, <, <=, > and >="),
            Wanted::Text(_) => ("text", "=, !=, CONTAINS, BEGINSWITH and ENDSWITH"),
        };
        match operator.takes(&wanted) {
            true => Ok(Expression::Compared(keyword, operator, wanted)),
            false => Err(self.error_at(
                start,
                format!("expected {takes}, which compare with {kind}"),
            )),
        }
    }

    fn value(&mut self) -> Read<Wanted> {
        self.space();
        match self.rest().chars().next() {
            Some('"') => self.text("text").map(Wanted::Text),
            Some('t' | 'T' | 'f' | 'F') => self.flag().map(Wanted::Flag),
            Some('0'..='9' | '-' | '+' | '.') => self.number().map(Wanted::Number),
            _ => Err(self.expected("text in quotation marks, a number, true or false")),
        }
    }
}

impl Operator {
    /// Whether it compares with such a value.
    fn takes(self, wanted: &Wanted) -> bool {
        match self {
            Operator::Sign(sign) => sign.is_equality() || matches!(wanted, Wanted::Number(_)),
            Operator::Contains | Operator::BeginsWith | Operator::EndsWith => {
                matches!(wanted, Wanted::Text(_))
            }
        }
    }
}
