//! Where an account is, and with which key and patience it is called.

pub(super) mod aws;
