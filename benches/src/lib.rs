//! Benches of CloudVault Obs; see `benches/`.
