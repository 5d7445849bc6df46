//! Reading the past.

pub(crate) mod aws;
