//! The file formats as types: what may stand in `obs.yaml`, `alarms/` and
//! `dashboards/`. Shapes are read, not judged; [`crate::resolve`] does that.

pub mod select;
pub mod resource;
pub mod sampling;
pub mod slo;
pub mod project;
pub mod test;
pub mod alarm;
pub mod dashboard;
pub mod schema;
