//! A source file and a place in it: every error about a YAML file points to one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One file as it was read.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Path relative to the project folder, as errors show it.
    pub name: String,
    /// The whole text.
    pub text: Arc<str>,
}

/// A range of bytes in one file of a [`Files`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Index of the file.
    pub file: u32,
    /// First byte.
    pub offset: u32,
    /// Length in bytes.
    pub len: u32,
}

/// All files of a project, in the order they were read.
#[derive(Clone, Debug, Default)]
pub struct Files {
    root: PathBuf,
    files: Vec<SourceFile>,
}

impl Files {
    /// An empty set for the project folder `root`.
    pub fn new(root: &Path) -> Files {
        Files {
            root: root.to_path_buf(),
            files: Vec::new(),
        }
    }

    /// The project folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Adds a file and returns its index.
    pub fn add(&mut self, name: &str, text: &str) -> u32 {
        self.files.push(SourceFile {
            name: name.to_owned(),
            text: Arc::from(text),
        });
        u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX)
    }

    /// The file with this index.
    pub fn get(&self, index: u32) -> Option<&SourceFile> {
        self.files.get(index as usize)
    }

    /// The text under a span; empty when the span is not of this set.
    pub fn slice(&self, span: Span) -> &str {
        self.get(span.file).map_or("", |file| {
            let start = span.offset as usize;
            file.text
                .get(start..start + span.len as usize)
                .unwrap_or("")
        })
    }

    /// The file's name and the line, from 1, in which a span begins.
    pub fn line(&self, span: Span) -> (&str, usize) {
        self.get(span.file).map_or(("", 1), |file| {
            let before = file.text.as_bytes().iter().take(span.offset as usize);
            let ends = before.filter(|byte| **byte == b'\n').count();
            (file.name.as_str(), ends + 1)
        })
    }

    /// Narrows `span` to the first place of `needle` in it, when it is there.
    pub fn narrow(&self, span: Span, needle: &str) -> Span {
        match self.slice(span).find(needle) {
            Some(at) => Span {
                file: span.file,
                offset: span.offset + u32::try_from(at).unwrap_or(0),
                len: u32::try_from(needle.len()).unwrap_or(0),
            },
            None => span,
        }
    }
}
