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
    /// Namespaces at most, unless told otherwise.
    namespaces: usize,
    measure: fn(&mut Namespaces, usize) -> Result<Vec<Figure>>,
}

/// In this order: the namespaces of one serve the next, and they only become more.
pub(crate) const PARTS: [Part; 6] = [
    Part {
        name: "both",
        quick: true,
        namespaces: 1_000,
        measure: both::measure,
    },
    Part {
        name: "secrets",
        quick: true,
        namespaces: 1_000,
        measure: secrets::measure,
    },
    Part {
        name: "again",
        quick: true,
        namespaces: 1_000,
        measure: again::measure,
    },
    Part {
        name: "latency",
        quick: false,
        namespaces: 1_000,
        measure: latency::measure,
    },
    Part {
        name: "sizes",
        quick: false,
        namespaces: 10_000,
        measure: sizes::measure,
    },
    Part {
        name: "shedding",
        quick: false,
        namespaces: 10_000,
        measure: shedding::measure,
    },
];

/// Measures these parts, each with at most so many namespaces.
pub(crate) fn run(parts: &[&Part], most: Option<usize>) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let mut namespaces: Option<Namespaces> = None;
    for part in parts {
        let count = most.map_or(part.namespaces, |most| most.min(part.namespaces));
        // `sizes` begins with few.
        if namespaces.as_ref().is_none_or(|_| part.name == "sizes") {
            drop(namespaces.take());
            namespaces = Some(Namespaces::start()?);
        }
        if let Some(namespaces) = &mut namespaces {
            figures.extend((part.measure)(namespaces, count)?);
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
