//! What to do about a finding, exactly.

use std::fmt;

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// Write something into a file.
    Write {
        /// The file, from the project's folder.
        file: String,
        /// The key's path in it, with dots.
        key: String,
        /// What the key gets; words in capitals are for the reader to fill in.
        value: String,
    },
    /// Run a command.
    Run {
        /// The command line.
        command: String,
    },
    /// What no file and no single command brings about.
    Do {
        /// What, as an imperative.
        what: String,
    },
}

impl Remedy {
    /// A key of `obs.yaml`.
    pub(super) fn project(key: impl Into<String>, value: impl Into<String>) -> Remedy {
        Remedy::write("obs.yaml", key, value)
    }

    /// A key of a file.
    pub(super) fn write(
        file: impl Into<String>,
        key: impl Into<String>,
        value: impl Into<String>,
    ) -> Remedy {
        Remedy::Write {
            file: file.into(),
            key: key.into(),
            value: value.into(),
        }
    }

    /// The ready-made alarms of a kind.
    pub(super) fn preset(kind: &str) -> Remedy {
        Remedy::write("alarms/services.yaml", "presets", format!("- use: {kind}"))
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remedy::Write { file, key, value } => write!(f, "{file}: {key}: {value}"),
            Remedy::Run { command } => write!(f, "$ {command}"),
            Remedy::Do { what } => f.write_str(what),
        }
    }
}
