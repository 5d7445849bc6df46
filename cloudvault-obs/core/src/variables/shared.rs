//! What library and extension have to agree on.

use super::{Form, Reader::Both, Variable};

/// The service: dimension of its metrics, member of its lines.
pub const SERVICE: Variable = Variable::new(
    "OBS_SERVICE",
    "the function's name",
    Form::Text("name"),
    Both,
    "dimension `service` of every metric and member `service` of every line",
);
/// The namespace of metrics.
pub const NAMESPACE: Variable = Variable::new(
    "OBS_NAMESPACE",
    "the value of OBS_SERVICE",
    Form::Text("name"),
    Both,
    "CloudWatch namespace of metrics, the extension's own among them",
);
/// The journal's file.
pub const JOURNAL: Variable = Variable::new(
    "OBS_JOURNAL",
    "/tmp/cloudvault-obs/journal",
    Form::Text("path of a file"),
    Both,
    "the file by which points reach the extension; doorbell, writer's lock and spill file stand beside it",
);

/// Segments that find no daemon.
pub const FORWARD_SEGMENTS: Variable = Variable::new(
    "OBS_FORWARD_SEGMENTS",
    "false",
    Form::Switch,
    Both,
    "whether segments that find no X-Ray daemon go to X-Ray through the extension, which then needs \
     `xray:PutTraceSegments` (`obs iam --forward-segments`). They wait in a file of at most 4 MiB \
     (OBS_JOURNAL with `.segments` behind it)",
);
