//! Workflow commands of GitHub Actions: remarks that a review shows at their line.

/// A workflow command's message on one line.
pub(crate) fn message(text: &str) -> String {
    text.trim_end()
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A workflow command's property: two more signs would end it.
pub(crate) fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

/// A file of the project from the repository's root, which is where GitHub looks for it;
/// `folder` is the project's from there, empty for the root itself.
pub(crate) fn path(folder: &str, file: &str) -> String {
    match folder.trim_end_matches('/') {
        "" | "." => file.to_owned(),
        folder => format!("{folder}/{file}"),
    }
}
