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


def put_filter(logs, found, **changed):
    """Puts a filter as it was described, but for what changed."""
    fields = ("logGroupName", "filterName", "filterPattern", "metricTransformations")
    logs.put_metric_filter(**{**{name: found[name] for name in fields}, **changed})


def test_hands_on_each_kind_stop_an_apply_until_forced(account):
    account.apply()
    logs, events, xray = account.client("logs"), account.client("events"), account.client("xray")
    cloudwatch = account.client("cloudwatch")
    found = kinds(account)
    line = found["filters"][0]
    put_filter(logs, line, filterPattern='"somebody else"')
    rule = found["rules"][0]
    events.put_rule(
        Name=rule["Name"], EventPattern=rule["EventPattern"], Description=rule["Description"], State="DISABLED"
    )
    target = found["targets"][0]
    events.put_targets(Rule=rule["Name"], Targets=[{**target, "RetryPolicy": {"MaximumRetryAttempts": 0}}])
    mute = found["mutes"][0]["AlarmMuteRuleArn"].split(":alarm-mute-rule:")[1]
    as_it_was = cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName=mute)
    longer = {"Schedule": {**as_it_was["Rule"]["Schedule"], "Duration": "PT9H"}}
    cloudwatch.put_alarm_mute_rule(
        Name=mute, Rule=longer, Description=as_it_was["Description"], MuteTargets=as_it_was["MuteTargets"]
    )
    sampling = found["sampling"][0]["RuleName"]
    xray.update_sampling_rule(SamplingRuleUpdate={"RuleName": sampling, "FixedRate": 1.0})
    before = writes(account)
    refused = account.obs("apply", "--yes", "--env", "dev", *account.variables(), check=False)
    assert refused.returncode == 1 and "changed by hand" in refused.stderr
    bare = line["filterName"].split(" #")[0]
    for name in (bare, rule["Name"], mute, sampling):
        assert name in refused.stderr, name
    assert writes(account) == before
    account.apply("--force")
    assert events.describe_rule(Name=rule["Name"])["State"] == "ENABLED"
    assert cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName=mute)["Rule"] == as_it_was["Rule"]
    again = kinds(account)
    assert again["targets"] == found["targets"]
    patterns = {one["filterName"]: one["filterPattern"] for one in again["filters"]}
    assert patterns[line["filterName"]] == line["filterPattern"]
    assert [one["FixedRate"] for one in again["sampling"]] == [one["FixedRate"] for one in found["sampling"]]


def test_strangers_of_each_kind_outlive_an_apply_and_a_destroy(account):
    """Names that look like ours, descriptions that quote ours, and nobody's tags."""
    account.apply()
    logs, events, xray = account.client("logs"), account.client("events"), account.client("xray")
    cloudwatch, sns = account.client("cloudwatch"), account.client("sns")
    ours = kinds(account)
    put_filter(logs, ours["filters"][0], filterName="cloudvault/dev/by-hand", metricTransformations=[
        {"metricName": "Theirs", "metricNamespace": "Theirs", "metricValue": "1"}
    ])
    events.put_rule(Name="cloudvault-dev-theirs", EventPattern='{"source": ["theirs"]}')
    xray.create_sampling_rule(SamplingRule={
        "RuleName": "cloudvault-dev-theirs", "ResourceARN": "*", "Priority": 9000, "FixedRate": 0.5, "ReservoirSize": 1,
        "ServiceName": "*", "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": "*", "Version": 1,
    })
    cloudwatch.put_metric_alarm(
        AlarmName="cloudvault-theirs", Namespace="N", MetricName="M", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.put_alarm_mute_rule(
        Name="cloudvault-dev-theirs", Description="Not kept as code.", MuteTargets={"AlarmNames": ["cloudvault-theirs"]},
        Rule={"Schedule": {"Expression": "cron(0 3 * * SUN)", "Duration": "PT1H"}},
    )
    cloudwatch.put_dashboard(DashboardName="cloudvault-theirs", DashboardBody='{"widgets": []}')
    sns.create_topic(Name="cloudvault-dev-theirs")
    second = account.apply()
    assert "nothing to do" in (second.stdout + second.stderr).lower()
    account.obs("destroy", "--yes", "--env", "dev", *account.variables())
    left = kinds(account)
    assert [one["filterName"] for one in left["filters"]] == ["cloudvault/dev/by-hand"]
    assert [one["Name"] for one in left["rules"]] == ["cloudvault-dev-theirs"]
    assert [one["RuleName"] for one in left["sampling"]] == ["cloudvault-dev-theirs"]
    assert len(left["mutes"]) == 1
    assert [one["AlarmName"] for one in cloudwatch.describe_alarms()["MetricAlarms"]] == ["cloudvault-theirs"]
    assert [one["DashboardName"] for one in cloudwatch.list_dashboards()["DashboardEntries"]] == ["cloudvault-theirs"]
    assert [one["TopicArn"].split(":")[-1] for one in sns.list_topics()["Topics"]] == ["cloudvault-dev-theirs"]


SHOP = """project: shop
environments:
  dev: { account: "000000000000", region: us-east-1 }
topics:
  oncall: { KEYsubscriptions: [{ email: oncall@example.com }] }
severities:
  page: { topics: [oncall] }
defaults: { owner: shop, runbook: "https://example.com/${alarm}" }
"""

PARTS = """sampling:
  pay: { priority: 100, rate: 20%, reservoir: 5, service: pay }
mutes:
  night: { schedule: cron(0 3 * * SUN), duration: 1h, severities: [page] }
"""

ALARMS = """alarms:
  - name: sign-ins
    severity: page
    metric: { namespace: Shop/Trail, name: SignIns }
    filter: { log_group: /aws/lambda/cloudvault-list, pattern: '{ $.eventName = ConsoleLogin }' }
    statistic: Sum
    period: 5m
    condition: "> 0"
events:
  - name: findings
    severity: page
    pattern: { source: [aws.guardduty] }
composites:
  - name: down
    severity: page
    rule: ALARM("sign-ins")
"""


def lay_out(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_two_applies_and_a_pull_into_no_files_leave_an_empty_plan(account, tmp_path):
    """Somebody lost their files: what is pulled says all of it."""
    project, pulled = tmp_path / "project", tmp_path / "pulled"
    lay_out(project, {
        "obs.yaml": SHOP.replace("KEY", "") + PARTS, "alarms/shop.yaml": ALARMS,
        "dashboards/shop.yaml": "rows:\n  - widgets:\n      - alarms: [down]\n",
    })
    for _ in range(2):
        account.obs("apply", "--yes", "-C", str(project))
    before = writes(account)
    plan = account.obs("plan", "--detailed-exitcode", "-C", str(project))
    count = plan.stdout.splitlines()[-1]
    lay_out(pulled, {"obs.yaml": "\n".join(SHOP.splitlines()[:3]) + "\n"})
    account.obs("pull", "-C", str(pulled))
    plan = account.obs("plan", "--detailed-exitcode", "-C", str(pulled))
    assert plan.stdout.splitlines()[-1] == count and count.startswith("Nothing to do: ")
    account.obs("apply", "--yes", "-C", str(pulled))
    assert writes(account) == before


def test_the_shipped_project_is_applied_twice_pulled_and_planned_empty(account):
    for _ in range(2):
        account.apply()
    before = writes(account)
    pulled = account.obs("pull", "--print", "--env", "dev", *account.variables())
    assert "Pulled nothing; " in pulled.stdout + pulled.stderr
    plan = account.obs("plan", "--detailed-exitcode", "--env", "dev", *account.variables())
    assert "Nothing to do" in plan.stdout
    assert writes(account) == before


def test_a_topics_key_is_set_told_of_and_taken_away(account, tmp_path):
    sns = account.client("sns")
    arn = "arn:aws:sns:us-east-1:000000000000:shop-dev-oncall"

    def key():
        return sns.get_topic_attributes(TopicArn=arn)["Attributes"].get("KmsMasterKeyId")

    lay_out(tmp_path, {"obs.yaml": SHOP.replace("KEY", "kms_key: alias/shop, ")})
    applied = account.obs("apply", "--yes", "-C", str(tmp_path))
    assert key() == "alias/shop"
    assert "kms:GenerateDataKey*" in applied.stdout and "cloudwatch.amazonaws.com" in applied.stdout
    sns.set_topic_attributes(TopicArn=arn, AttributeName="KmsMasterKeyId", AttributeValue="alias/theirs")
    refused = account.obs("apply", "--yes", "-C", str(tmp_path), check=False)
    assert refused.returncode == 1 and "topic shop-dev-oncall" in refused.stderr
    account.obs("apply", "--yes", "--force", "-C", str(tmp_path))
    assert key() == "alias/shop"
    lay_out(tmp_path, {"obs.yaml": SHOP.replace("KEY", "")})
    account.obs("apply", "--yes", "-C", str(tmp_path))
    assert not key()


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
