//! The file formats as types: what may stand in `obs.yaml`, `alarms/` and
//! `dashboards/`. Shapes are read, not judged; [`crate::resolve`] does that.

pub mod project;
pub mod alarm;
pub mod dashboard;
