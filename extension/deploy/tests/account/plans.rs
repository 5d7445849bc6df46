//! What a plan shows, says and asks, and a plan that is kept for later.

use obs_deploy::account::fake::Fake;
use obs_deploy::plan::saved::Saved;
use obs_deploy::plan::{Adopt, PlanError, Style, observe, plan};

use super::{ALARMS, DASHBOARD, Files, PROJECT, applied, held, planned, text};

#[tokio::test]
async fn a_first_plan_shows_everything_field_by_field() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    insta::assert_snapshot!(text(&planned(&account, &desired).await));
    assert!(account.state().writes.is_empty(), "a plan writes nothing");
}

#[tokio::test]
async fn an_unchanged_plan_asks_for_no_alarm_one_by_one() {
    let (desired, account) = held().await;
    account.state().reads.clear();
    planned(&account, &desired).await;
    let reads = account.state().reads.clone();
    assert_eq!(reads["DescribeAlarms"], 1);
    // The one dashboard's and the one sampling rule's.
    assert_eq!(reads["ListTagsForResource"], 2);
}

#[tokio::test]
async fn a_diff_names_the_fields_and_the_widgets() {
    let account = {
        let desired = Files::default().desired();
        let account = Fake::new(&desired.target);
        applied(&account, &desired).await;
        account
    };
    let changed = Files {
        project: PROJECT.replace("limit: 5", "limit: 7.5").replace(
            "pager: \"http://127.0.0.1:9/\"",
            "pager: \"http://127.0.0.1:10/\"",
        ),
        alarms: ALARMS
            .replace("3 of 5", "4 of 5")
            .replace("OR ALARM(\"ship-slow\")", ""),
        dashboard: DASHBOARD
            .replace("statistic: p90", "statistic: p99")
            .replace(
                "      - alarms: [all]",
                "      - alarms: [pay-slow]\n        title: Paying",
            ),
    };
    let desired = changed.desired();
    insta::assert_snapshot!(text(&planned(&account, &desired).await));
    applied(&account, &desired).await;
    assert!(planned(&account, &desired).await.is_empty());
}

#[tokio::test]
async fn an_account_of_another_number_is_refused() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target).of_account("123456789012");
    let error = observe(&account, &desired).await.unwrap_err();
    assert!(matches!(error, PlanError::OtherAccount { .. }));
    insta::assert_snapshot!(error);
}

#[tokio::test]
async fn a_saved_plan_is_the_same_when_read_and_holds_until_the_account_moves() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    let observed = observe(&account, &desired).await.unwrap();
    let saved = Saved {
        adopt: Adopt::named(["x"]),
        plan: plan(&desired, &observed, &Adopt::nothing()).unwrap(),
        desired,
    };
    let text = Saved::write(vec![saved.clone()]);
    assert_eq!(text, Saved::write(vec![saved.clone()]));
    let read = Saved::read(&text).unwrap();
    assert_eq!(read, std::slice::from_ref(&saved));
    read[0].still_holds(&observed).unwrap();

    let call = saved.plan.steps[1].calls[0].clone();
    obs_deploy::account::Writes::write(&account, &saved.plan.steps[0].calls[0])
        .await
        .unwrap();
    obs_deploy::account::Writes::write(&account, &call)
        .await
        .unwrap();
    let observed = observe(&account, &saved.desired).await.unwrap();
    let moved = read[0].still_holds(&observed).unwrap_err();
    insta::assert_snapshot!(moved);
}

#[tokio::test]
async fn what_is_no_saved_plan_is_refused_with_a_remedy() {
    let said = |text: &str| Saved::read(text).unwrap_err().to_string();
    insta::assert_snapshot!(said("not a plan"));
    insta::assert_snapshot!(said("{\"obs_plan\": 99}"));
    insta::assert_snapshot!(said("{\"obs_plan\": 1}"));
}

#[tokio::test]
async fn a_plan_is_written_as_markdown_and_as_json() {
    let files = Files {
        alarms: ALARMS.replace("Orders fail.", "Orders fail ``` <b>."),
        ..Files::default()
    };
    let desired = files.desired();
    let account = Fake::new(&desired.target);
    let plan = planned(&account, &desired).await;
    let written = |style| {
        let mut text = String::new();
        plan.render(&mut text, style).unwrap();
        text
    };
    insta::assert_snapshot!(written(Style::Markdown));
    let json = written(Style::Json);
    assert_eq!(json.lines().count(), 1);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["steps"][0]["calls"][0], "sns:CreateTopic");
    assert_eq!(
        json["steps"].as_array().map(Vec::len),
        Some(plan.steps.len())
    );
}
