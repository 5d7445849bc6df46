//! CloudVault, a small file service on Lambda: six functions that show how a
//! handler logs, traces and counts with `cloudvault-obs`.
//!
//! Read in this order: a function ([`upload`], then [`thumbnail`], which finds
//! the uploader's correlation id again), what they share ([`http_api`],
//! [`vault`]), what stands in for AWS on a developer's machine ([`store`] for
//! S3, [`queue`] for SQS), and what plays the clients ([`traffic`]).
//! The mains in `src/bin/` only read the environment and wrap the handler.

pub mod rim;
pub mod traffic;
pub mod vault;
pub mod http_api;
pub mod meter;
pub mod upload;
pub mod store;
pub mod queue;
pub mod thumbnail;
pub mod download;
pub mod list;
pub mod share;
pub mod cleanup;

/// The README's example has to compile as it stands there.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
