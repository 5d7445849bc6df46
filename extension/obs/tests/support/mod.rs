//! The program as a process, a local account as another, and projects for both.

pub(crate) mod program;
pub(crate) mod project;
pub(crate) mod local;
