//! Whatever comes in: the event parser, and the batch above it.

use cloudvault_obs::{
    batch::Batch,
    event::{self, Origin},
};

/// Any bytes: an id, if one is found, is fit for a header.
pub fn payload(data: &[u8]) {
    let finding = event::inspect(data);
    assert_eq!(finding.correlation_id.is_some(), finding.origin.is_some());
    if let Some(id) = &finding.correlation_id {
        assert!((1..=256).contains(&id.len()), "{id:?}");
        assert!(
            id.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
            "{id:?}"
        );
    }
    let Ok(event) = serde_json::from_slice::<serde_json::Value>(data) else {
        return;
    };
    // How an event is laid out says nothing.
    let compact = event::inspect(event.to_string().as_bytes());
    let pretty = serde_json::to_vec_pretty(&event).expect("a value can be written");
    assert_eq!(compact, event::inspect(&pretty));
    // A header on top of any event is its id.
    let text = format!("{{\"headers\":{{\"X-Correlation-Id\":\"corr-1\"}},\"rest\":{event}}}");
    let finding = event::inspect(text.as_bytes());
    assert_eq!(finding.correlation_id.as_deref(), Some("corr-1"));
    assert_eq!(finding.origin, Some(Origin::Header));
    let report = Batch::from(event.clone()).each(|_| Ok::<_, String>(()));
    assert!(report.is_ok());
    let report = Batch::from(event).each(|_| Err::<(), _>("no"));
    assert_eq!(report.failures().len(), report.total());
}
