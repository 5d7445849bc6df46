//! The text that a report shows under a problem, its long lines cut: a line of JSON from
//! a generator is as long as its file, and nobody finds the place in it.

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::file::{SourceFile, Span};

/// Longest line that is shown whole, in characters.
const WHOLE: usize = 160;
/// Characters that are shown before a place far to the right.
const BEFORE: usize = 40;
/// Stands where something was cut.
const CUT: char = '…';

/// A file's text as it is shown around one place.
#[derive(Debug)]
pub(super) struct Excerpt {
    name: String,
    text: String,
    /// The place in `text`.
    pub(super) place: SourceSpan,
    /// Characters before the place in its line of the file.
    column: usize,
}

impl Excerpt {
    pub(super) fn new(file: &SourceFile, span: Span) -> Excerpt {
        let (offset, len) = (span.offset as usize, span.len as usize);
        let before = file.text.get(..offset).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let mut excerpt = Excerpt {
            name: file.name.clone(),
            text: String::with_capacity(file.text.len()),
            place: (offset, len).into(),
            column: line.chars().count(),
        };
        if file.text.lines().all(|line| line.len() <= WHOLE) {
            excerpt.text.push_str(&file.text);
            return excerpt;
        }
        let mut begin = 0;
        for line in file.text.split_inclusive('\n') {
            let end = begin + line.len();
            let last = end == file.text.len();
            match (begin..end).contains(&offset) || (last && offset == end) {
                true => excerpt.placed(line, (offset - begin, len)),
                false => {
                    excerpt.push(line, 0);
                }
            }
            begin = end;
        }
        excerpt
    }

    /// The line in which the place begins.
    fn placed(&mut self, line: &str, (offset, len): (usize, usize)) {
        let cut = match self.column > WHOLE - BEFORE {
            true => self.column - BEFORE,
            false => 0,
        };
        let begins = self.text.len();
        let end = self.push(line, cut);
        let gone: usize = line.chars().take(cut).map(char::len_utf8).sum();
        let mark = if cut > 0 { CUT.len_utf8() } else { 0 };
        let place = begins + mark + offset - gone;
        // What reaches beyond the cut ends there.
        self.place = (place, len.min(end.saturating_sub(place))).into();
    }

    /// A line from a character on, as much of it as is shown; returns where that ends.
    fn push(&mut self, line: &str, from: usize) -> usize {
        let (line, end) = match line.strip_suffix('\n') {
            Some(line) => (line, "\n"),
            None => (line, ""),
        };
        if from > 0 {
            self.text.push(CUT);
        }
        let mut rest = line.chars().skip(from);
        self.text.extend(rest.by_ref().take(WHOLE));
        let shown = self.text.len();
        if rest.next().is_some() {
            self.text.push(CUT);
        }
        self.text.push_str(end);
        shown
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.text.read_span(span, before, after)?;
        // The heading tells the column of the file, in characters as editors count them.
        let column = match *span == self.place {
            true => self.column,
            false => inner.column(),
        };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            inner.data(),
            *inner.span(),
            inner.line(),
            column,
            inner.line_count(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn check(text: &str, needle: &str, shown: &str, column: usize) {
        let file = SourceFile {
            name: "a.json".to_owned(),
            text: Arc::from(text),
        };
        let offset = text.find(needle).unwrap();
        let span = Span {
            file: 0,
            offset: u32::try_from(offset).unwrap(),
            len: u32::try_from(needle.len()).unwrap(),
        };
        let excerpt = Excerpt::new(&file, span);
        let (at, len) = (excerpt.place.offset(), excerpt.place.len());
        assert_eq!(&excerpt.text[at..at + len], shown, "{needle}");
        let contents = excerpt.read_span(&excerpt.place, 0, 0).unwrap();
        assert_eq!(contents.column(), column, "{needle}");
        let longest = excerpt.text.lines().map(|line| line.chars().count()).max();
        assert!(longest.unwrap() <= WHOLE + 2, "{needle}");
    }

    #[test]
    fn long_lines_are_cut_around_the_place_and_its_column_stays() {
        let long = "ä".repeat(1000);
        check("a: b\nc: d\n", "c", "c", 0);
        check(&format!("{long}\nc: d\n"), "d", "d", 3);
        check(&format!("x\nab{long}"), "b", "b", 1);
        check(&format!("x\n{long}place{long}\n"), "place", "place", 1000);
        check(&format!("x\n{long}place"), "place", "place", 1000);
        check(&format!("x\n{long}"), &long, &"ä".repeat(WHOLE), 0);
    }
}
