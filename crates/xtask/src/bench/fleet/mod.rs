//! `bench fleet`: one command over many namespaces, beside the tutorial's loop, beside one bulk apply, and beside a load
//! generator that sends the same requests and does nothing else. On a control plane of its own.

mod again;
mod both;
mod endpoint;
mod latency;
mod load;
mod namespaces;
mod requests;
mod run;
mod secrets;
mod shedding;
mod sizes;

use gcr_test_support::Result;

use super::figures::Figure;
use namespaces::Namespaces;

/// One of its parts.
pub(crate) struct Part {
    /// What it is called at the command line, after `fleet-`.
    pub(crate) name: &'static str,
    /// Whether it takes minutes, or much longer.
    pub(crate) quick: bool,
    measure: fn(&mut Namespaces, &Extent) -> Result<Vec<Figure>>,
}

/// How much is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Namespaces at most, where fewer are wanted than usual.
    pub(crate) namespaces: Option<usize>,
    /// Rounds that count, instead of the usual number.
    pub(crate) rounds: Option<usize>,
}

impl Extent {
    fn namespaces(&self, usual: usize) -> usize {
        self.namespaces.map_or(usual, |most| most.min(usual))
    }

    fn rounds(&self, usual: usize) -> usize {
        self.rounds.unwrap_or(usual)
    }
}

/// In this order: the namespaces of one serve the next, and they only become more.
pub(crate) const PARTS: [Part; 6] = [
    Part {
        name: "both",
        quick: true,
        measure: both::measure,
    },
    Part {
        name: "secrets",
        quick: true,
        measure: secrets::measure,
    },
    Part {
        name: "again",
        quick: true,
        measure: again::measure,
    },
    Part {
        name: "latency",
        quick: false,
        measure: latency::measure,
    },
    Part {
        name: "sizes",
        quick: false,
        measure: sizes::measure,
    },
    Part {
        name: "shedding",
        quick: false,
        measure: shedding::measure,
    },
];

/// What the parts that take minutes are measured on.
const MANY: usize = 1_000;

/// Measures these parts.
pub(crate) fn run(parts: &[&Part], extent: &Extent) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let mut namespaces: Option<Namespaces> = None;
    for part in parts {
        // `sizes` begins with few.
        if namespaces.as_ref().is_none_or(|_| part.name == "sizes") {
            drop(namespaces.take());
            namespaces = Some(Namespaces::start()?);
        }
        if let Some(namespaces) = &mut namespaces {
            figures.extend((part.measure)(namespaces, extent)?);
        }
        println!();
    }
    Ok(figures)
}

/// A number as people write it: `10,000`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    #[test]
    fn thousands_are_set_apart() {
        let grouped = [7, 100, 1_000, 20_000, 1_234_567].map(super::grouped);
        assert_eq!(grouped, ["7", "100", "1,000", "20,000", "1,234,567"]);
    }
}
