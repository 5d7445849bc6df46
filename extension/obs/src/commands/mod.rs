//! One file a command.

pub(crate) mod check;
pub(crate) mod plan;
pub(crate) mod apply;
pub(crate) mod destroy;
pub(crate) mod schema;
#[cfg(feature = "dev")]
pub(crate) mod dev;
