//! A subsegment as JSON: alone, or as part of the one above it.

use super::{
    MAX_DOCUMENT, Outcome, Recorded, Subsegment, cause,
    fields::{Fields, Kind},
    name,
    store::Section,
    time::seconds,
};
use crate::{
    json,
    trace::{SegmentId, TraceId},
};

/// What a subsegment that is sent by itself needs around its body.
pub(super) const ENVELOPE: usize = 128;

impl Subsegment<'_> {
    /// Appends the whole document to `out`; never more than [`MAX_DOCUMENT`]
    /// bytes. What had to be cut is said in the values and, in sum, in the
    /// annotation `obs_cut_bytes`.
    pub fn write(&self, out: &mut Vec<u8>) {
        open(out, self.trace_id, self.parent_id);
        self.write_body(out);
        out.push(b'}');
    }

    /// Appends the members that a subsegment has wherever it stands, without
    /// braces, at most [`MAX_DOCUMENT`] less [`ENVELOPE`] bytes.
    #[inline]
    pub(super) fn write_body(&self, out: &mut Vec<u8>) {
        match self.recorded {
            Recorded::Annotations(members) => {
                self.write_front(out, self.name);
                annotations(out, members);
            }
            Recorded::Fields(fields) => {
                let begin = out.len();
                self.write_uncut(out, fields);
                if out.len() - begin > MAX_DOCUMENT - ENVELOPE {
                    self.write_cut(out, (begin, fields.clone()));
                }
            }
        }
    }

    #[cold]
    fn write_cut(&self, out: &mut Vec<u8>, (begin, mut fields): (usize, Fields)) {
        let mut total = 0;
        while out.len() - begin > MAX_DOCUMENT - ENVELOPE {
            let excess = out.len() - begin - (MAX_DOCUMENT - ENVELOPE);
            let mut cut = 0;
            while cut < excess {
                match fields.store.cut(excess - cut) {
                    0 => break,
                    more => cut += more,
                }
            }
            if cut == 0 {
                // Nothing but names, causes and links, all of which are bounded.
                break;
            }
            total += cut as u64;
            fields.mark("obs_cut_bytes", total);
            out.truncate(begin);
            self.write_uncut(out, &fields);
        }
    }

    /// Who, what and when.
    #[inline]
    fn write_front(&self, out: &mut Vec<u8>, name: &str) {
        out.extend_from_slice(b"\"id\":\"");
        self.id.append(out);
        out.extend_from_slice(b"\",\"name\":\"");
        name::write(out, name);
        out.extend_from_slice(b"\",\"start_time\":");
        seconds(out, self.start_us);
        match self.end_us {
            Some(end) => {
                out.extend_from_slice(b",\"end_time\":");
                seconds(out, end.max(self.start_us));
            }
            None => out.extend_from_slice(b",\"in_progress\":true"),
        }
    }

    fn write_uncut(&self, out: &mut Vec<u8>, fields: &Fields) {
        let namespace = Namespace::of(fields);
        self.write_front(out, self.called(fields, namespace));
        match fields.outcome() {
            Outcome::Ok => {}
            Outcome::Error => out.extend_from_slice(b",\"error\":true"),
            Outcome::Throttle => out.extend_from_slice(b",\"error\":true,\"throttle\":true"),
            Outcome::Fault => out.extend_from_slice(b",\"fault\":true"),
        }
        match namespace {
            Namespace::None => {}
            Namespace::Remote => out.extend_from_slice(b",\"namespace\":\"remote\""),
            Namespace::Aws => out.extend_from_slice(b",\"namespace\":\"aws\""),
        }
        let url = write_blocks(out, fields, namespace);
        if !fields.exceptions.is_empty() {
            fields.write_cause(out, self.id);
        }
        write_annotations(out, fields, namespace, url);
        if fields.store.has(Section::Metadata(0)) {
            write_metadata(out, fields);
        }
        if !fields.links.is_empty() {
            write_links(out, fields);
        }
    }

    /// An AWS call is called by its service, as X-Ray's own clients do.
    fn called<'a>(&'a self, fields: &'a Fields, namespace: Namespace) -> &'a str {
        let service = || {
            let service = fields.store.value(Section::Rpc, "rpc_service");
            service.filter(|_| namespace == Namespace::Aws)
        };
        match &fields.name {
            Some(given) => given,
            None => service().map_or(self.name, unquoted),
        }
    }
}

impl Fields {
    fn write_cause(&self, out: &mut Vec<u8>, id: SegmentId) {
        let mut exceptions = std::borrow::Cow::Borrowed(&self.exceptions[..]);
        if exceptions[0].kind.is_empty() {
            exceptions.to_mut()[0].kind = "Error".to_owned();
        }
        cause::write(out, id, &exceptions);
    }
}

/// Appends what stands before a document's body.
pub(super) fn open(out: &mut Vec<u8>, trace_id: TraceId, parent: Option<SegmentId>) {
    out.extend_from_slice(b"{");
    if let Some(parent) = parent {
        out.extend_from_slice(b"\"type\":\"subsegment\",\"parent_id\":\"");
        parent.append(out);
        out.extend_from_slice(b"\",");
    }
    out.extend_from_slice(b"\"trace_id\":\"");
    trace_id.append(out);
    out.extend_from_slice(b"\",");
}

/// Whose work a subsegment stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Namespace {
    None,
    Remote,
    Aws,
}

impl Namespace {
    fn of(fields: &Fields) -> Self {
        const TELLING: u16 =
            Section::Aws.bit() | Section::Rpc.bit() | Section::Sql.bit() | Section::Request.bit();
        if !fields.store.has_any(TELLING) && fields.kind != Kind::Outgoing {
            return Self::None;
        }
        let is = |section, key, values: &[&[u8]]| {
            let value = fields.store.value(section, key);
            value.is_some_and(|value| values.contains(&value))
        };
        if fields.store.has(Section::Aws)
            || is(Section::Rpc, "rpc_system", &[b"\"aws-api\""])
            || is(
                Section::Sql,
                "database_type",
                &[b"\"dynamodb\"", b"\"aws.dynamodb\""],
            )
        {
            return Self::Aws;
        }
        let calls = fields.kind != Kind::Incoming
            && (fields.store.has(Section::Sql)
                || fields.store.value(Section::Request, "url").is_some());
        if calls || fields.kind == Kind::Outgoing {
            Self::Remote
        } else {
            Self::None
        }
    }
}

/// Where the parts of a URL went.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Url {
    Kept,
    Composed,
}

fn write_blocks(out: &mut Vec<u8>, fields: &Fields, namespace: Namespace) -> Url {
    const BLOCKS: u16 = Section::Request.bit()
        | Section::Response.bit()
        | Section::Aws.bit()
        | Section::Rpc.bit()
        | Section::Resource.bit()
        | Section::Sql.bit();
    if !fields.store.has_any(BLOCKS) {
        return Url::Kept;
    }
    let mut url = write_http(out, fields);
    if namespace == Namespace::Aws {
        write_aws(out, fields);
    }
    if fields.store.has(Section::Sql) {
        out.extend_from_slice(b",\"sql\":{");
        members(out, fields, Section::Sql);
        if fields.store.value(Section::Url, "server_address").is_some() {
            json::key(out, "url");
            out.push(b'"');
            write_authority(out, fields);
            if let Some(name) = fields.store.value(Section::Url, "db_namespace") {
                out.push(b'/');
                out.extend_from_slice(inner(name));
            }
            out.push(b'"');
            url = Url::Composed;
        }
        out.push(b'}');
    }
    url
}

fn write_http(out: &mut Vec<u8>, fields: &Fields) -> Url {
    let request = fields.store.has(Section::Request);
    let response = fields.store.has(Section::Response);
    let mut url = Url::Kept;
    if !request && !response {
        return url;
    }
    out.extend_from_slice(b",\"http\":{");
    if request {
        out.extend_from_slice(b"\"request\":{");
        members(out, fields, Section::Request);
        let whole = fields.store.value(Section::Request, "url").is_some();
        if !whole && fields.store.value(Section::Url, "url_path").is_some() {
            url = write_url(out, fields);
        }
        out.push(b'}');
    }
    if response {
        json::key(out, "response");
        out.push(b'{');
        members(out, fields, Section::Response);
        out.push(b'}');
    }
    out.push(b'}');
    url
}

/// `url` from its parts; they stay annotations when it would be too long.
#[cold]
fn write_url(out: &mut Vec<u8>, fields: &Fields) -> Url {
    let before = out.len();
    json::key(out, "url");
    let begin = out.len();
    out.push(b'"');
    if fields.store.value(Section::Url, "server_address").is_some() {
        let scheme = fields.store.value(Section::Url, "url_scheme");
        out.extend_from_slice(scheme.map_or(b"https", inner));
        out.extend_from_slice(b"://");
        write_authority(out, fields);
    }
    for (key, lead) in [("url_path", &b""[..]), ("url_query", b"?")] {
        if let Some(part) = fields.store.value(Section::Url, key) {
            out.extend_from_slice(lead);
            out.extend_from_slice(inner(part));
        }
    }
    out.push(b'"');
    if super::store::long(&out[begin..], 250) {
        out.truncate(before);
        return Url::Kept;
    }
    Url::Composed
}

fn write_authority(out: &mut Vec<u8>, fields: &Fields) {
    let address = fields.store.value(Section::Url, "server_address");
    out.extend_from_slice(address.map_or(b"", inner));
    if let Some(port) = fields.store.value(Section::Url, "server_port") {
        out.push(b':');
        out.extend_from_slice(inner(port));
    }
}

fn write_aws(out: &mut Vec<u8>, fields: &Fields) {
    out.extend_from_slice(b",\"aws\":{");
    members(out, fields, Section::Aws);
    if let (None, Some(method)) = (
        fields.store.value(Section::Aws, "operation"),
        fields.store.value(Section::Rpc, "rpc_method"),
    ) {
        json::key(out, "operation");
        out.extend_from_slice(method);
    }
    if fields.store.has(Section::Resource) {
        json::key(out, "resource_names");
        out.push(b'[');
        for (index, name) in fields.store.values(Section::Resource).enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(name);
        }
        out.push(b']');
    }
    out.push(b'}');
}

/// Annotations that stand in one piece, each led by a comma.
#[inline]
fn annotations(out: &mut Vec<u8>, members: &[u8]) {
    if let [b',', members @ ..] = members {
        out.extend_from_slice(b",\"annotations\":{");
        out.extend_from_slice(members);
        out.push(b'}');
    }
}

fn write_annotations(out: &mut Vec<u8>, fields: &Fields, namespace: Namespace, url: Url) {
    if let Some(members) = fields.store.only_annotations() {
        return annotations(out, members);
    }
    let sections = [
        (Section::Annotation, true),
        (Section::Rpc, namespace != Namespace::Aws),
        (Section::Resource, namespace != Namespace::Aws),
        (Section::Url, url == Url::Kept),
    ];
    let mut begun = false;
    for (section, here) in sections {
        if here && fields.store.has(section) {
            if !begun {
                out.extend_from_slice(b",\"annotations\":{");
                begun = true;
            }
            members(out, fields, section);
        }
    }
    if begun {
        out.push(b'}');
    }
}

fn write_metadata(out: &mut Vec<u8>, fields: &Fields) {
    out.extend_from_slice(b",\"metadata\":{");
    for (namespace, section) in fields.namespaces() {
        if fields.store.entries(section).next().is_some() {
            json::key(out, namespace);
            out.push(b'{');
            members(out, fields, section);
            out.push(b'}');
        }
    }
    out.push(b'}');
}

fn write_links(out: &mut Vec<u8>, fields: &Fields) {
    out.extend_from_slice(b",\"links\":[");
    for (index, link) in fields.links.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"{" } else { b",{" });
        out.extend_from_slice(b"\"trace_id\":\"");
        link.trace_id.append(out);
        out.push(b'"');
        if let Some(id) = link.id {
            out.extend_from_slice(b",\"id\":\"");
            id.append(out);
            out.push(b'"');
        }
        out.push(b'}');
    }
    out.push(b']');
}

/// A section's members, with commas between them and what precedes them.
fn members(out: &mut Vec<u8>, fields: &Fields, section: Section) {
    for entry in fields.store.entries(section) {
        let comma = usize::from(out.last() == Some(&b'{'));
        out.extend_from_slice(&entry[comma..]);
    }
}

/// A JSON value without the quotes that text has.
fn inner(value: &[u8]) -> &[u8] {
    value
        .strip_prefix(b"\"")
        .and_then(|value| value.strip_suffix(b"\""))
        .unwrap_or(value)
}

/// Text for a name, where an escape becomes the `-` that its character would.
fn unquoted(value: &[u8]) -> &str {
    std::str::from_utf8(inner(value)).unwrap_or("-")
}
