//! Sets a kubeconfig's certificates and keys aside while its YAML is read.
//!
//! They are nine tenths of a large file, and a YAML parser goes through them character by character. A line that is
//! nothing but a known key and base64 reads the same with a short mark in place of the base64: both are plain scalars of
//! letters. Whoever reads the rest checks that every mark came back as the whole value of such a field, and reads the
//! original text otherwise, so that a look-alike inside a block of text does no harm.

/// The beginning of a mark: letters of the base64 alphabet, no number and no keyword of YAML.
const MARK: &str = "KUBEDATASETASIDE";
/// Shorter data is left where it is.
const SHORTEST: usize = 64;
/// The keys whose values are set aside.
const KEYS: [&str; 3] = [
    "certificate-authority-data: ",
    "client-certificate-data: ",
    "client-key-data: ",
];

/// Data that was set aside, in the order of its lines.
pub(super) struct LongData<'a>(Vec<&'a str>);

impl<'a> LongData<'a> {
    /// The text with marks, and what they stand for. `None` where there is nothing to gain, or the text itself speaks of
    /// marks.
    pub(super) fn set_aside(text: &'a str) -> Option<(String, Self)> {
        if text.contains(MARK) {
            return None;
        }
        let mut short = String::with_capacity(text.len() / 4);
        let mut aside = Vec::new();
        for line in text.split_inclusive('\n') {
            match long_data(line) {
                Some(data) => {
                    let start = data.as_ptr() as usize - line.as_ptr() as usize;
                    short.push_str(&line[..start]);
                    short.push_str(MARK);
                    short.push_str(&aside.len().to_string());
                    short.push_str(&line[start + data.len()..]);
                    aside.push(data);
                }
                None => short.push_str(line),
            }
        }
        (!aside.is_empty()).then_some((short, Self(aside)))
    }

    /// What a mark stands for.
    pub(super) fn get(&self, mark: &str) -> Option<&'a str> {
        let index: usize = mark.strip_prefix(MARK)?.parse().ok()?;
        self.0.get(index).copied()
    }

    /// How many marks there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The base64 of a line that is a known key and base64, after spaces and perhaps a dash.
fn long_data(line: &str) -> Option<&str> {
    if line.len() < SHORTEST {
        return None;
    }
    let rest = line.trim_start_matches(' ');
    let rest = rest.strip_prefix("- ").unwrap_or(rest);
    let data = KEYS.iter().find_map(|key| rest.strip_prefix(key))?;
    let data = data.trim_end_matches(['\n', '\r']);
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    // A letter in front: nothing that YAML could take for a number.
    (data.len() >= SHORTEST
        && data.as_bytes()[0].is_ascii_alphabetic()
        && data.bytes().all(is_base64))
    .then_some(data)
}
