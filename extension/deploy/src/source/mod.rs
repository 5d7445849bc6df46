//! The files of a project: read, parsed, and every problem in them collected.
//!
//! `obs.yaml`, `alarms/*.yaml` (`*.test.yaml` among them), `dashboards/*.yaml` and
//! `dashboards/*.json`; and the presets that come with the program. JSON is
//! YAML's subset, so one parser reads both and a body exported from the console is a
//! valid file as it is.

pub mod file;
pub mod node;
pub mod merge;
pub mod preset;
pub mod variables;
pub mod decode;
pub mod at;
pub mod near;
mod excerpt;
mod fault;
pub mod problem;
pub mod report;

use std::path::Path;

use self::file::Files;
use self::node::Node;
use self::problem::{Invalid, Problem, Problems};

pub use self::at::{At, Raw};
pub use self::preset::Presets;

/// The name of the project file.
pub const PROJECT_FILE: &str = "obs.yaml";

/// A project's documents, parsed and not yet understood.
#[derive(Clone, Debug)]
pub struct Documents {
    /// The texts.
    pub files: Files,
    /// `obs.yaml`.
    pub project: Node,
    /// `alarms/*.yaml`, by file name.
    pub alarms: Vec<Node>,
    /// `alarms/*.test.yaml`, by file name.
    pub tests: Vec<Node>,
    /// The presets that come with the program.
    pub presets: Presets,
    /// `dashboards/*.yaml` and `*.json`, by file name.
    pub dashboards: Vec<DashboardFile>,
    /// Files that could not be parsed. [`crate::resolve`] looks at the others all the
    /// same, so that one run names everything.
    pub problems: Problems,
}

/// One file of `dashboards/`.
#[derive(Clone, Debug)]
pub struct DashboardFile {
    /// The file's name without its ending: the dashboard's name unless it says another.
    pub stem: String,
    /// What it holds.
    pub form: DashboardForm,
}

/// How a dashboard is written.
#[derive(Clone, Debug)]
pub enum DashboardForm {
    /// Rows with automatic layout.
    Rows(Node),
    /// A body as CloudWatch knows it, taken as it is.
    Body(Node, serde_json::Value),
}

/// Reads the project in `root`.
///
/// # Errors
/// [`Invalid`] when there is no `obs.yaml` to go by. What is wrong with other files
/// comes along in [`Documents::problems`].
pub fn read(root: &Path) -> Result<Documents, Box<Invalid>> {
    let mut reader = Reader {
        files: Files::new(root),
        problems: Problems::default(),
    };
    let project = reader.project(root);
    let (tests, alarms): (Vec<u32>, Vec<u32>) = reader
        .folder(root, "alarms", &["yaml", "yml"])
        .into_iter()
        .partition(|index| reader.is_test(*index));
    let alarms = alarms
        .into_iter()
        .filter_map(|it| reader.node(it))
        .collect();
    let tests = tests.into_iter().filter_map(|it| reader.node(it)).collect();
    let dashboards = reader
        .folder(root, "dashboards", &["yaml", "yml", "json"])
        .into_iter()
        .filter_map(|index| reader.dashboard(index))
        .collect();
    let presets = preset::read(&mut reader.files, &mut reader.problems);
    match project {
        Some(project) => Ok(Documents {
            files: reader.files,
            project,
            alarms,
            tests,
            presets,
            dashboards,
            problems: reader.problems,
        }),
        None => Err(Box::new(Invalid {
            problems: reader.problems,
            files: reader.files,
        })),
    }
}

struct Reader {
    files: Files,
    problems: Problems,
}

impl Reader {
    fn project(&mut self, root: &Path) -> Option<Node> {
        let path = root.join(PROJECT_FILE);
        if !path.exists() {
            let problem =
                Problem::whole(format!("there is no {PROJECT_FILE} in {}", root.display()));
            self.problems.add(match root.join("obs.yml").exists() {
                true => problem.help(format!("there is an obs.yml: rename it to {PROJECT_FILE}")),
                false => problem
                    .help("run obs in the folder that holds obs.yaml, or name it with `-C DIR`"),
            });
            return None;
        }
        let index = self.read(&path, PROJECT_FILE)?;
        self.node(index)
    }

    /// The files of a folder, in the order of their names, so that the same
    /// project gives the same plan on every machine.
    fn folder(&mut self, root: &Path, folder: &str, endings: &[&str]) -> Vec<u32> {
        let dir = root.join(folder);
        let entries = match std::fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
            Err(error) => {
                self.problems
                    .add(Problem::whole(format!("cannot read {folder}/: {error}")));
                return Vec::new();
            }
        };
        let mut names: Vec<String> = entries
            .filter_map(Result::ok)
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        for name in &names {
            self.refuse_below(&dir.join(name), &format!("{folder}/{name}"), endings);
        }
        names.retain(|name| ends_with(Path::new(name), endings));
        names
            .iter()
            .filter_map(|name| self.read(&dir.join(name), &format!("{folder}/{name}")))
            .collect()
    }

    /// What stands in a folder below is not read: whoever put it there would find its
    /// alarms deleted by the next apply.
    fn refuse_below(&mut self, path: &Path, name: &str, endings: &[&str]) {
        let Ok(entries) = std::fs::read_dir(path) else {
            return;
        };
        let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
        if ends_with(path, endings) || !paths.into_iter().any(|path| ends_with(&path, endings)) {
            return;
        }
        let folder = name.split('/').next().unwrap_or_default();
        self.problems.add(
            Problem::whole(format!(
                "{name}/ holds files, and no folder below {folder}/ is read"
            ))
            .help(format!("move them into {folder}/ itself, or out of it")),
        );
    }

    fn read(&mut self, path: &Path, name: &str) -> Option<u32> {
        // A pipe or a device would be waited for without end.
        if path
            .metadata()
            .is_ok_and(|it| !it.is_file() && !it.is_dir())
        {
            self.problems
                .add(Problem::whole(format!("{name} is not a file")));
            return None;
        }
        match std::fs::read(path) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Some(self.files.add(name, &text)),
                Err(_) => {
                    self.problems
                        .add(Problem::whole(format!("{name} is not UTF-8 text")));
                    None
                }
            },
            Err(error) => {
                self.problems
                    .add(Problem::whole(format!("cannot read {name}: {error}")));
                None
            }
        }
    }

    fn is_test(&self, index: u32) -> bool {
        self.files.get(index).is_some_and(|file| {
            let name = file.name.as_str();
            name.ends_with(".test.yaml") || name.ends_with(".test.yml")
        })
    }

    fn node(&mut self, index: u32) -> Option<Node> {
        node::parse(&self.files, index, &mut self.problems)
    }

    fn dashboard(&mut self, index: u32) -> Option<DashboardFile> {
        let file = self.files.get(index)?.clone();
        let path = Path::new(&file.name);
        let stem = path.file_stem()?.to_str()?.to_owned();
        let is_json = path.extension().is_some_and(|ending| ending == "json");
        let form = if is_json {
            // The strict reader decides: CloudWatch takes JSON, not YAML's relaxed idea of it.
            match serde_json::from_str(&file.text) {
                Ok(body) => DashboardForm::Body(self.node(index)?, body),
                Err(error) => {
                    self.problems.add(not_json(index, &file.text, &error));
                    return None;
                }
            }
        } else {
            DashboardForm::Rows(self.node(index)?)
        };
        Some(DashboardFile { stem, form })
    }
}

fn ends_with(path: &Path, endings: &[&str]) -> bool {
    path.extension()
        .and_then(|ending| ending.to_str())
        .is_some_and(|ending| endings.contains(&ending))
}

/// Where a text stops being JSON.
pub(crate) fn not_json(file: u32, text: &str, error: &serde_json::Error) -> Problem {
    let span = file::Span {
        file,
        offset: offset_of(text, error.line(), error.column()),
        len: 0,
    };
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    Problem::at(span, format!("not JSON: {message}"))
}

fn offset_of(text: &str, line: usize, column: usize) -> u32 {
    let start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    u32::try_from((start + column.saturating_sub(1)).min(text.len())).unwrap_or(0)
}
