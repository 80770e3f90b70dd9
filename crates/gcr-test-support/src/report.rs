//! What a run over several namespaces said, object by object, and whether that is true: its lines against its closing
//! count, and both against what a server holds.

use std::collections::BTreeMap;

use crate::output::Output;
use crate::stored::Stored;

/// The words of the closing count that say that an object is as asked.
const SUCCESS_OUTCOMES: [&str; 5] = ["created", "configured", "replaced", "patched", "unchanged"];

/// An object of a run: namespace, and name as `secret/gcr-io`.
pub type ObjectKey = (String, String);

/// What a run said.
#[derive(Clone, Debug)]
pub struct Report {
    /// The count's word for each object that had a line on standard output.
    pub lines: BTreeMap<ObjectKey, String>,
    counts: BTreeMap<String, u64>,
    output: String,
}

impl Report {
    /// Reads the lines and the count of a command that could name several namespaces.
    ///
    /// # Panics
    /// A line is not understood, an object has two, there is no count, or lines and count differ.
    #[track_caller]
    pub fn parse(output: &Output) -> Self {
        let mut report = Self::parse_partial(output);
        let count = output.stderr.lines().last().unwrap_or_default();
        for part in count.split(", ") {
            let number = part.split_once(' ');
            let number = number.and_then(|(count, word)| Some((word, count.parse().ok()?)));
            let (word, count) = number.unwrap_or_else(|| panic!("no count\n{output}"));
            report.counts.insert(word.to_owned(), count);
        }
        for word in SUCCESS_OUTCOMES {
            let lines = report.lines.values().filter(|said| *said == word).count();
            assert_eq!(lines as u64, report.count_of(word), "{word}\n{output}");
        }
        report
    }

    /// As [`Report::parse`] of a command that was killed: it has no count, and half of a last line is nothing said.
    ///
    /// # Panics
    /// As [`Report::parse`].
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
            let (said, namespace) = line
                .split_once(" -n ")
                .unwrap_or_else(|| panic!("{line:?} names no namespace\n{output}"));
            let (object, word) = said
                .split_once(' ')
                .unwrap_or_else(|| panic!("{line:?} says nothing\n{output}"));
            let word = match word {
                "patched (no change)" => "unchanged",
                word => word,
            };
            assert!(SUCCESS_OUTCOMES.contains(&word), "{line:?}\n{output}");
            let object = (namespace.to_owned(), object.to_owned());
            let before = report.lines.insert(object, word.to_owned());
            assert!(before.is_none(), "{line:?} is the second line\n{output}");
        }
        report
    }

    /// A number of the closing count; 0 for a word that is not in it.
    pub fn count_of(&self, word: &str) -> u64 {
        self.counts.get(word).copied().unwrap_or_default()
    }

    /// The sum of the closing count.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// What it said of an object on standard output.
    pub fn outcome(&self, namespace: &str, object: &str) -> Option<&str> {
        let key = (namespace.to_owned(), object.to_owned());
        self.lines.get(&key).map(String::as_str)
    }

    /// That everything is as asked, and how often.
    ///
    /// # Panics
    /// Something is not.
    #[track_caller]
    pub fn assert_all_succeeded(&self, objects: usize) {
        assert_eq!(self.lines.len(), objects, "{}", self.output);
        assert_eq!(self.total(), objects as u64, "{}", self.output);
    }

    /// That what it said is so: each of `objects` that had a line is as asked; of the others, no more are as asked than
    /// may be, since an unknown one may have been written and a failed one was not.
    ///
    /// # Panics
    /// It is not so.
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
