//! Rules as text, and what they strike.

use super::*;

const NOW: i64 = 1_795_404_660_000;

fn rule(text: &str) -> FaultRule {
    text.parse().expect("a rule")
}

#[test]
fn a_rule_reads_back_as_it_was_written() {
    for text in [
        "cloudwatch=500",
        "cloudwatch:PutMetricData=throttle:30%",
        "sns:Publish=reset-accepted:5x",
        "xray:PutTraceSegments=hang:50%:3x:1500ms",
        "sts=drip:10s",
    ] {
        assert_eq!(rule(text).to_string(), text);
    }
    assert_eq!(rule("sns=503:2m").to_string(), "sns=503:120s");
}

#[test]
fn a_bad_rule_names_what_is_near() {
    let check = |text: &str, expect: &str| {
        let error = text.parse::<FaultRule>().expect_err(text).to_string();
        assert!(error.contains(expect), "{error}");
    };
    check("cloudwatch", "expected SERVICE[:OPERATION]=KIND");
    check("cloudwatsh=500", "did you mean \"cloudwatch\"?");
    check("s3=500", "expected one of cloudwatch, sns, sts, xray");
    check(
        "cloudwatch:PutMetricsData=500",
        "did you mean \"PutMetricData\"?",
    );
    check("cloudwatch:Publish=500", "there is no operation");
    check("cloudwatch=throtle", "did you mean \"throttle\"?");
    check("cloudwatch=throttle:0%", "no share from 1% to 100%");
    check("cloudwatch=throttle:101%", "no share from 1% to 100%");
    check("cloudwatch=throttle:30", "no share from 1% to 100%");
    check("cloudwatch=hang:99999999999999999999s", "no share");
    check("cloudwatch=hang:99999999999999999m", "no share");
}

/// Which of 10 requests for PutMetricData, a second after another, the rule strikes.
fn strikes(text: &str) -> String {
    let faults = Faults::default();
    faults.add(rule(text), NOW);
    (0..10)
        .map(|second| {
            let at = NOW + second * 1000;
            match faults.strike(Service::CloudWatch, "PutMetricData", at) {
                Some(_) => 'x',
                None => '.',
            }
        })
        .collect()
}

#[test]
fn share_count_and_time_bound_what_is_struck() {
    assert_eq!(strikes("cloudwatch=500"), "xxxxxxxxxx");
    assert_eq!(strikes("cloudwatch=500:30%"), "...x..x..x");
    assert_eq!(strikes("cloudwatch=500:2x"), "xx........");
    assert_eq!(strikes("cloudwatch=500:4s"), "xxxx......");
    assert_eq!(strikes("cloudwatch=500:50%:2x:8s"), ".x.x......");
    assert_eq!(strikes("cloudwatch:ListMetrics=500"), "..........");
    assert_eq!(strikes("sns=500"), "..........");
}

#[test]
fn the_first_rule_that_fits_strikes_and_each_can_be_taken_away() {
    let faults = Faults::default();
    let once = faults.add(rule("cloudwatch=hang:1x"), NOW).expect("room");
    faults.add(rule("cloudwatch=throttle"), NOW);
    let ask = || faults.strike(Service::CloudWatch, "PutMetricData", NOW);
    assert_eq!(ask(), Some(Effect::Silence(Done::No)));
    assert!(matches!(ask(), Some(Effect::Answer(fault)) if fault.code == "Throttling"));
    let shown = faults.list(NOW);
    assert_eq!(
        (shown[0].struck, shown[0].active, shown[1].struck),
        (1, false, 1)
    );
    assert!(faults.remove(once) && !faults.remove(once));
    assert_eq!(faults.clear(), 1);
    assert_eq!(ask(), None);
}

#[test]
fn the_501st_put_metric_data_of_a_second_is_throttled() {
    let faults = Faults::default();
    let put = |at| faults.strike(Service::CloudWatch, "PutMetricData", at);
    assert!((0..500).all(|_| put(NOW + 1).is_none()));
    let throttled = put(NOW + 999);
    assert!(
        matches!(throttled, Some(Effect::Answer(fault)) if fault.status == 400 && fault.code == "Throttling")
    );
    assert_eq!(
        faults.strike(Service::CloudWatch, "ListMetrics", NOW + 999),
        None
    );
    assert_eq!(put(NOW + 1000), None);
}
