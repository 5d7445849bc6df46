//! What somebody else made: left alone, in the way, or taken over by name.

use obs_deploy::account::fake::Fake;
use obs_deploy::apply::apply;
use obs_deploy::model::{Alarm, Desired, Subscription};
use obs_deploy::plan::{Adopt, observe, plan};

use super::{applied, held, planned, rules};

#[tokio::test]
async fn what_is_named_is_taken_over_and_ours_from_then_on() {
    let (desired, account) = held().await;
    {
        let mut state = account.state();
        let (alarm, tags) = state.alarms.get_mut("orders-failing").unwrap();
        tags.clear();
        let Alarm::Metric(alarm) = alarm else {
            panic!()
        };
        alarm.description.clear();
        for (_, tags) in state.dashboards.values_mut() {
            tags.clear();
        }
    }
    let observed = observe(&account, &desired).await.unwrap();
    let one = Adopt::named(["orders-failing"]);
    let error = plan(&desired, &observed, &one).unwrap_err();
    assert!(error.to_string().contains("dashboard shop"), "{error}");
    let both = Adopt::named(["orders-failing", "shop"]);
    let plan = plan(&desired, &observed, &both).unwrap();
    apply(&account, &plan, |_, _| {}).await.unwrap();
    assert!(planned(&account, &desired).await.is_empty());
    applied(&account, &Desired::nothing(desired.target.clone())).await;
    assert!(account.state().alarms.is_empty());
    assert!(account.state().dashboards.is_empty());
}

#[tokio::test]
async fn an_alarm_that_a_strangers_composite_names_stays_and_is_told() {
    let (desired, account) = held().await;
    let (stranger, _) = account.state().alarms["a-shop-down"].clone();
    let Alarm::Composite(mut stranger) = stranger else {
        panic!()
    };
    "strangers".clone_into(&mut stranger.name);
    stranger.description.clear();
    stranger.rule = "ALARM(\"pay-slow\")".to_owned();
    account.state().alarms.insert(
        stranger.name.clone(),
        (Alarm::Composite(stranger), obs_deploy::model::Tags::new()),
    );
    let nothing = Desired::nothing(desired.target.clone());
    let plan = planned(&account, &nothing).await;
    assert_eq!(
        plan.notes,
        ["alarm pay-slow stays: composite alarm strangers, which is not kept here, names it"]
    );
    applied(&account, &nothing).await;
    assert_eq!(
        account.state().alarms.keys().collect::<Vec<_>>(),
        ["pay-slow", "strangers"]
    );
}

#[tokio::test]
async fn a_name_taken_by_somebody_else_stops_the_plan() {
    let (desired, account) = held().await;
    for (_, (alarm, tags)) in account.state().alarms.iter_mut() {
        tags.clear();
        if let Alarm::Metric(alarm) = alarm {
            alarm.description.clear();
        }
    }
    let observed = observe(&account, &desired).await.unwrap();
    let error = plan(&desired, &observed, &Adopt::nothing()).unwrap_err();
    insta::assert_snapshot!(error);
}

#[tokio::test]
async fn somebodys_own_subscription_is_left_alone() {
    let (desired, account) = held().await;
    let theirs = Subscription {
        protocol: "email".to_owned(),
        endpoint: "me@example.com".to_owned(),
    };
    let arn = desired.target.topic_arn("shop-dev-oncall");
    account
        .state()
        .topics
        .get_mut(&arn)
        .unwrap()
        .subscriptions
        .insert(theirs, None);
    assert!(planned(&account, &desired).await.is_empty());
}

#[tokio::test]
async fn rules_of_the_same_names_that_are_not_ours_stop_the_plan_until_adopted() {
    let (desired, account) = held().await;
    {
        let mut state = account.state();
        let (rule, tags, _) = state.event_rules.get_mut("findings").unwrap();
        rule.description.clear();
        tags.clear();
        for (rule, _) in state.mute_rules.values_mut() {
            rule.description.clear();
        }
        for (_, tags) in state.sampling_rules.values_mut() {
            tags.clear();
        }
    }
    let observed = observe(&account, &desired).await.unwrap();
    let error = plan(&desired, &observed, &Adopt::nothing()).unwrap_err();
    for title in [
        "event rule findings",
        "mute rule shop-dev-maintenance",
        "sampling rule shop-dev-pay",
    ] {
        assert!(error.to_string().contains(title), "{error}");
    }
    let all = Adopt::named(["findings", "shop-dev-maintenance", "shop-dev-pay"]);
    let plan = plan(&desired, &observed, &all).unwrap();
    apply(&account, &plan, |_, _| {}).await.unwrap();
    assert!(planned(&account, &desired).await.is_empty());
    applied(&account, &Desired::nothing(desired.target.clone())).await;
    assert_eq!(rules(&account), rules(&Fake::new(&desired.target)));
}

/// Whoever hangs a target of their own on our rule has not changed what is ours; a
/// filter of another environment is another's, however alike the names.
#[tokio::test]
async fn what_stands_beside_ours_is_left_alone() {
    let (desired, account) = held().await;
    let mut theirs = desired.target.sealed_filter(&desired.metric_filters[0]);
    theirs.name = theirs.name.replace("/dev/", "/dev-2/");
    "SignInsThere".clone_into(&mut theirs.metric_name);
    let mut by_hand = theirs.clone();
    "shop/dev/sign-ins".clone_into(&mut by_hand.name);
    {
        let mut state = account.state();
        for theirs in [theirs, by_hand] {
            state.metric_filters.insert(theirs.key(), theirs);
        }
        let (.., targets) = state.event_rules.get_mut("findings").unwrap();
        targets.insert("mine".to_owned(), "arn:aws:sqs:us-east-1:1:q".to_owned());
    }
    assert!(planned(&account, &desired).await.is_empty());
    let nothing = Desired::nothing(desired.target.clone());
    let plan = planned(&account, &nothing).await;
    assert_eq!(plan.hand_made(), ["event rule findings"]);
    apply(&account, &plan, |_, _| {}).await.unwrap();
    let state = account.state();
    assert!(state.event_rules.is_empty());
    assert_eq!(state.metric_filters.len(), 2);
}

#[tokio::test]
async fn a_filter_that_counts_the_same_lines_is_told_of_and_goes_when_adopted() {
    let (desired, account) = held().await;
    let mut theirs = desired.metric_filters[0].clone();
    "SignInsFilter".clone_into(&mut theirs.name);
    let key = theirs.key();
    account.state().metric_filters.insert(key.clone(), theirs);
    let plan = planned(&account, &desired).await;
    assert!(plan.is_empty());
    insta::assert_snapshot!(
        plan.notes.join("\n"),
        @"metric filter shop/dev/sign-ins: `SignInsFilter` writes the same metric from the same log group, and lines may count twice; `--adopt 'SignInsFilter'` puts this one in its place"
    );
    let observed = observe(&account, &desired).await.unwrap();
    let told = Adopt::named(["SignInsFilter"]);
    let plan = obs_deploy::plan::plan(&desired, &observed, &told).unwrap();
    assert_eq!(plan.notes, [""; 0]);
    assert_eq!(plan.hand_made(), [""; 0]);
    apply(&account, &plan, |_, _| {}).await.unwrap();
    assert!(!account.state().metric_filters.contains_key(&key));
    assert!(planned(&account, &desired).await.is_empty());
}

#[tokio::test]
async fn a_name_to_adopt_that_nothing_has_is_told_with_its_near_miss() {
    let (desired, account) = held().await;
    let observed = observe(&account, &desired).await.unwrap();
    let names = Adopt::named(["orders-failling", "findings", "shop", "xyz"]);
    let plan = plan(&desired, &observed, &names).unwrap();
    assert_eq!(
        plan.notes,
        [
            "`--adopt orders-failling`: nothing in the account has this name; did you mean `orders-failing`?",
            "`--adopt xyz`: nothing in the account has this name",
        ]
    );
}
