//! Projects in folders of their own.

use std::path::Path;

/// A copy of CloudVault's files: an apply keeps what was there in their folder.
pub(crate) fn shipped() -> tempfile::TempDir {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let to = tempfile::tempdir().unwrap();
    std::fs::copy(from.join("obs.yaml"), to.path().join("obs.yaml")).unwrap();
    for folder in ["alarms", "dashboards"] {
        std::fs::create_dir(to.path().join(folder)).unwrap();
        for entry in std::fs::read_dir(from.join(folder)).unwrap() {
            let entry = entry.unwrap();
            let name = Path::new(folder).join(entry.file_name());
            std::fs::copy(entry.path(), to.path().join(name)).unwrap();
        }
    }
    to
}

/// Writes a file of a project.
pub(crate) fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}
