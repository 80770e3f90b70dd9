//! Parses the output of a run over several namespaces and checks it: result lines against the closing summary, and both
//! against what the server stores.

use std::collections::BTreeMap;

use crate::output::Output;
use crate::stored::{ObjectKey, Stored};

/// Outcomes in the summary that mean that the object holds the desired state.
const SUCCESS_OUTCOMES: [&str; 5] = ["created", "configured", "replaced", "patched", "unchanged"];

/// Parsed output of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// Outcome of each object with a line on standard output, in the summary's words.
    pub lines: BTreeMap<ObjectKey, String>,
    counts: BTreeMap<String, u64>,
    output: String,
}

impl Report {
    /// Parses the result lines and the summary of a command over several namespaces.
    ///
    /// # Panics
    /// A line cannot be parsed, an object has two lines, the summary is missing, or lines and summary differ.
    #[track_caller]
    pub fn parse(output: &Output) -> Self {
        let mut report = Self::parse_partial(output);
        let count = output.stderr.lines().last().unwrap_or_default();
        for part in count.split(", ") {
            let number = part.split_once(' ');
            let number = number.and_then(|(count, word)| Some((word, count.parse().ok()?)));
            let (word, count) = number.unwrap_or_else(|| panic!("summary not found\n{output}"));
            report.counts.insert(word.to_owned(), count);
        }
        for word in SUCCESS_OUTCOMES {
            let lines = report
                .lines
                .values()
                .filter(|outcome| *outcome == word)
                .count();
            assert_eq!(lines as u64, report.count_of(word), "{word}\n{output}");
        }
        report
    }

    /// Parses the output of a killed command: the summary is missing, and an incomplete last line is ignored.
    ///
    /// # Panics
    /// As for [`Report::parse`].
    #[track_caller]
    pub fn parse_partial(output: &Output) -> Self {
        let mut report = Self {
            lines: BTreeMap::new(),
            counts: BTreeMap::new(),
            output: output.to_string(),
        };
        let whole = output
            .stdout
            .rfind('\n')
            .map_or("", |end| &output.stdout[..end]);
        for line in whole.lines() {
            let (result, namespace) = line
                .split_once(" -n ")
                .unwrap_or_else(|| panic!("{line:?} has no namespace\n{output}"));
            let (object, word) = result
                .split_once(' ')
                .unwrap_or_else(|| panic!("{line:?} has no outcome\n{output}"));
            let word = match word {
                "patched (no change)" => "unchanged",
                word => word,
            };
            assert!(SUCCESS_OUTCOMES.contains(&word), "{line:?}\n{output}");
            let object = (namespace.to_owned(), object.to_owned());
            let before = report.lines.insert(object, word.to_owned());
            assert!(
                before.is_none(),
                "{line:?}: second line for this object\n{output}"
            );
        }
        report
    }

    /// Returns the summary's count for an outcome; 0 if the summary does not list it.
    pub fn count_of(&self, word: &str) -> u64 {
        self.counts.get(word).copied().unwrap_or_default()
    }

    /// Returns the total of the summary.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Returns the outcome of an object according to standard output.
    pub fn outcome(&self, namespace: &str, object: &str) -> Option<&str> {
        let key = (namespace.to_owned(), object.to_owned());
        self.lines.get(&key).map(String::as_str)
    }

    /// Asserts that `objects` objects were reported and that all of them succeeded.
    ///
    /// # Panics
    /// The counts differ.
    #[track_caller]
    pub fn assert_all_succeeded(&self, objects: usize) {
        assert_eq!(self.lines.len(), objects, "{}", self.output);
        assert_eq!(self.total(), objects as u64, "{}", self.output);
    }

    /// Asserts that the report matches the stored objects: each reported success holds the desired state. Of the
    /// remaining objects at most as many hold it as were reported unknown, because an unknown write can have succeeded
    /// and a failed one did not.
    ///
    /// # Panics
    /// Report and stored objects differ.
    #[track_caller]
    pub fn assert_matches(&self, stored: &Stored, objects: &[ObjectKey]) {
        let output = &self.output;
        assert_eq!(self.total(), objects.len() as u64, "{output}");
        let mut unreported = 0;
        for object in objects {
            let matches = stored.matches_desired(object);
            match self.lines.get(object) {
                Some(word) => assert!(
                    matches,
                    "{object:?} is reported {word} but does not hold the desired state\n{output}"
                ),
                None => unreported += u64::from(matches),
            }
        }
        let unknown = self.count_of("unknown");
        assert!(
            unreported <= unknown,
            "{unreported} more objects hold the desired state, but only {unknown} are reported unknown\n{output}"
        );
    }
}
