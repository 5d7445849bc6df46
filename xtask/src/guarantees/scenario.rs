//! The rows of the matrix: what goes wrong, and what is promised all the same.

use anyhow::Result;

use super::lab::{Lab, Role};
use super::ledger::Found;
use super::setup::{Around, Setup};

/// The columns.
pub(super) const POLICIES: [&str; 4] = ["end", "periodic", "continuous", "adaptive"];

/// One row.
#[derive(Debug)]
pub(super) struct Scenario {
    /// What goes wrong, for the table.
    pub(super) name: &'static str,
    /// How it is brought about, in a sentence.
    pub(super) how: &'static str,
    pub(super) setup: Setup,
    pub(super) script: fn(&mut Lab) -> Result<()>,
    pub(super) promise: Promise,
}

/// What is promised of every recorded point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Promise {
    /// It arrives exactly once.
    Once,
    /// It arrives, and it may arrive more than once, for this reason.
    AtLeastOnce(&'static str),
}

impl Promise {
    /// Why what was found is not what was promised.
    pub(super) fn broken_by(self, found: &Found) -> Option<String> {
        if found.recorded == 0 {
            return Some("nothing was recorded".to_owned());
        }
        if found.delivered != found.recorded {
            let missing = found.recorded - found.delivered;
            return Some(format!("{missing} points did not arrive"));
        }
        if found.overruns > 0 {
            return Some("the extension was not done at a deadline".to_owned());
        }
        match self {
            Promise::Once if found.repeated > 0 => {
                Some(format!("{} points arrived again", found.repeated))
            }
            Promise::Once | Promise::AtLeastOnce(_) => None,
        }
    }
}

/// PutMetricData has no idempotency token.
const UNANSWERED: &str = "CloudWatch carried the request out and its answer did not arrive: \
    nothing in the API tells that from a request that never arrived, so it is sent again \
    (`OBS_ON_TIMEOUT=drop` counts it as dropped instead)";

/// The journal's cells are given back after the answer.
const UNNOTED: &str = "an extension that is killed between CloudWatch's answer and the moment \
    it gives the points' cells back to the journal leaves them there, and the next one sends \
    them again";

fn three(lab: &mut Lab) -> Result<()> {
    for _ in 0..3 {
        lab.invoke()?;
        lab.idle()?;
    }
    Ok(())
}

/// Three invocations under a fault, and one after it.
fn through(lab: &mut Lab) -> Result<()> {
    three(lab)?;
    lab.heal()?;
    lab.invoke()
}

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "nothing",
        how: "Three invocations, then SHUTDOWN.",
        setup: Setup::PLAIN,
        script: three,
        promise: Promise::Once,
    },
    Scenario {
        name: "freeze and thaw",
        how: "The environment is frozen after each invocation, and every connection it had is \
              reset at the thaw.",
        setup: Setup {
            freeze: "0s",
            ..Setup::PLAIN
        },
        script: |lab| {
            three(lab)?;
            three(lab)
        },
        promise: Promise::Once,
    },
    Scenario {
        name: "freeze, then SHUTDOWN",
        how: "One invocation, a freeze, and SHUTDOWN without another invocation.",
        setup: Setup {
            freeze: "0s",
            ..Setup::PLAIN
        },
        script: |lab| {
            lab.invoke()?;
            lab.idle()
        },
        promise: Promise::Once,
    },
    Scenario {
        name: "throttled",
        how: "CloudWatch answers 400 `Throttling` for three invocations, then it recovers.",
        setup: Setup::failing(&["cloudwatch:PutMetricData=throttle"]),
        script: through,
        promise: Promise::Once,
    },
    Scenario {
        name: "throttled to the end",
        how: "CloudWatch answers 400 `Throttling`, also at SHUTDOWN: the points leave as log \
              lines in the embedded metric format.",
        setup: Setup::failing(&["cloudwatch:PutMetricData=throttle"]),
        script: three,
        promise: Promise::Once,
    },
    Scenario {
        name: "every third request throttled",
        how: "CloudWatch answers 400 `Throttling` to 33 % of the requests.",
        setup: Setup::failing(&["cloudwatch:PutMetricData=throttle:33%"]),
        script: |lab| {
            three(lab)?;
            three(lab)
        },
        promise: Promise::Once,
    },
    Scenario {
        name: "500",
        how: "CloudWatch answers 500 for three invocations, then it recovers.",
        setup: Setup::failing(&["cloudwatch:PutMetricData=500"]),
        script: through,
        promise: Promise::Once,
    },
    Scenario {
        name: "500 to the end",
        how: "CloudWatch answers 500, also at SHUTDOWN.",
        setup: Setup::failing(&["cloudwatch:PutMetricData=500"]),
        script: three,
        promise: Promise::Once,
    },
    Scenario {
        name: "hang",
        how: "CloudWatch takes requests and never answers, also at SHUTDOWN; it does not carry \
              them out.",
        setup: Setup::failing(&["cloudwatch:PutMetricData=hang"]),
        script: three,
        promise: Promise::Once,
    },
    Scenario {
        name: "connection reset, request lost",
        how: "The connection is reset after the request was written; CloudWatch does not carry \
              it out.",
        setup: Setup::failing(&["cloudwatch:PutMetricData=reset:2x"]),
        script: through,
        promise: Promise::Once,
    },
    Scenario {
        name: "connection reset, request carried out",
        how: "The connection is reset after the request was written; CloudWatch carries it out.",
        setup: Setup::failing(&["cloudwatch:PutMetricData=reset-accepted:2x"]),
        script: three,
        promise: Promise::AtLeastOnce(UNANSWERED),
    },
    Scenario {
        name: "413",
        how: "CloudWatch answers the first two requests with 413: they are halved.",
        setup: Setup::failing(&["cloudwatch:PutMetricData=413:2x"]),
        script: three,
        promise: Promise::Once,
    },
    Scenario {
        name: "slow drip",
        how: "CloudWatch carries requests out, and its answers come a byte every 100 ms.",
        setup: Setup::failing(&["cloudwatch:PutMetricData=drip:2x"]),
        script: three,
        promise: Promise::AtLeastOnce(UNANSWERED),
    },
    Scenario {
        name: "handler crashes",
        how: "The handler aborts after it has recorded.",
        setup: Setup::PLAIN,
        script: |lab| {
            lab.invoke()?;
            lab.crash()?;
            lab.invoke()
        },
        promise: Promise::Once,
    },
    Scenario {
        name: "handler killed",
        how: "`kill -9` of the handler in the middle of an invocation, after it has recorded.",
        setup: Setup::PLAIN,
        script: |lab| {
            lab.invoke()?;
            lab.kill(Role::Handler)?;
            lab.invoke()
        },
        promise: Promise::Once,
    },
    Scenario {
        name: "handler times out",
        how: "The handler records, and is not done at its deadline.",
        setup: Setup {
            timeout: "1s",
            ..Setup::PLAIN
        },
        script: |lab| {
            lab.invoke()?;
            lab.time_out()?;
            lab.invoke()
        },
        promise: Promise::Once,
    },
    Scenario {
        name: "handler times out in an outage",
        how: "The handler is not done at its deadline, and CloudWatch never answers.",
        setup: Setup {
            timeout: "1s",
            ..Setup::failing(&["cloudwatch:PutMetricData=hang"])
        },
        script: |lab| {
            lab.time_out()?;
            lab.time_out()
        },
        promise: Promise::Once,
    },
    Scenario {
        name: "extension killed",
        how: "`kill -9` of the extension in the middle of an invocation, after the handler has \
              recorded: the next one finds the points in the journal.",
        setup: Setup::PLAIN,
        script: |lab| {
            lab.kill(Role::Extension)?;
            // An invocation that comes during the reset goes to another environment.
            lab.idle()?;
            lab.invoke()
        },
        promise: Promise::AtLeastOnce(UNNOTED),
    },
    Scenario {
        name: "SHUTDOWN during a flush",
        how: "SHUTDOWN comes while a request to CloudWatch waits for its answer.",
        setup: Setup::failing(&["cloudwatch:PutMetricData=hang:1x"]),
        script: |lab| {
            lab.invoke()?;
            lab.spin_down()
        },
        promise: Promise::Once,
    },
    Scenario {
        name: "disk full",
        how: "No file can grow (`ulimit -f 0`, which needs no mount and no root): there is no \
              journal, and the points leave as log lines in the embedded metric format.",
        setup: Setup {
            around: Around::FileLimit,
            ..Setup::PLAIN
        },
        script: three,
        promise: Promise::Once,
    },
    Scenario {
        name: "journal full",
        how: "One invocation records 140,000 points, twice what the journal holds, while \
              CloudWatch does not answer.",
        setup: Setup {
            timeout: "20s",
            ..Setup::failing(&["cloudwatch:PutMetricData=hang"])
        },
        script: |lab| lab.invoke_many(1, 70_000),
        promise: Promise::Once,
    },
    Scenario {
        name: "clock steps back",
        how: "Between invocations the clock of handler and extension is set back by 30 minutes.",
        setup: Setup {
            around: Around::Clock,
            ..Setup::PLAIN
        },
        script: |lab| {
            three(lab)?;
            lab.set_clock("-1800")?;
            three(lab)
        },
        promise: Promise::Once,
    },
    Scenario {
        name: "clock steps forward",
        how: "Between invocations the clock of handler and extension is set forward by 30 \
              minutes: every deadline seems to have passed.",
        setup: Setup {
            around: Around::Clock,
            ..Setup::PLAIN
        },
        script: |lab| {
            three(lab)?;
            lab.set_clock("+1800")?;
            three(lab)
        },
        promise: Promise::Once,
    },
    Scenario {
        name: "two restarts",
        how: "The handler crashes twice in a row; each time all processes start anew over the \
              same /tmp.",
        setup: Setup::PLAIN,
        script: |lab| {
            lab.crash()?;
            lab.crash()?;
            lab.invoke()
        },
        promise: Promise::Once,
    },
    Scenario {
        name: "provisioned concurrency",
        how: "The environment is initialized before anybody calls.",
        setup: Setup {
            initialization: "provisioned-concurrency",
            ..Setup::PLAIN
        },
        script: three,
        promise: Promise::Once,
    },
    Scenario {
        name: "Managed Instances",
        how: "Four invocations at a time in one environment, no INVOKE events, no freeze; every \
              third request is throttled.",
        setup: Setup {
            initialization: "lambda-managed-instances:4",
            ..Setup::failing(&["cloudwatch:PutMetricData=throttle:33%"])
        },
        script: |lab| {
            lab.invoke_together(4)?;
            lab.puts(1)?;
            lab.invoke_together(4)
        },
        promise: Promise::Once,
    },
    Scenario {
        name: "SnapStart restore",
        how: "The environment starts from a snapshot: credentials by address, connections gone.",
        setup: Setup {
            initialization: "snap-start",
            freeze: "0s",
            ..Setup::PLAIN
        },
        script: three,
        promise: Promise::Once,
    },
];
