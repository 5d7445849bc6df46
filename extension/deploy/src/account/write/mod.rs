//! The writing half of an account.

pub(super) mod aws;
mod rules;
