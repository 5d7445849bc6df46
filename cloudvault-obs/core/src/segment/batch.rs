//! Finished subsegments, packed into as few documents as the limit allows.
//!
//! A subsegment is a child of another by id alone, so the two need not be sent
//! together; sent in one document they cost one datagram instead of two. A tree
//! that does not fit is split into its subtrees, each of which is sent by
//! itself with its parent's id: nothing is lost.

use super::{
    DATAGRAM_HEADER, MAX_DOCUMENT, Subsegment,
    document::{self, ENVELOPE},
};
use crate::trace::{SegmentId, TraceId};

/// Finished subsegments, as bodies one behind the other.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    parts: Vec<Part>,
}

/// How a subsegment may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Delivery {
    /// Inside its parent's document where there is room.
    #[default]
    Nested,
    /// In a document of its own: its `in_progress` one was sent before, and X-Ray
    /// completes a document by one of the same kind.
    Alone,
}

#[derive(Debug, Clone, Copy)]
struct Part {
    id: SegmentId,
    trace_id: TraceId,
    parent_id: Option<SegmentId>,
    delivery: Delivery,
    /// An `in_progress` document is replaced by the complete one: what were
    /// nested in it would be lost.
    in_progress: bool,
    start: usize,
    end: usize,
}

/// Readers of JSON set a limit to nesting; X-Ray's is not published.
const MAX_DEPTH: u8 = 20;
/// `,"subsegments":[]` and, for each child, `{},`.
const NEST: usize = 20;

impl Batch {
    /// Adds a finished subsegment; see [`Subsegment::write`] for what is cut.
    pub fn push(&mut self, subsegment: &Subsegment<'_>, delivery: Delivery) {
        let start = self.bytes.len();
        subsegment.write_body(&mut self.bytes);
        self.parts.push(Part {
            id: subsegment.id,
            trace_id: subsegment.trace_id,
            parent_id: subsegment.parent_id,
            delivery,
            in_progress: subsegment.end_us.is_none(),
            start,
            end: self.bytes.len(),
        });
    }

    /// The bytes that are waiting.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes of memory held.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity() + self.parts.capacity() * size_of::<Part>()
    }

    /// Whether nothing is waiting.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.parts.clear();
    }

    /// Gives `send` each datagram: the header, then a document of at most
    /// [`MAX_DOCUMENT`] bytes. Every subsegment is in exactly one of them.
    pub fn datagrams(&self, mut send: impl FnMut(&[u8])) {
        let mut datagram = Vec::with_capacity(self.bytes.len().min(MAX_DOCUMENT) + 512);
        let tree = Tree::plan(&self.parts);
        for (index, part) in self.parts.iter().enumerate() {
            if tree.nodes[index].nested {
                continue;
            }
            datagram.clear();
            datagram.extend_from_slice(DATAGRAM_HEADER);
            document::open(&mut datagram, part.trace_id, part.parent_id);
            self.write(&mut datagram, &tree, index);
            datagram.push(b'}');
            send(&datagram);
        }
    }

    /// A part's body with those of the parts nested in it; [`MAX_DEPTH`] bounds
    /// the recursion.
    fn write(&self, out: &mut Vec<u8>, tree: &Tree, index: usize) {
        let part = &self.parts[index];
        out.extend_from_slice(&self.bytes[part.start..part.end]);
        let mut begun = false;
        let mut child = tree.nodes[index].first_child;
        while let Some(at) = child {
            if tree.nodes[at].nested {
                out.extend_from_slice(if begun { b",{" } else { b",\"subsegments\":[{" });
                begun = true;
                self.write(out, tree, at);
                out.push(b'}');
            }
            child = tree.nodes[at].next_sibling;
        }
        if begun {
            out.push(b']');
        }
    }
}

/// Which part stands in which.
struct Tree {
    nodes: Vec<Node>,
}

#[derive(Clone, Copy)]
struct Node {
    parent: Option<usize>,
    first_child: Option<usize>,
    next_sibling: Option<usize>,
    /// Bytes of the document with all that is nested in it.
    size: usize,
    /// Levels of nesting below it.
    depth: u8,
    nested: bool,
}

impl Tree {
    fn plan(parts: &[Part]) -> Self {
        let mut tree = Self::link(parts);
        let order = tree.roots_first();
        for &index in order.iter().rev() {
            tree.try_nest(index);
        }
        tree
    }

    /// Finds parents by id. A part whose parent is not here, or that has to go
    /// alone, has none.
    fn link(parts: &[Part]) -> Self {
        let mut ids: Vec<(SegmentId, TraceId, usize)> = parts
            .iter()
            .enumerate()
            .map(|(index, part)| (part.id, part.trace_id, index))
            .collect();
        ids.sort_unstable();
        let find = |part: &Part| {
            let wanted = (
                part.parent_id
                    .filter(|_| part.delivery == Delivery::Nested)?,
                part.trace_id,
            );
            let at = ids
                .binary_search_by_key(&wanted, |&(id, trace, _)| (id, trace))
                .ok()?;
            Some(ids[at].2).filter(|&at| !parts[at].in_progress)
        };
        let mut nodes: Vec<Node> = parts
            .iter()
            .map(|part| Node {
                parent: find(part),
                first_child: None,
                next_sibling: None,
                size: part.end - part.start + ENVELOPE,
                depth: 0,
                nested: false,
            })
            .collect();
        // From the back, so that siblings stand in the order they ended.
        for index in (0..nodes.len()).rev() {
            if let Some(parent) = nodes[index].parent {
                nodes[index].next_sibling = nodes[parent].first_child;
                nodes[parent].first_child = Some(index);
            }
        }
        Self { nodes }
    }

    /// Every part that a root leads to, parents before children. Parts that are
    /// each other's parents are led to by none, and so stay unnested.
    fn roots_first(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.nodes.len())
            .filter(|&index| self.nodes[index].parent.is_none())
            .collect();
        let mut done = 0;
        while let Some(&index) = order.get(done) {
            let mut child = self.nodes[index].first_child;
            while let Some(at) = child {
                order.push(at);
                child = self.nodes[at].next_sibling;
            }
            done += 1;
        }
        order
    }

    /// Nests a part, whose own children are settled, in its parent if it fits.
    fn try_nest(&mut self, index: usize) {
        let Node {
            parent: Some(parent),
            size,
            depth,
            ..
        } = self.nodes[index]
        else {
            return;
        };
        let above = &mut self.nodes[parent];
        let together = above.size + size + NEST - ENVELOPE;
        if together <= MAX_DOCUMENT && depth + 1 < MAX_DEPTH {
            above.size = together;
            above.depth = above.depth.max(depth + 1);
            self.nodes[index].nested = true;
        }
    }
}
