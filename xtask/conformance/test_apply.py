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


def kinds(account):
    """Everything of the newer kinds that the account holds, as boto3 sees it."""
    logs, events, xray = account.client("logs"), account.client("events"), account.client("xray")
    cloudwatch = account.client("cloudwatch")
    rules = events.list_rules()["Rules"]
    return {
        "filters": logs.describe_metric_filters()["metricFilters"],
        "rules": rules,
        "targets": [target for rule in rules for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]],
        "mutes": cloudwatch.list_alarm_mute_rules()["AlarmMuteRuleSummaries"],
        "sampling": [
            record["SamplingRule"] for record in xray.get_sampling_rules()["SamplingRuleRecords"]
            if record["SamplingRule"]["RuleName"] != "Default"
        ],
    }


def test_filters_rules_mutes_and_sampling_are_applied_and_destroyed(account):
    account.apply()
    found = kinds(account)
    assert all(found.values()), found
    for written in found["filters"]:
        assert written["filterName"].startswith("cloudvault/dev/")
        assert written["metricTransformations"][0]["defaultValue"] == 0
    topics = {topic["TopicArn"] for topic in account.client("sns").list_topics()["Topics"]}
    assert {target["Arn"] for target in found["targets"]} <= topics
    arn = found["rules"][0]["Arn"]
    tags = account.client("events").list_tags_for_resource(ResourceARN=arn)["Tags"]
    assert {"Key": "obs:project", "Value": "cloudvault"} in tags
    arn = found["sampling"][0]["RuleARN"]
    tags = account.client("xray").list_tags_for_resource(ResourceARN=arn)["Tags"]
    assert {"Key": "obs:environment", "Value": "dev"} in tags
    name = found["mutes"][0]["AlarmMuteRuleArn"].split(":alarm-mute-rule:")[1]
    mute = account.client("cloudwatch").get_alarm_mute_rule(AlarmMuteRuleName=name)
    assert mute["Rule"]["Schedule"]["Timezone"] == "Europe/Berlin"
    assert mute["MuteTargets"]["AlarmNames"] and mute["MuteType"] == "RECURRING"
    before = writes(account)
    account.apply()
    assert writes(account) == before
    account.obs("destroy", "--yes", "--env", "dev", *account.variables())
    left = kinds(account)
    assert not any(left.values()), left


def test_hands_on_a_rule_stop_an_apply_until_forced(account):
    account.apply()
    events, xray = account.client("events"), account.client("xray")
    rule = events.list_rules()["Rules"][0]
    events.put_rule(
        Name=rule["Name"], EventPattern=rule["EventPattern"], Description=rule["Description"], State="DISABLED"
    )
    sampling = kinds(account)["sampling"][0]["RuleName"]
    xray.update_sampling_rule(SamplingRuleUpdate={"RuleName": sampling, "FixedRate": 1.0})
    refused = account.obs("apply", "--yes", "--env", "dev", *account.variables(), check=False)
    assert refused.returncode != 0
    assert rule["Name"] in refused.stdout + refused.stderr and sampling in refused.stdout + refused.stderr
    account.apply("--force")
    assert events.describe_rule(Name=rule["Name"])["State"] == "ENABLED"


def test_muted_alarms_tell_nobody_until_it_ends(account):
    account.apply()
    cloudwatch = account.client("cloudwatch")
    alarm = next(alarm for alarm in cloudwatch.describe_alarms()["MetricAlarms"] if alarm["AlarmActions"])
    name = alarm["AlarmName"]
    account.obs("mute", name, "--for", "10m", "--reason", "a rehearsal", "--env", "dev", *account.variables())
    listed = account.obs("mute", "--list", "--format", "json", "--env", "dev", *account.variables())
    assert name in listed.stdout and "a rehearsal" in listed.stdout

    def summaries():
        history = cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType="Action")
        return [item["HistorySummary"] for item in history["AlarmHistoryItems"]]

    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="before")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a check")
    assert summaries() and all("muted" in summary for summary in summaries())
    second = account.apply()
    assert "nothing to do" in (second.stdout + second.stderr).lower()
    account.obs("mute", "--end", "--env", "dev", *account.variables())
    assert cloudwatch.list_alarm_mute_rules(Statuses=["ACTIVE"])["AlarmMuteRuleSummaries"] == []


def test_a_role_is_assumed_before_the_first_call(account, tmp_path):
    (tmp_path / "obs.yaml").write_text(
        "project: shop\nenvironments:\n  dev:\n    account: '000000000000'\n    region: us-east-1\n"
        "    role: { arn: 'arn:aws:iam::000000000000:role/obs', external_id: shop }\n"
    )
    account.obs("plan", "-C", str(tmp_path))
    operations = [request["operation"] for request in account.api("requests?limit=1000")["requests"]]
    assert "AssumeRole" in operations


def test_a_line_of_a_function_becomes_a_datapoint_by_its_filter(busy):
    logs, cloudwatch = busy.client("logs"), busy.client("cloudwatch")
    group = next(
        group for group in logs.describe_log_groups()["logGroups"]
        if group["logGroupName"].startswith("/aws/lambda/cloudvault-list")
    )
    assert group["retentionInDays"] == 30
    logs.put_metric_filter(
        logGroupName=group["logGroupName"], filterName="lines", filterPattern="{ $.level EXISTS }",
        metricTransformations=[{"metricName": "Lines", "metricNamespace": "Peer", "metricValue": "1"}],
    )
    busy.invoke("cloudvault-list", {})
    assert cloudwatch.list_metrics(Namespace="Peer", MetricName="Lines")["Metrics"]
    logs.delete_metric_filter(logGroupName=group["logGroupName"], filterName="lines")
