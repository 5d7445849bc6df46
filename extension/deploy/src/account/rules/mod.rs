//! Reading metric filters, event rules, mute rules and sampling rules.

pub(super) mod aws;
