//! Dashboards, alarms and topics as code: from files to an account.
//!
//! Reading order is the way of the data: [`source`] reads the files and keeps the
//! place of every value, [`shape`] and [`value`] say what may stand in them,
//! [`resolve`] turns them into the [`model`] of one environment, [`account`] reads
//! what is there, [`plan`] compares the two into a complete list of calls, and
//! [`apply`] makes exactly those calls.
//!
//! Ownership is marked in the account itself, by tags: there is no state file.

mod github;
pub mod source;
pub mod shape;
pub mod value;
pub mod rule;
pub mod body;
pub mod model;
pub mod resolve;
pub mod simulate;
pub mod account;
pub mod plan;
pub mod apply;
pub mod gate;
pub mod mute;
pub mod backtest;
pub mod holdings;
pub mod snapshot;
pub mod yaml;
pub mod pull;
pub mod init;
pub mod readiness;
pub mod iam;
