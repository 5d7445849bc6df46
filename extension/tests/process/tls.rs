//! CloudWatch over TLS: who is believed, and that nothing leaves in the clear.

use super::{World, totals};
use crate::support::tls::Tls;

#[test]
fn points_travel_by_tls_under_an_authority_of_the_bundle() {
    let tls = Tls::listen("localhost");
    let bundle = tls.bundle();
    let world = World::start(
        |fake| tls.before(fake.address),
        &[
            ("AWS_ENDPOINT_URL", &tls.url()),
            ("OBS_CA_BUNDLE", bundle.to_str().unwrap()),
        ],
    );
    world.invocation("a", 3);
    world.invocation("b", 2);
    let (last, others) = world.shutdown();
    assert_eq!(totals(&last)[..4], [5, 5, 0, 0]);
    assert!(others.is_empty(), "{others:#?}");
}

/// The points stay and leave by the log at the end; CloudWatch has seen none.
fn nobody_is_believed(tls: &Tls, bundle: Option<&Tls>) {
    let bundle = bundle.map(Tls::bundle);
    let bundle = bundle.as_ref().and_then(|path| path.to_str());
    let url = tls.url();
    let mut more = vec![("AWS_ENDPOINT_URL", &*url)];
    more.extend(bundle.map(|path| ("OBS_CA_BUNDLE", path)));
    let world = World::start(|fake| tls.before(fake.address), &more);
    world.invocation("a", 3);
    assert_eq!(world.fake.puts(), []);
    let (last, _) = world.shutdown();
    let told = totals(&last);
    assert_eq!(told[..4], [3, 0, 3, 0]);
    assert!(told[5] > 0, "{last}");
}

#[test]
fn a_server_that_no_known_authority_speaks_for_gets_nothing() {
    nobody_is_believed(&Tls::listen("localhost"), None);
    let other = Tls::listen("localhost");
    nobody_is_believed(&Tls::listen("localhost"), Some(&other));
}

#[test]
fn a_certificate_for_another_name_is_not_believed() {
    let tls = Tls::listen("monitoring.eu-central-1.amazonaws.com");
    nobody_is_believed(&tls, Some(&tls));
}
