//! CloudWatch's documented examples, cell by cell, and the laws of evaluation.

use proptest::prelude::*;

use crate::metric::{MemorySource, MetricId, TimeRange};
use crate::query::{MetricDataQuery, Options, QueryKind, ScanBy, evaluate};
use crate::series::{MetricStat, Period};
use crate::statistic::Statistic;

const GAP: Option<f64> = None;
/// 2026-11-23T04:00:00Z, a Monday.
const START: i64 = 1_795_406_400_000;

/// A row such as `30 20 - 0` as points a minute.
fn row(text: &str) -> Vec<Option<f64>> {
    text.split_whitespace()
        .map(|cell| {
            if cell == "-" {
                GAP
            } else {
                Some(cell.parse().unwrap())
            }
        })
        .collect()
}

fn expression(id: &str, text: &str) -> MetricDataQuery {
    let kind = QueryKind::Expression {
        text: text.to_owned(),
        period: None,
    };
    MetricDataQuery {
        id: id.to_owned(),
        kind,
        label: None,
        return_data: true,
    }
}

/// Evaluates an expression over the rows m1, m2, ... to the rows it gives.
fn run(rows: &[&str], text: &str) -> Result<Vec<String>, String> {
    let mut source = MemorySource::new();
    let mut queries = Vec::new();
    let mut width = 1;
    for (index, cells) in rows.iter().enumerate() {
        let metric = MetricId::new("NS", format!("Metric{}", index + 1), vec![]);
        let cells = row(cells);
        width = width.max(cells.len());
        source.push_periods(&metric, START, 60, &cells);
        let stat = MetricStat {
            metric,
            period: Period::MINUTE,
            stat: Statistic::Sum,
            unit: None,
        };
        queries.push(MetricDataQuery {
            id: format!("m{}", index + 1),
            kind: QueryKind::Stat(stat),
            label: None,
            return_data: false,
        });
    }
    queries.push(expression("e1", text));
    let range = TimeRange {
        start_ms: START,
        end_ms: START + width as i64 * 60_000,
    };
    let options = Options {
        scan_by: ScanBy::TimestampAscending,
        ..Options::from(range)
    };
    let results = evaluate(&queries, &options, &source).map_err(|e| e.to_string())?;
    let cells = |result: &crate::query::MetricDataResult| {
        let cell = |minute: i64| {
            let at = result
                .timestamps_ms
                .iter()
                .position(|t| *t == START + minute * 60_000);
            at.map_or("-".to_owned(), |i| {
                ((result.values[i] * 1e6).round() / 1e6).to_string()
            })
        };
        (0..width as i64).map(cell).collect::<Vec<_>>().join(" ")
    };
    Ok(results.iter().map(cells).collect())
}

fn check(rows: &[&str], text: &str, expected: &[&str]) {
    assert_eq!(
        run(rows, text).as_deref(),
        Ok(expected
            .iter()
            .map(|e| e.to_string())
            .collect::<Vec<_>>()
            .as_slice()),
        "{text}"
    );
}

fn refuse(rows: &[&str], text: &str, expected: &str) {
    let error = run(rows, text).expect_err(text);
    assert!(error.contains(expected), "{text}: {error}");
}

#[test]
fn the_documented_comparisons_hold_cell_by_cell() {
    let rows = ["30 20 0 0", "20 - 20 -"];
    check(&rows, "m1<m2", &["0 0 1 0"]);
    check(&rows, "m1>m2", &["1 1 0 0"]);
    check(&rows, "m1>=30", &["1 0 0 0"]);
    check(&rows, "(m1>15 AND m2>15)", &["1 0 0 0"]);
    check(&rows, "m1>15 && m2>15", &["1 0 0 0"]);
    check(&rows, "m1>15 OR m2>15", &["1 1 1 0"]);
    check(&rows, "m1==m2", &["0 0 0 1"]);
    check(&rows, "m1!=m2 || m1<=0", &["1 1 1 1"]);
}

#[test]
fn the_documented_ifs_hold_cell_by_cell() {
    let rows = ["1 1 0 0 -", "30 - 0 0 30", "0 0 20 - 20"];
    check(&rows, "IF(m1,m2,m3)", &["30 0 20 0 -"]);
    check(&rows, "IF(m1,5,m3)", &["5 5 20 - -"]);
    check(&rows, "IF(m1,m2,5)", &["30 0 5 5 -"]);
    check(&rows, "IF(m1,m2)", &["30 0 - - -"]);
    check(&rows, "IF(1,m2,m3)", &["30 - 0 0 30"]);
    check(&rows, "IF(0,m2,m3)", &["0 0 20 - 20"]);
    check(&rows, "IF(0,m2)", &["- - - - -"]);
    check(&rows, "IF(0,m2,7)", &["7 - 7 7 7"]);
    check(
        &rows,
        "IF(AVG(m2) > 10, METRICS(\"m1\"), [m2])",
        &["1 1 0 0 -"],
    );
}

#[test]
fn operators_follow_their_precedence_and_treat_a_gap_as_zero() {
    let rows = ["1 2 -", "4 - 0"];
    check(&rows, "m1+m2", &["5 2 0"]);
    check(&rows, "m1-m2*2", &["-7 2 0"]);
    check(&rows, "m1/m2", &["0.25 - -"]);
    check(&rows, "-m1^2", &["-1 -4 -"]);
    check(&rows, "2^3^2 + m1*0", &["512 512 -"]);
    check(&rows, "(1+2)*m1", &["3 6 -"]);
    check(&rows, "10-2-3+m1*0", &["5 5 -"]);
    check(&rows, "METRICS()*2", &["2 4 -", "8 - 0"]);
    check(&rows, "1e1*m1+.5", &["10.5 20.5 -"]);
    check(&rows, "m1/0", &["- - -"]);
    check(&rows, "m1 * (1/0)", &["- - -"]);
}

#[test]
fn every_function_of_the_table_computes() {
    let rows = ["-1.5 2.5 - 10", "4 - 8 -"];
    check(&rows, "ABS(m1)", &["1.5 2.5 - 10"]);
    check(&rows, "CEIL(m1)", &["-1 3 - 10"]);
    check(&rows, "FLOOR(m1)", &["-2 2 - 10"]);
    check(&rows, "LOG10(m1)", &["- 0.39794 - 1"]);
    check(&rows, "LOG(m2)", &["1.386294 - 2.079442 -"]);
    check(&rows, "m1*0+AVG(m2)", &["6 6 - 6"]);
    check(&rows, "m1*0+MAX(m1)-MIN(m1)", &["11.5 11.5 - 11.5"]);
    check(&rows, "m1*0+SUM(m2)", &["12 12 - 12"]);
    check(&rows, "m1*0+STDDEV(m2)", &["2 2 - 2"]);
    check(&rows, "m1*0+DATAPOINT_COUNT(m1)", &["3 3 - 3"]);
    check(&rows, "SUM([m1,m2])", &["2.5 2.5 8 10"]);
    check(&rows, "AVG([m1,m2])", &["1.25 1.25 4 5"]);
    check(&rows, "MAX(METRICS())", &["4 2.5 8 10"]);
    check(&rows, "MIN(METRICS())", &["-1.5 2.5 8 10"]);
    check(&rows, "DATAPOINT_COUNT(METRICS())", &["2 1 1 1"]);
    check(&rows, "STDDEV(METRICS())", &["2.75 0 0 0"]);
    check(&rows, "DIFF(m1)", &["- 4 - 7.5"]);
    check(&rows, "DIFF_TIME(m1)", &["- 60 - 120"]);
    check(&rows, "RATE(m1)", &["- 0.066667 - 0.0625"]);
    check(&rows, "RUNNING_SUM(m1)", &["-1.5 1 - 11"]);
    check(&rows, "FILL(m1,0)", &["-1.5 2.5 0 10"]);
    check(&rows, "FILL(m1,m2)", &["-1.5 2.5 8 10"]);
    check(&rows, "FILL(m2,REPEAT)", &["4 4 8 8"]);
    check(&rows, "FILL(m1,LINEAR)", &["-1.5 2.5 6.25 10"]);
    check(&rows, "FILL(METRICS(),1)", &["-1.5 2.5 1 10", "4 1 8 1"]);
    check(&rows, "FIRST(METRICS())", &["-1.5 2.5 - 10"]);
    check(&rows, "LAST(METRICS())", &["4 - 8 -"]);
    check(&rows, "SLICE(METRICS(),0,1)", &["-1.5 2.5 - 10"]);
    check(&rows, "SLICE(METRICS(),1)", &["4 - 8 -"]);
    check(
        &rows,
        "SORT(METRICS(),AVG,DESC)",
        &["4 - 8 -", "-1.5 2.5 - 10"],
    );
    check(&rows, "SORT(METRICS(),MAX,DESC,1)", &["-1.5 2.5 - 10"]);
    check(
        &rows,
        "SORT(METRICS(),SUM,ASC)",
        &["-1.5 2.5 - 10", "4 - 8 -"],
    );
    check(&rows, "TIME_SERIES(METRIC_COUNT(METRICS()))", &["2 2 2 2"]);
    check(&rows, "TIME_SERIES(PERIOD(m1))", &["60 60 60 60"]);
    check(&rows, "m1/PERIOD(m1)", &["-0.025 0.041667 - 0.166667"]);
    check(&rows, "REMOVE_EMPTY([m1,m2/0])", &["-1.5 2.5 - 10"]);
    check(&rows, "METRICS(\"2\")", &["4 - 8 -"]);
    check(&rows, "MINUTE(m1)", &["0 1 2 3"]);
    check(&rows, "HOUR(m1)", &["4 4 4 4"]);
    check(&rows, "DAY(m1)", &["1 1 1 1"]);
    check(&rows, "DATE(m1)", &["23 23 23 23"]);
    check(&rows, "MONTH(m1)", &["11 11 11 11"]);
    check(&rows, "YEAR(m1)", &["2026 2026 2026 2026"]);
    check(&rows, "EPOCH(m1)-1795406400", &["0 60 120 180"]);
    check(
        &rows,
        "SEARCH('{NS} MetricName=\"Metric2\"', 'Sum', 60)",
        &["4 - 8 -"],
    );
    check(&rows, "SUM(SEARCH('{NS}', 'Sum', 60))", &["2.5 2.5 8 10"]);
}

/// CloudWatch's user guide, "Metric math syntax and functions": each of its examples
/// that needs nothing but data.
#[test]
fn the_documented_examples_compute() {
    let rows = ["1 2 - 4", "4 - 8 0"];
    check(&rows, "SUM([METRICS(\"m1\"), METRICS('m2')])", &["5 2 8 4"]);
    check(&rows, "SUM([METRICS(), m1])", &["6 4 8 8"]);
    check(&rows, "SUM(100/[m1, m2])", &["125 50 12.5 25"]);
    check(&rows, "SUM(-[m1, m2])", &["-5 -2 -8 -4"]);
    check(&rows, "MIN(ABS([m1, m2]))", &["1 2 8 0"]);
    check(&rows, "SUM(CEIL(METRICS()))", &["5 2 8 4"]);
    check(&rows, "SUM([m1,m2])/AVG(m2)", &["1.25 0.5 2 1"]);
    check(&rows, "MAX(m1)/m1", &["4 2 - 1"]);
    check(&rows, "m1-MIN(m1)", &["0 1 - 3"]);
    check(&rows, "m1/METRIC_COUNT(METRICS())", &["0.5 1 - 2"]);
    check(&rows, "FILL(METRICS(), m1)", &["1 2 - 4", "4 2 8 0"]);
    check(&rows, "FILL(m1, MIN(m1))", &["1 2 1 4"]);
    check(&rows, "RUNNING_SUM([m1,m2])", &["1 3 - 7", "4 - 12 12"]);
    check(&rows, "DIFF_TIME(METRICS())", &["- 60 - 120", "- - 120 60"]);
    check(
        &rows,
        "SUM(METRICS(\"1\"))/SUM(METRICS(\"2\"))*100",
        &["25 - 0 -"],
    );
    check(&rows, "TIME_SERIES(5*AVG(m2))", &["20 20 20 20"]);
    check(
        &rows,
        "IF(FIRST(SORT(METRICS(), AVG, DESC))>4, 1, 0)",
        &["0 - 1 0"],
    );
    check(&rows, "IF(m1<3, m1)", &["1 2 - -"]);
    check(&rows, "IF(m1<3, 10, 2)", &["10 10 - 2"]);
    check(&rows, "IF(m1>m2, 1, 0)", &["0 1 0 1"]);
}

/// The same page: the functions of the calendar give "a new non-sparse time series".
#[test]
fn the_calendar_has_no_gaps() {
    check(&["- 5 -"], "MINUTE(m1)", &["0 1 2"]);
    check(&["- - -"], "DAY(m1)", &["1 1 1"]);
    check(&["- 5 -"], "IF(DAY(m1)<6,m1)", &["0 5 0"]);
    check(&["- 5 -"], "IF(MONTH(m1)==4,m1)", &["- - -"]);
    refuse(
        &["1"],
        "HOUR(METRICS())",
        "expected a time series, found an array",
    );
}

/// What is done first to a gap decides what is left of it.
#[test]
fn gaps_at_the_ends_stay_where_nothing_is_known() {
    check(&["- 1 - 2 -"], "FILL(m1,REPEAT)", &["- 1 1 2 2"]);
    check(&["- 1 - 2 -"], "FILL(m1,LINEAR)", &["- 1 1.5 2 -"]);
    check(&["- - - - -"], "FILL(m1,REPEAT)", &["- - - - -"]);
    check(&["- - - - -"], "FILL(m1,0)", &["0 0 0 0 0"]);
    check(&["- 1 - 2 -"], "FILL(m1,AVG(m1))", &["1.5 1 1.5 2 1.5"]);
    check(&["- - -"], "m1-AVG(m1)", &["- - -"]);
    check(&["- - -", "1 2 3"], "m2-AVG(m1)", &["- - -"]);
    check(&["- - -"], "TIME_SERIES(SUM(m1))", &["- - -"]);
    check(&["- - -", "1 2 3"], "REMOVE_EMPTY(METRICS())", &["1 2 3"]);
    check(
        &["- - -", "1 2 3"],
        "TIME_SERIES(METRIC_COUNT(METRICS()))",
        &["2 2 2"],
    );
    check(&["1 2 3"], "METRICS(\"none\")", &[]);
    check(&["1 2 3"], "SUM(METRICS(\"none\"))", &["- - -"]);
    check(&["1 2 3"], "FIRST(METRICS(\"none\"))", &["- - -"]);
    check(&["1 2 3"], "SLICE(METRICS(),5)", &[]);
    check(&["1 2 3"], "SORT(METRICS(),MAX,ASC,0)", &[]);
    check(&["5"], "RATE(m1)", &["-"]);
    check(&["- 5 - - 11"], "RATE(m1)", &["- - - - 0.033333"]);
}

/// The same page, "SEARCH", and "CloudWatch search expression syntax".
#[test]
fn a_search_reads_as_the_documents_write_it() {
    let rows = ["1 2", "3 4"];
    check(&rows, "SEARCH('{NS}, \"Metric1\" ', 'Sum', 60)", &["1 2"]);
    check(
        &rows,
        "SUM(SEARCH(' {NS}, MetricName=\"Metric2\" ', 'Sum', 60))",
        &["3 4"],
    );
    check(
        &rows,
        "SEARCH(\"{NS} \\\"Metric1\\\"\", \"Sum\", 60)",
        &["1 2"],
    );
    check(&rows, "SEARCH('NS NOT \"Metric1\"', 'Sum', 60)", &["3 4"]);
    check(&rows, "SEARCH(' NOT Namespace=NS ', 'Sum', 60)", &[]);
    check(
        &rows,
        "SEARCH(' (metric AND 1) OR \"Metric2\" ', 'Sum', 60)",
        &["1 2", "3 4"],
    );
}

/// The same page: "A search expression can find only metrics that have reported data
/// within the past two weeks."
#[test]
fn a_search_forgets_what_has_been_silent_for_two_weeks() {
    const DAY: i64 = 86_400_000;
    let mut source = MemorySource::new();
    for days in 0..20 {
        let metric = MetricId::new("NS", format!("Silent{days:02}"), vec![]);
        source.push_periods(&metric, START - days * DAY, 3_600, &[Some(1.0)]);
    }
    let range = TimeRange {
        start_ms: START - 20 * DAY,
        end_ms: START + 3_600_000,
    };
    let found = |now_ms| {
        let query = expression("e1", "SEARCH('{NS}', 'Sum', 3600)");
        let options = Options {
            now_ms,
            ..Options::from(range)
        };
        evaluate(&[query], &options, &source).unwrap().len()
    };
    assert_eq!((found(Some(START + 3_600_000)), found(None)), (14, 20));
}

#[test]
fn what_only_aws_can_compute_is_refused_by_name() {
    for name in [
        "ANOMALY_DETECTION_BAND",
        "SERVICE_QUOTA",
        "INSIGHT_RULE_METRIC",
        "LAMBDA",
        "DB_PERF_INSIGHTS",
    ] {
        refuse(
            &["1"],
            &format!("{name}(m1)"),
            &format!("the function {name} needs"),
        );
    }
}

#[test]
fn an_error_says_where_it_is_and_what_was_expected() {
    refuse(
        &["1"],
        "m1 +",
        "at character 5: expected a metric, a number or a function, found the end",
    );
    refuse(
        &["1"],
        "m1 m1",
        "at character 4: expected an operator or the end, found `m1`",
    );
    refuse(&["1"], "m1 = 2", "did you mean `==`?");
    refuse(&["1"], "m1 * 5%", "`%` is no operator");
    refuse(
        &["1"],
        "AVRG(m1)",
        "at character 1: there is no function `AVRG`, did you mean `AVG`?",
    );
    refuse(&["1"], "avg(m1)", "did you mean `AVG`?");
    refuse(&["1"], "errors/m1", "no query has the id `errors`");
    refuse(&["1", "2"], "m3+m1", "did you mean `m1`?");
    refuse(&["1"], "SUM(m1", "expected `,` or `)`, found the end");
    refuse(&["1"], "(m1", "expected `)`, found the end");
    refuse(&["1"], "'text", "no closing '");
    refuse(&["1"], "m1 + ü", "found `ü`");
    refuse(&["1"], "", "found the end");
}

#[test]
fn an_expression_of_the_wrong_type_is_refused() {
    refuse(&["1"], "AVG(m1)", "the result is a single number");
    refuse(&["1"], "5", "the result is a single number");
    refuse(
        &["1"],
        "AVG(AVG(m1))",
        "at character 5: expected a time series or an array of time series, found a number",
    );
    refuse(&["1"], "METRICS() + METRICS()", "two arrays");
    refuse(
        &["1"],
        "FIRST(m1)",
        "expected an array of time series, found a time series",
    );
    refuse(&["1"], "PERIOD(m1*2)", "PERIOD takes the id of a metric");
    refuse(
        &["1"],
        "TIME_SERIES(m1)",
        "expected a number, found a time series",
    );
    refuse(
        &["1"],
        "SORT(METRICS(), MEDIAN, ASC)",
        "expected AVG, MIN, MAX, SUM",
    );
    refuse(
        &["1"],
        "SORT(METRICS(), MAX)",
        "SORT takes 3 to 4 arguments, found 2",
    );
    refuse(
        &["1"],
        "FILL(m1, METRICS())",
        "expected a number or a time series",
    );
    refuse(&["1"], "[m1, 2]", "expected a time series, found a number");
    refuse(
        &["1"],
        "IF(m1, METRICS(), 1)",
        "where the condition is a time series",
    );
    refuse(
        &["1"],
        "IF(METRICS(), 1, 2)",
        "expected a number or a time series",
    );
    refuse(&["1"], "\"m1\"", "a text can only be");
    refuse(&["1"], "SEARCH('{NS', 'Sum')", "expected `}`");
    refuse(&["1"], "SEARCH('{NS}', 'Sun')", "did you mean `Sum`?");
    refuse(&["1"], "SEARCH('{NS}', 'Sum', 7)", "period 7");
    refuse(&["1"], "e1 + m1", "depends on itself");
}

#[test]
fn nothing_grows_without_bound() {
    refuse(
        &["1"],
        &format!("{}m1{}", "(".repeat(100), ")".repeat(100)),
        "nested deeper",
    );
    refuse(
        &["1"],
        &format!("m1{}", "+m1".repeat(400)),
        "more than 256 levels",
    );
    refuse(
        &["1"],
        &format!("m1{}", " ".repeat(3_000)),
        "longer than 2048 characters",
    );
    let range = TimeRange {
        start_ms: 0,
        end_ms: i64::MAX / 2,
    };
    let query = expression("e1", "TIME_SERIES(1)");
    let error = evaluate(&[query], &Options::from(range), &MemorySource::new()).unwrap_err();
    assert!(error.to_string().contains("at most 100800"), "{error}");
}

#[test]
fn expressions_may_stand_before_what_they_name() {
    let (one, two) = (expression("e1", "e2+1"), expression("e2", "TIME_SERIES(1)"));
    let range = TimeRange {
        start_ms: 0,
        end_ms: 300_000,
    };
    let results = evaluate(&[one, two], &Options::from(range), &MemorySource::new()).unwrap();
    assert_eq!(
        (results[0].id.as_str(), &results[0].values[..]),
        ("e1", &[2.0][..])
    );
    let loops = [expression("e1", "e2"), expression("e2", "e1")];
    assert!(evaluate(&loops, &Options::from(range), &MemorySource::new()).is_err());
    let twice = [expression("e1", "1"), expression("e1", "1")];
    assert!(evaluate(&twice, &Options::from(range), &MemorySource::new()).is_err());
}

fn any_row() -> impl Strategy<Value = String> {
    let cell = prop_oneof![
        Just("-".to_owned()),
        (-20_i32..20).prop_map(|v| v.to_string())
    ];
    prop::collection::vec(cell, 6).prop_map(|cells| cells.join(" "))
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_or_the_evaluator_panic(text in "[A-Za-z0-9_()\\[\\],+*/^<>=!&|'\" .-]{0,40}|\\PC{0,40}") {
        let _ = run(&["1 2 -", "3 - 4"], &text);
    }

    #[test]
    fn no_row_of_real_words_panics(words in prop::collection::vec(prop::sample::select(vec![
        "m1", "m2", "METRICS()", "SUM(", "FILL(", "IF(", "SORT(", "SLICE(", ")", ",", "+", "-", "/", "^", "0", "1e300", "REPEAT", "AVG", "[", "]", ">",
        "TIME_SERIES(", "MAX(", "DESC", "LINEAR", "RATE(", "AND", "FIRST(",
    ]), 0..12)) {
        let _ = run(&["1 2 -", "3 - 4"], &words.join(" "));
    }

    #[test]
    fn the_sum_of_an_array_is_the_sum_of_its_members(a in any_row(), b in any_row()) {
        prop_assert_eq!(run(&[&a, &b], "SUM(METRICS())"), run(&[&a, &b], "m1+m2"));
    }

    #[test]
    fn a_filled_series_has_no_gap_and_keeps_its_points(a in any_row()) {
        let filled = run(&[&a], "FILL(m1,99)").unwrap().remove(0);
        for (cell, filled) in a.split(' ').zip(filled.split(' ')) {
            prop_assert!(filled == cell || (cell == "-" && filled == "99"));
        }
    }

    #[test]
    fn a_condition_and_its_opposite_make_the_whole(a in any_row()) {
        prop_assert_eq!(run(&[&a], "IF(m1>0,m1,m1)"), run(&[&a], "m1"));
    }

    #[test]
    fn the_last_of_a_running_sum_is_the_sum(a in any_row()) {
        let all = run(&[&a], "RUNNING_SUM(m1)-SUM(m1)").unwrap().remove(0);
        let last = all.split(' ').rfind(|cell| *cell != "-").map(str::to_owned);
        prop_assert!(last.is_none_or(|cell| cell == "0" || cell == "-0"));
    }

    #[test]
    fn a_rate_is_a_difference_over_its_time(a in any_row()) {
        prop_assert_eq!(run(&[&a], "RATE(m1)*DIFF_TIME(m1)-DIFF(m1)+DIFF(m1)"), run(&[&a], "DIFF(m1)"));
    }

    #[test]
    fn a_comparison_and_its_mirror_agree(a in any_row(), b in any_row()) {
        for (one, other) in [("m1<m2", "m2>m1"), ("m1<=m2", "m2>=m1"), ("m1==m2", "m2==m1"), ("m1!=m2", "m2!=m1")] {
            prop_assert_eq!(run(&[&a, &b], one), run(&[&a, &b], other));
        }
        // Both sides of every comparison together are everything, once.
        let whole = run(&[&a, &b], "(m1<m2)+(m1>=m2)").unwrap().remove(0);
        prop_assert!(whole.split(' ').all(|cell| cell == "1" || cell == "-"), "{}", whole);
    }

    #[test]
    fn sorting_keeps_every_series(a in any_row(), b in any_row()) {
        for order in ["AVG,ASC", "MAX,DESC", "SUM,ASC"] {
            let mut sorted = run(&[&a, &b], &format!("SORT(METRICS(),{order})")).unwrap();
            let mut series = run(&[&a, &b], "METRICS()").unwrap();
            sorted.sort();
            series.sort();
            prop_assert_eq!(sorted, series);
        }
    }

    #[test]
    fn slices_of_an_array_make_the_whole(a in any_row(), b in any_row(), at in 0_usize..3) {
        let mut parts = run(&[&a, &b], &format!("SLICE(METRICS(),0,{at})")).unwrap_or_default();
        parts.extend(run(&[&a, &b], &format!("SLICE(METRICS(),{at})")).unwrap_or_default());
        prop_assert_eq!(parts, run(&[&a, &b], "METRICS()").unwrap());
    }
}
