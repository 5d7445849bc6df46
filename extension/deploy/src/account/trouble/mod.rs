//! Sorting what went wrong by its remedy.

pub(super) mod aws;
