//! The tokens of a name, as a search sees them: `CustomCount1` has `customcount1`,
//! `custom`, `count` and `1`; `SDBFailure` has `sdbfailure`, `sdb` and `failure`.

/// A name cut into its smallest tokens.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tokens {
    /// The smallest ones in order, in the case they were written in.
    atoms: Vec<String>,
    /// All of them as one, in lower case.
    whole: String,
}

/// A search term without quotes: the runs of letters and digits of what was written,
/// each cut into its tokens.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Partial {
    runs: Vec<Vec<String>>,
    whole: String,
}

impl Tokens {
    pub(super) fn of(text: &str) -> Tokens {
        let atoms: Vec<String> = runs(text).flat_map(atoms).collect();
        let whole = atoms.concat().to_lowercase();
        Tokens { atoms, whole }
    }
}

impl Partial {
    pub(super) fn of(text: &str) -> Partial {
        let runs: Vec<Vec<String>> = runs(text).map(atoms).collect();
        let whole = runs.concat().concat().to_lowercase();
        Partial { runs, whole }
    }

    /// Whether the term is one token of a name, or several that follow each other in it.
    /// One token is told by its letters alone, and so is the name as a whole. Several
    /// that were written as one run, such as `CustomCount`, are told by their case too,
    /// since it is the case that made them several.
    pub(super) fn fits(&self, name: &Tokens) -> bool {
        let length = self.runs.iter().map(Vec::len).sum();
        length == 0
            || self.whole == name.whole
            || name
                .atoms
                .windows(length)
                .any(|atoms| self.fits_here(atoms))
    }

    fn fits_here(&self, mut atoms: &[String]) -> bool {
        self.runs.iter().all(|run| {
            let (here, rest) = atoms.split_at(run.len());
            atoms = rest;
            match (&run[..], here) {
                ([one], [found]) => one.to_lowercase() == found.to_lowercase(),
                (several, found) => several == found,
            }
        })
    }
}

/// The runs of letters and digits of a text.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|run| !run.is_empty())
}

/// A run cut where a new token begins.
fn atoms(run: &str) -> Vec<String> {
    let chars: Vec<char> = run.chars().collect();
    let mut atoms = Vec::new();
    let mut start = 0;
    for at in 1..=chars.len() {
        if at == chars.len() || breaks(&chars, at) {
            atoms.push(chars[start..at].iter().collect());
            start = at;
        }
    }
    atoms
}

/// Whether a new token begins at a character.
fn breaks(chars: &[char], at: usize) -> bool {
    let (before, here) = (chars[at - 1], chars[at]);
    let next_is_lower = chars.get(at + 1).is_some_and(|c| c.is_lowercase());
    before.is_numeric() != here.is_numeric()
        || (before.is_lowercase() && here.is_uppercase())
        // The last capital of a run begins the next token: SDB|Failure.
        || (before.is_uppercase() && here.is_uppercase() && next_is_lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CloudWatch's user guide, "CloudWatch search expressions: Tokenization".
    #[test]
    fn the_documented_names_have_the_documented_tokens() {
        let check = |text: &str, whole: &str, expected: &[&str]| {
            let found = Tokens::of(text);
            let lower: Vec<String> = found.atoms.iter().map(|a| a.to_lowercase()).collect();
            assert_eq!(
                (found.whole.as_str(), lower),
                (whole, expected.iter().map(|e| e.to_string()).collect()),
                "{text}"
            );
        };
        check("CustomCount1", "customcount1", &["custom", "count", "1"]);
        check("SDBFailure", "sdbfailure", &["sdb", "failure"]);
        check(
            "Project2-trial333",
            "project2trial333",
            &["project", "2", "trial", "333"],
        );
        check(
            "Network-Errors_2",
            "networkerrors2",
            &["network", "errors", "2"],
        );
        check("my-function", "myfunction", &["my", "function"]);
        check("", "", &[]);
    }

    /// The same page, "Partial matches" and "Non-alphanumeric characters".
    #[test]
    fn a_term_finds_the_documented_names_and_no_others() {
        let check = |name: &str, found: &[&str], missed: &[&str]| {
            for (term, expected) in found
                .iter()
                .map(|t| (t, true))
                .chain(missed.iter().map(|t| (t, false)))
            {
                assert_eq!(
                    Partial::of(term).fits(&Tokens::of(name)),
                    expected,
                    "{term} in {name}"
                );
            }
        };
        check(
            "CustomCount1",
            &[
                "count",
                "Count",
                "COUNT",
                "1",
                "CustomCount",
                "Count1",
                "CustomCount1",
                "customcount1",
            ],
            &[
                "couNT",
                "customcount",
                "count1",
                "cust",
                "CountCustom",
                "Custom1",
            ],
        );
        let spelled = [
            "network/errors",
            "network+errors",
            "network-errors",
            "Network_Errors",
        ];
        check(
            "Network-Errors-2",
            &spelled,
            &["errors-network", "network-2"],
        );
        check("NetworkErrors2", &spelled, &["NETWORKerrors"]);
        check("EBSReadOps", &["ReadOps", "ops"], &["readops", "Ops Read"]);
        check("AWS/EC2", &["EC2", "aws", "AWS/EC2"], &["ec2", "EC3"]);
        check("t2.micro", &["micro", "t2.micro"], &["t3.micro"]);
        check("anything", &["-"], &[]);
    }
}
