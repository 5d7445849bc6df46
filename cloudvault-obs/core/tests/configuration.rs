//! `docs/configuration.md` and `.env.example` are written from the table of
//! variables, and the table names what the sources read.
//!
//! `UPDATE=1 cargo test -p cloudvault-obs-core --test configuration` writes the
//! two files; without it they are compared.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::BTreeSet,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use cloudvault_obs_core::variables::{Form, GROUPS, Reader, Variable, all};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Writes `text` to the file if asked to, else compares.
fn check(file: &str, text: &str) {
    #[expect(
        clippy::disallowed_methods,
        reason = "whether to write is asked by the environment"
    )]
    let update = std::env::var_os("UPDATE").is_some();
    let path = root().join(file);
    if update {
        return fs::write(path, text).unwrap();
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == text,
        "{file} is not what the table of variables gives; write it anew with \
         UPDATE=1 cargo test -p cloudvault-obs-core --test configuration"
    );
}

fn form(form: Form) -> String {
    match form {
        Form::Text(what) => what.to_owned(),
        Form::Switch => "`true` or `false`".to_owned(),
        Form::Words(words) => words
            .iter()
            .map(|word| format!("`{word}`"))
            .collect::<Vec<_>>()
            .join(", "),
        Form::Duration { least_ms, most_ms } => {
            format!("time, `{}` to `{}`", time(least_ms), time(most_ms))
        }
        Form::Number { least, most, unit } if most >= u64::from(u32::MAX) => {
            format!("{unit}, {least} or more")
        }
        Form::Number { least, most, unit } => format!("{unit}, {least} to {most}"),
        other => panic!("the table has no words for {other:?}"),
    }
}

fn time(ms: u64) -> String {
    match ms {
        ms if ms % 60_000 == 0 => format!("{}m", ms / 60_000),
        ms if ms % 1000 == 0 => format!("{}s", ms / 1000),
        ms => format!("{ms}ms"),
    }
}

fn default(variable: &Variable) -> String {
    match variable.default {
        "" => "-".to_owned(),
        text if variable.is_derived() => text.to_owned(),
        text => format!("`{text}`"),
    }
}

#[test]
fn the_reference_is_what_the_table_says() {
    let mut text = String::from(
        "# Configuration\n\n\
         Written from `cloudvault-obs/core/src/variables` by\n\
         `UPDATE=1 cargo test -p cloudvault-obs-core --test configuration`; edit there.\n\n\
         The environment is read once, at the start. A value that cannot be used never\n\
         takes the function down: each is named in a log line, all of them at once, and\n\
         its default is used. A time is a number with its unit: `ms`, `s`, and for the\n\
         extension `m`.\n",
    );
    for (group, variables) in GROUPS {
        let heading = match *group {
            "Both" => "Read by both",
            "The extension" => "Read by the extension",
            _ => "Read by the library",
        };
        write!(text, "\n## {heading}\n\n").unwrap();
        text.push_str("| variable | may be | default | what it decides |\n|---|---|---|---|\n");
        for variable in *variables {
            let (form, default) = (form(variable.form), default(variable));
            let Variable { name, meaning, .. } = variable;
            writeln!(text, "| `{name}` | {form} | {default} | {meaning} |").unwrap();
        }
    }
    text.push_str(AWS);
    check("docs/configuration.md", &text);
}

/// What Lambda sets, and AWS's own conventions.
const AWS: &str = "
## AWS's own variables

Lambda sets the first group; the second follows the conventions of AWS's SDKs.

| variable | who reads it | what it decides |
|---|---|---|
| `AWS_LAMBDA_RUNTIME_API` | extension | where to register |
| `AWS_LAMBDA_FUNCTION_NAME` | both | the default of `OBS_SERVICE` |
| `AWS_LAMBDA_INITIALIZATION_TYPE` | both | on-demand, provisioned concurrency, SnapStart, Managed Instances |
| `AWS_LAMBDA_LOG_LEVEL`, `AWS_LAMBDA_LOG_FORMAT` | library | Lambda's advanced logging controls |
| `AWS_XRAY_DAEMON_ADDRESS` | library | where segments go |
| `AWS_REGION`, else `AWS_DEFAULT_REGION` | extension | region of CloudWatch |
| `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` | extension | the execution role's credentials |
| `AWS_ENDPOINT_URL_CLOUDWATCH`, else `AWS_ENDPOINT_URL` | extension | another endpoint than AWS's; what is no URL is an error and never ignored |
| `AWS_USE_FIPS_ENDPOINT`, `AWS_USE_DUALSTACK_ENDPOINT` | extension | which of AWS's endpoints |
";

#[test]
fn the_example_of_an_environment_is_what_the_table_says() {
    let mut text = String::from(
        "# Every variable that CloudVault Obs reads, each at its default: none has to be set.\n\
         # Written by UPDATE=1 cargo test -p cloudvault-obs-core --test configuration\n\
         # What each means: docs/configuration.md\n",
    );
    for (group, variables) in GROUPS {
        write!(text, "\n# {group}\n").unwrap();
        for variable in *variables {
            match variable.default {
                default if variable.is_derived() && !default.is_empty() => {
                    writeln!(text, "#{}=   # {default}", variable.name).unwrap();
                }
                default => writeln!(text, "#{}={default}", variable.name).unwrap(),
            }
        }
    }
    check(".env.example", &text);
}

#[test]
fn names_are_unique_and_readers_stand_in_their_group() {
    let names: BTreeSet<_> = all().map(|variable| variable.name).collect();
    assert_eq!(names.len(), all().count());
    for (group, variables) in GROUPS {
        let reader = match *group {
            "Both" => Reader::Both,
            "The extension" => Reader::Extension,
            _ => Reader::Library,
        };
        assert!(variables.iter().all(|variable| variable.reader == reader));
    }
}

/// Every `"OBS_..."` that stands in the sources below `folder`.
fn named_in(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            named_in(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            for rest in text.split("\"OBS_").skip(1) {
                let name = rest.split(|c: char| !c.is_ascii_uppercase() && c != '_');
                let name = name.into_iter().next().unwrap();
                names.insert(format!("OBS_{name}"));
            }
        }
    }
}

/// The table's names for `reader`, those for both among them.
fn named_for(reader: Reader) -> BTreeSet<String> {
    all()
        .filter(|variable| variable.reader == reader || variable.reader == Reader::Both)
        .map(|variable| variable.name.to_owned())
        .collect()
}

#[test]
fn the_table_names_what_the_library_reads_and_nothing_else() {
    let mut read = BTreeSet::new();
    named_in(&root().join("cloudvault-obs/src"), &mut read);
    assert_eq!(read, named_for(Reader::Library));
}

/// The extension takes its variables from the table, so a name in its sources
/// can only be a slip.
#[test]
fn the_extension_reads_nothing_that_the_table_does_not_name() {
    let mut read = BTreeSet::new();
    named_in(&root().join("extension/src"), &mut read);
    let known = named_for(Reader::Extension);
    assert_eq!(
        read.difference(&known).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
}
