//! SNS's topics and subscriptions.

use crate::support::Running;

#[tokio::test]
async fn topics_are_idempotent_and_keep_tags_and_attributes() {
    let running = Running::start().await;
    let sns = client!(aws_sdk_sns, running);
    let tag = aws_sdk_sns::types::Tag::builder()
        .key("project")
        .value("cloudvault")
        .build()
        .unwrap();
    let create = sns.create_topic().name("alerts").tags(tag);
    let arn = create.clone().send().await.unwrap().topic_arn.unwrap();
    assert_eq!(
        create.send().await.unwrap().topic_arn.as_deref(),
        Some(arn.as_str())
    );
    let tags = sns
        .list_tags_for_resource()
        .resource_arn(&arn)
        .send()
        .await
        .unwrap();
    assert_eq!(tags.tags()[0].value(), "cloudvault");
    let policy = r#"{"Version":"2012-10-17","Statement":[]}"#;
    let set = sns
        .set_topic_attributes()
        .topic_arn(&arn)
        .attribute_name("Policy")
        .attribute_value(policy);
    set.send().await.unwrap();
    let attributes = sns
        .get_topic_attributes()
        .topic_arn(&arn)
        .send()
        .await
        .unwrap();
    assert_eq!(attributes.attributes().unwrap()["Policy"], policy);
    let subscribed = sns
        .subscribe()
        .topic_arn(&arn)
        .protocol("email")
        .endpoint("a@b.example");
    let subscription = subscribed
        .return_subscription_arn(true)
        .send()
        .await
        .unwrap()
        .subscription_arn
        .unwrap();
    let listed = sns
        .list_subscriptions_by_topic()
        .topic_arn(&arn)
        .send()
        .await
        .unwrap();
    assert_eq!(
        listed.subscriptions()[0].subscription_arn(),
        Some("PendingConfirmation")
    );
    let found = sns
        .get_subscription_attributes()
        .subscription_arn(&subscription)
        .send()
        .await
        .unwrap();
    assert_eq!(found.attributes().unwrap()["PendingConfirmation"], "true");
    let https = sns
        .subscribe()
        .topic_arn(&arn)
        .protocol("https")
        .endpoint("https://x.example/")
        .send()
        .await;
    let far = sns
        .subscribe()
        .topic_arn(&arn)
        .protocol("http")
        .endpoint("http://x.example/")
        .send()
        .await;
    for refused in [https.unwrap_err(), far.unwrap_err()] {
        assert_eq!(
            aws_sdk_sns::error::ProvideErrorMetadata::code(&refused),
            Some("InvalidParameter")
        );
    }
    sns.delete_topic().topic_arn(&arn).send().await.unwrap();
    let gone = sns
        .get_topic_attributes()
        .topic_arn(&arn)
        .send()
        .await
        .unwrap_err();
    assert!(gone.into_service_error().is_not_found_exception());
    running.dev.stop().await;
}
