//! What an expression says of a trace, of a service or of a call.

use std::borrow::Cow;

use serde_json::Value;

use super::trace::{self, Service};
use super::{Expression, Flag, Keyword, Named, Number, Operator, Text, Trace, Wanted};

/// Of what something is asked.
#[derive(Clone, Copy)]
enum Scope {
    Whole,
    /// A segment of a service with its subsegments.
    Service(Service),
    /// A subsegment that called a service.
    Call(usize),
}

/// A value that a keyword has.
enum Found<'a> {
    Flag(bool),
    Number(f64),
    Text(Cow<'a, str>),
}

pub(super) fn holds(expression: &Expression, trace: &Trace<'_>) -> bool {
    of(expression, trace, Scope::Whole)
}

fn of(expression: &Expression, trace: &Trace<'_>, scope: Scope) -> bool {
    match expression {
        Expression::All(each) => each.iter().all(|one| of(one, trace, scope)),
        Expression::Any(each) => each.iter().any(|one| of(one, trace, scope)),
        Expression::Not(one) => !of(one, trace, scope),
        Expression::Set(keyword) => {
            let set = |found: &Found<'_>| !matches!(found, Found::Flag(false));
            found(keyword, trace, scope).iter().any(set)
        }
        Expression::Compared(keyword, operator, wanted) => {
            let met = |found: &Found<'_>| found.compares(*operator, wanted);
            found(keyword, trace, scope).iter().any(met)
        }
        Expression::Service(named, inner) => {
            let fits = |service: &&Service| named.is(trace, service.at);
            let mut services = trace.services.iter().filter(fits);
            services.any(|service| within(inner, trace, Scope::Service(*service)))
        }
        Expression::Edge(from, to, inner) => trace
            .services
            .iter()
            .filter(|service| to.is(trace, service.at))
            .any(|service| {
                let caller = trace.parents[service.at];
                let source = trace.nearest(caller);
                let fits = source.is_some_and(|source| from.is(trace, source));
                let call = caller.filter(|at| trace.segments[*at].subsegment);
                fits && (within(inner, trace, Scope::Service(*service))
                    || call.is_some_and(|call| within(inner, trace, Scope::Call(call))))
            }),
    }
}

fn within(inner: &Option<Box<Expression>>, trace: &Trace<'_>, scope: Scope) -> bool {
    match inner {
        Some(expression) => of(expression, trace, scope),
        None => true,
    }
}

impl Named {
    fn is(&self, trace: &Trace<'_>, at: usize) -> bool {
        let document = trace.document(at);
        let part = |wanted: &Option<String>, found: Option<Cow<'_, str>>| {
            wanted
                .as_deref()
                .is_none_or(|wanted| found.is_some_and(|found| found == wanted))
        };
        let account = trace::text(document, "/aws/account_id");
        part(&self.name, name(document))
            && part(&self.kind, kind(document))
            && part(&self.account, account.map(Cow::Borrowed))
    }
}

fn name(document: &Value) -> Option<Cow<'_, str>> {
    trace::text(document, "/name").map(Cow::Borrowed)
}

/// The type of a service: what recorded the segment, or what was called.
fn kind(document: &Value) -> Option<Cow<'_, str>> {
    if let Some(origin) = trace::text(document, "/origin") {
        return Some(Cow::Borrowed(origin));
    }
    match trace::text(document, "/namespace") {
        Some("aws") => name(document).map(|name| Cow::Owned(format!("AWS::{name}"))),
        namespace => namespace.map(Cow::Borrowed),
    }
}

impl Scope {
    /// The segment or subsegment whose status it is.
    fn head(self, trace: &Trace<'_>) -> usize {
        match self {
            Scope::Whole => trace.root,
            Scope::Service(service) => service.at,
            Scope::Call(at) => at,
        }
    }

    /// Everything in it.
    fn documents<'a>(self, trace: &Trace<'a>) -> Vec<&'a Value> {
        match self {
            Scope::Whole => trace.segments.iter().map(|it| it.document).collect(),
            Scope::Service(service) if !service.inferred => {
                let members = trace.members[service.at].iter();
                members.map(|at| trace.document(*at)).collect()
            }
            _ => vec![trace.document(self.head(trace))],
        }
    }

    /// The services in it.
    fn services(self, trace: &Trace<'_>) -> Vec<usize> {
        match self {
            Scope::Whole => trace.services.iter().map(|service| service.at).collect(),
            _ => vec![self.head(trace)],
        }
    }
}

/// Every value of a keyword.
fn found<'a>(keyword: &Keyword, trace: &Trace<'a>, scope: Scope) -> Vec<Found<'a>> {
    match keyword {
        Keyword::Flag(flag) => vec![Found::Flag(is(*flag, trace, scope))],
        Keyword::Number(number) => {
            let head = trace.document(scope.head(trace));
            let number = match number {
                Number::ResponseTime => trace::span([head]),
                Number::Duration => trace::span(scope.documents(trace)),
                Number::Status => trace::number(head, "/http/response/status"),
            };
            number.map(Found::Number).into_iter().collect()
        }
        Keyword::Text(text) => texts(*text, trace, scope),
        Keyword::Annotation(key) => {
            let annotation = |document: &'a Value| document.get("annotations")?.get(key);
            let documents = scope.documents(trace).into_iter();
            documents
                .filter_map(annotation)
                .filter_map(Found::of)
                .collect()
        }
    }
}

fn is(flag: Flag, trace: &Trace<'_>, scope: Scope) -> bool {
    let head = trace.document(scope.head(trace));
    let throttle = match scope {
        Scope::Whole => trace.is_throttled(),
        _ => trace::flag(head, "/throttle"),
    };
    match flag {
        Flag::Ok => !trace::flag(head, "/error") && !trace::flag(head, "/fault") && !throttle,
        Flag::Error => trace::flag(head, "/error"),
        Flag::Throttle => throttle,
        Flag::Fault => trace::flag(head, "/fault"),
        Flag::Partial => {
            let mut documents = scope.documents(trace).into_iter();
            documents.any(|document| trace::flag(document, "/in_progress"))
        }
        Flag::Inferred => match scope {
            Scope::Whole => trace.services.iter().any(|service| service.inferred),
            Scope::Service(service) => service.inferred,
            Scope::Call(_) => false,
        },
        Flag::Root => scope.head(trace) == trace.root,
    }
}

fn texts<'a>(text: Text, trace: &Trace<'a>, scope: Scope) -> Vec<Found<'a>> {
    let of_head = |pointer| vec![trace::text(trace.document(scope.head(trace)), pointer)];
    let of_all = |pointer: &str| {
        let documents = scope.documents(trace).into_iter();
        documents
            .map(|document| trace::text(document, pointer))
            .collect()
    };
    let borrowed: Vec<Option<&'a str>> = match text {
        Text::Url => of_head("/http/request/url"),
        Text::Method => of_head("/http/request/method"),
        Text::UserAgent => of_head("/http/request/user_agent"),
        Text::ClientIp => of_head("/http/request/client_ip"),
        Text::User => of_all("/user"),
        Text::AvailabilityZone => of_all("/aws/ec2/availability_zone"),
        Text::InstanceId => of_all("/aws/ec2/instance_id"),
        Text::ResourceArn => of_all("/resource_arn"),
        Text::Name | Text::Type => {
            let services = scope.services(trace).into_iter();
            let part = match text {
                Text::Name => name,
                _ => kind,
            };
            let parts = services.filter_map(|at| part(trace.document(at)));
            return parts.map(Found::Text).collect();
        }
    };
    let texts = borrowed.into_iter().flatten();
    texts.map(|text| Found::Text(Cow::Borrowed(text))).collect()
}

impl<'a> Found<'a> {
    fn of(value: &'a Value) -> Option<Found<'a>> {
        match value {
            Value::Bool(flag) => Some(Found::Flag(*flag)),
            Value::Number(number) => number.as_f64().map(Found::Number),
            Value::String(text) => Some(Found::Text(Cow::Borrowed(text))),
            _ => None,
        }
    }

    /// A value of another type compares with nothing.
    fn compares(&self, operator: Operator, wanted: &Wanted) -> bool {
        match (self, wanted, operator) {
            (Found::Flag(found), Wanted::Flag(wanted), Operator::Sign(sign)) => {
                sign.is_equality() && sign.holds(found, wanted)
            }
            (Found::Number(found), Wanted::Number(wanted), Operator::Sign(sign)) => {
                sign.holds(found, wanted)
            }
            (Found::Text(found), Wanted::Text(wanted), operator) => match operator {
                Operator::Sign(sign) => {
                    sign.is_equality() && sign.holds(found.as_ref(), wanted.as_str())
                }
                Operator::Contains => found.contains(wanted),
                Operator::BeginsWith => found.starts_with(wanted),
                Operator::EndsWith => found.ends_with(wanted),
            },
            _ => false,
        }
    }
}
