//! What hands changed since the last apply: told apart from what the files changed, and
//! made good.

use obs_deploy::apply::apply;
use obs_deploy::model::{Alarm, Desired};

use super::{ALARMS, DASHBOARD, Files, held, planned, text};

#[tokio::test]
async fn what_hands_changed_is_shown_and_made_good() {
    let (desired, account) = held().await;
    {
        let mut state = account.state();
        let (alarm, _) = state.alarms.get_mut("orders-failing").unwrap();
        let Alarm::Metric(alarm) = alarm else {
            panic!()
        };
        alarm.actions_enabled = false;
        alarm.description.clear();
    }
    let plan = planned(&account, &desired).await;
    insta::assert_snapshot!(text(&plan));
    assert_eq!(plan.hand_made(), ["alarm orders-failing"]);
}

#[tokio::test]
async fn what_the_files_changed_is_nobodys_hand() {
    let (_, account) = held().await;
    let changed = Files {
        alarms: ALARMS.replace("3 of 5", "4 of 5"),
        dashboard: DASHBOARD.replace("# Shop", "# The shop"),
        ..Files::default()
    };
    let plan = planned(&account, &changed.desired()).await;
    assert_eq!(plan.steps.len(), 3);
    assert_eq!(plan.hand_made(), [""; 0]);
}

#[tokio::test]
async fn a_dashboard_and_a_topic_that_hands_changed_are_told_too() {
    let (desired, account) = held().await;
    {
        let mut state = account.state();
        for (body, _) in state.dashboards.values_mut() {
            *body = body.replace("# Shop", "# Their shop");
        }
        for topic in state.topics.values_mut() {
            topic.policy = None;
        }
    }
    let plan = planned(&account, &desired).await;
    assert_eq!(
        plan.hand_made(),
        ["topic shop-dev-oncall", "dashboard shop"]
    );
}

#[tokio::test]
async fn rules_that_hands_changed_are_told_and_made_good() {
    let (desired, account) = held().await;
    {
        let mut state = account.state();
        let (rule, ..) = state.event_rules.get_mut("findings").unwrap();
        rule.foreign
            .insert("state".to_owned(), "DISABLED".to_owned());
        for (rule, _) in state.mute_rules.values_mut() {
            rule.minutes = 600;
        }
        for (rule, _) in state.sampling_rules.values_mut() {
            rule.rate = 1.0;
        }
    }
    let plan = planned(&account, &desired).await;
    assert_eq!(
        plan.hand_made(),
        [
            "event rule findings",
            "mute rule shop-dev-maintenance",
            "sampling rule shop-dev-pay"
        ]
    );
    insta::assert_snapshot!(text(&plan), @r#"
    shop in dev (000000000000, us-east-1)

    ~ event rule findings  (changed by hand since the last apply)
        state: DISABLED -> gone

    ~ mute rule shop-dev-maintenance  (changed by hand since the last apply)
        duration: PT600M -> PT60M

    ~ sampling rule shop-dev-pay  (changed by hand since the last apply)
        rate: 1 -> 0.2

    tells shop-dev-oncall: 6 alarms -> http http://127.0.0.1:9/
    costs $4.50 a month, as before
    Plan: 3 to update, 9 unchanged.
    "#);
    apply(&account, &plan, |_, _| {}).await.unwrap();
    assert!(planned(&account, &desired).await.is_empty());
}

#[tokio::test]
async fn a_filter_that_hands_changed_is_told_and_made_good() {
    let (desired, account) = held().await;
    for filter in account.state().metric_filters.values_mut() {
        "{ $.eventName = Nothing }".clone_into(&mut filter.pattern);
        filter.foreign.insert("unit".into(), "Count".into());
    }
    let changed = planned(&account, &desired).await;
    assert_eq!(changed.hand_made(), ["metric filter shop/dev/sign-ins"]);
    let shown = text(&changed);
    let part = "~ metric filter shop/dev/sign-ins  (changed by hand since the last apply)
    pattern: { $.eventName = Nothing } -> { $.eventName = ConsoleLogin }
    unit: Count -> gone";
    assert!(shown.contains(part), "{shown}");
    let nothing = planned(&account, &Desired::nothing(desired.target.clone())).await;
    assert_eq!(nothing.hand_made(), ["metric filter shop/dev/sign-ins"]);
    apply(&account, &changed, |_, _| {}).await.unwrap();
    assert!(planned(&account, &desired).await.is_empty());
}

#[tokio::test]
async fn a_target_that_is_sent_elsewhere_is_somebodys_hand_and_a_missing_one_is_not() {
    let (desired, account) = held().await;
    let own = "obs-shop-dev-oncall".to_owned();
    let set = |arn: Option<&str>| {
        let mut state = account.state();
        let (.., targets) = state.event_rules.get_mut("findings").unwrap();
        targets.clear();
        targets.extend(arn.map(|arn| (own.clone(), arn.to_owned())));
    };
    set(Some("arn:aws:sns:us-east-1:999999999999:shop-dev-oncall"));
    let plan = planned(&account, &desired).await;
    assert_eq!(plan.hand_made(), ["event rule findings"]);
    set(None);
    let plan = planned(&account, &desired).await;
    assert_eq!((plan.steps.len(), plan.hand_made().len()), (1, 0));
    apply(&account, &plan, |_, _| {}).await.unwrap();
    assert!(planned(&account, &desired).await.is_empty());
}

#[tokio::test]
async fn what_hands_changed_is_told_before_it_is_deleted() {
    let (desired, account) = held().await;
    {
        let mut state = account.state();
        for (body, _) in state.dashboards.values_mut() {
            *body = body.replace("# Shop", "# Their shop");
        }
        for topic in state.topics.values_mut() {
            "Theirs".clone_into(&mut topic.display_name);
        }
    }
    let nothing = planned(&account, &Desired::nothing(desired.target.clone())).await;
    assert_eq!(
        nothing.hand_made(),
        ["dashboard shop", "topic shop-dev-oncall"]
    );
}
