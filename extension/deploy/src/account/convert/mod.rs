//! Between the SDK's shapes and the model's.

pub(super) mod aws;
