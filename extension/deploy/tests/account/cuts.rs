//! The laws of healing: wherever an apply is cut, the next one ends where an undisturbed
//! one does.

use obs_deploy::account::Call;
use obs_deploy::account::fake::{Fake, State};
use obs_deploy::apply::apply;
use obs_deploy::model::{Alarm, Desired};
use obs_deploy::plan::{Adopt, observe, plan};

use super::{ALARMS, Files, applied, planned, rules};

/// The law: however far an apply came, the next one ends where an undisturbed one does.
#[tokio::test]
async fn an_apply_that_is_cut_anywhere_is_healed_by_the_next() {
    let desired = Files::default().desired();
    let whole = Fake::new(&desired.target);
    let calls = applied(&whole, &desired).await.calls;
    for cut in 0..calls {
        let account = Fake::new(&desired.target);
        account.state().fail_from = Some(cut);
        let plan = planned(&account, &desired).await;
        let stopped = apply(&account, &plan, |_, _| {}).await.unwrap_err();
        assert_eq!(stopped.done.calls, cut);
        account.state().fail_from = None;
        let rest = planned(&account, &desired).await;
        assert_eq!(rest.hand_made(), [""; 0], "cut at {cut}");
        apply(&account, &rest, |_, _| {}).await.unwrap();
        assert_eq!(account.state().alarms, whole.state().alarms, "cut at {cut}");
        assert_eq!(account.state().topics, whole.state().topics, "cut at {cut}");
        assert_eq!(
            account.state().dashboards,
            whole.state().dashboards,
            "cut at {cut}"
        );
        assert_eq!(rules(&account), rules(&whole), "cut at {cut}");
        assert!(planned(&account, &desired).await.is_empty(), "cut at {cut}");
    }
}

/// The same law for deleting: what is left is deleted by the next one.
#[tokio::test]
async fn a_destroy_that_is_cut_anywhere_is_healed_by_the_next() {
    let desired = Files::default().desired();
    let nothing = Desired::nothing(desired.target.clone());
    for cut in 0.. {
        let account = Fake::new(&desired.target);
        let before = applied(&account, &desired).await.calls;
        account.state().fail_from = Some(before + cut);
        let plan = planned(&account, &nothing).await;
        let outcome = apply(&account, &plan, |_, _| {}).await;
        account.state().fail_from = None;
        applied(&account, &nothing).await;
        let state = account.state();
        assert!(state.alarms.is_empty(), "cut at {cut}");
        assert!(state.topics.is_empty(), "cut at {cut}");
        assert!(state.dashboards.is_empty(), "cut at {cut}");
        drop(state);
        assert_eq!(
            rules(&account),
            rules(&Fake::new(&desired.target)),
            "cut at {cut}"
        );
        if outcome.is_ok() {
            return;
        }
    }
}

/// A line may count twice for a moment, and no line goes uncounted.
#[tokio::test]
async fn a_filter_that_changes_is_put_before_its_old_version_goes() {
    let desired = Files::default().desired();
    let changed = Files {
        alarms: ALARMS.replace("ConsoleLogin", "SwitchRole"),
        ..Files::default()
    };
    let changed = changed.desired();
    for cut in 0..=2 {
        let account = Fake::new(&desired.target);
        let before = applied(&account, &desired).await.calls;
        let plan = planned(&account, &changed).await;
        assert_eq!(plan.hand_made(), [""; 0]);
        account.state().fail_from = Some(before + cut);
        let outcome = apply(&account, &plan, |_, _| {}).await;
        assert_eq!(outcome.is_ok(), cut == 2);
        account.state().fail_from = None;
        assert!(!account.state().metric_filters.is_empty(), "cut at {cut}");
        let rest = planned(&account, &changed).await;
        assert_eq!(rest.hand_made(), [""; 0], "cut at {cut}");
        apply(&account, &rest, |_, _| {}).await.unwrap();
        let operations: Vec<_> = account.state().writes[before..]
            .iter()
            .map(Call::operation)
            .collect();
        assert_eq!(
            operations,
            ["logs:PutMetricFilter", "logs:DeleteMetricFilter"]
        );
        assert!(planned(&account, &changed).await.is_empty(), "cut at {cut}");
    }
}

/// The law of healing, for an apply that takes things over.
#[tokio::test]
async fn an_adoption_that_is_cut_anywhere_is_healed_and_all_of_it_is_ours_then() {
    let desired = Files::default().desired();
    let all = Adopt::named([
        "shop-dev-oncall",
        "findings",
        "orders-failing",
        "b-checkout-down",
        "shop",
        "shop-dev-maintenance",
        "shop-dev-pay",
    ]);
    for cut in 0.. {
        let account = Fake::new(&desired.target);
        let before = applied(&account, &desired).await.calls;
        disown(&mut account.state());
        let observed = observe(&account, &desired).await.unwrap();
        let adoption = plan(&desired, &observed, &all).unwrap();
        account.state().fail_from = Some(before + cut);
        let outcome = apply(&account, &adoption, |_, _| {}).await;
        account.state().fail_from = None;
        let observed = observe(&account, &desired).await.unwrap();
        let rest = plan(&desired, &observed, &all).unwrap();
        assert_eq!(rest.hand_made(), [""; 0], "cut at {cut}");
        apply(&account, &rest, |_, _| {}).await.unwrap();
        assert!(planned(&account, &desired).await.is_empty(), "cut at {cut}");
        applied(&account, &Desired::nothing(desired.target.clone())).await;
        let state = account.state();
        assert!(state.topics.is_empty(), "cut at {cut}");
        assert!(state.alarms.is_empty(), "cut at {cut}");
        assert!(state.dashboards.is_empty(), "cut at {cut}");
        drop(state);
        let nothing = rules(&Fake::new(&desired.target));
        assert_eq!(rules(&account), nothing, "cut at {cut}");
        if outcome.is_ok() {
            assert!(cut >= 12, "an adoption of seven kinds is many calls");
            return;
        }
    }
}

/// One resource of each kind as somebody else would have made it: no tag, no mark.
fn disown(state: &mut State) {
    for topic in state.topics.values_mut() {
        topic.tags.clear();
        "Theirs".clone_into(&mut topic.display_name);
    }
    for (name, (alarm, tags)) in &mut state.alarms {
        match alarm {
            Alarm::Metric(alarm) if name == "orders-failing" => alarm.description.clear(),
            Alarm::Composite(alarm) if name == "b-checkout-down" => alarm.description.clear(),
            _ => continue,
        }
        tags.clear();
    }
    for (rule, tags, _) in state.event_rules.values_mut() {
        rule.description.clear();
        tags.clear();
    }
    for (rule, tags) in state.mute_rules.values_mut() {
        rule.description.clear();
        tags.clear();
    }
    for (body, tags) in state.dashboards.values_mut() {
        *body = body.replace("# Shop", "# Theirs");
        tags.clear();
    }
    for (rule, tags) in state.sampling_rules.values_mut() {
        rule.rate = 1.0;
        tags.clear();
    }
}
