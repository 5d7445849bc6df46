"""`obs plan`, `apply` and `destroy` against the account, judged by boto3."""


def writes(account):
    return [request for request in account.api("requests?limit=1000")["requests"] if request["write"]]


def test_a_plan_writes_nothing(account):
    account.obs("plan", "--env", "dev", *account.variables())
    assert writes(account) == []
    assert account.client("cloudwatch").describe_alarms()["MetricAlarms"] == []


def test_a_second_apply_has_nothing_to_do_and_writes_nothing(account):
    account.apply()
    before = writes(account)
    assert before
    second = account.apply()
    assert writes(account) == before
    assert "nothing to do" in (second.stdout + second.stderr).lower()


def test_boto3_sees_what_was_applied_and_destroy_removes_it(account):
    account.apply("--var", "pager=http://127.0.0.1:9/")
    cloudwatch, sns = account.client("cloudwatch"), account.client("sns")
    alarms = cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    topics = sns.list_topics()["Topics"]
    assert alarms["MetricAlarms"] and alarms["CompositeAlarms"] and topics
    assert cloudwatch.list_dashboards()["DashboardEntries"]
    topic = {topic["TopicArn"] for topic in topics}
    assert any(set(alarm["AlarmActions"]) & topic for alarm in alarms["MetricAlarms"])
    account.obs("destroy", "--yes", "--env", "dev", *account.variables())
    alarms = cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    assert not alarms["MetricAlarms"] and not alarms["CompositeAlarms"]
    assert not cloudwatch.list_dashboards()["DashboardEntries"]
    assert not sns.list_topics()["Topics"]


def test_a_stranger_in_the_account_is_left_alone(account):
    cloudwatch = account.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="somebody-elses", Namespace="N", MetricName="M", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )
    account.apply()
    account.obs("destroy", "--yes", "--env", "dev", *account.variables())
    left = cloudwatch.describe_alarms()["MetricAlarms"]
    assert [alarm["AlarmName"] for alarm in left] == ["somebody-elses"]
