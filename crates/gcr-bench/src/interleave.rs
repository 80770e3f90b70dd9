//! Measures several variants of a task alternately, so that other load on the machine affects all of them. Each variant
//! runs at each position of a round equally often.

use gcr_test_support::Result;

use crate::samples::Samples;

/// Shortest time in milliseconds that is reported as progress. Shorter ones would only scroll.
const REPORTED: f64 = 100.0;

/// A variant of the task.
pub(crate) struct Variant<'a> {
    name: String,
    measure: Box<dyn FnMut() -> Result<f64> + 'a>,
}

impl<'a> Variant<'a> {
    /// Returns a variant. `measure` runs it once and returns the duration in milliseconds.
    pub(crate) fn new(name: impl Into<String>, measure: impl FnMut() -> Result<f64> + 'a) -> Self {
        Self {
            name: name.into(),
            measure: Box::new(measure),
        }
    }
}

/// Runs every variant once per round and returns their samples, in the order of the variants.
///
/// An additional first round fills caches and is discarded. `prepare` runs before each measurement and is not timed.
/// Progress goes to standard error.
///
/// # Errors
/// The first error of a variant or of `prepare`.
pub(crate) fn interleave(
    rounds: usize,
    mut variants: Vec<Variant<'_>>,
    mut prepare: impl FnMut() -> Result<()>,
) -> Result<Vec<Samples>> {
    let mut samples: Vec<Samples> = variants.iter().map(|it| Samples::new(&it.name)).collect();
    for round in 0..=rounds {
        for position in 0..variants.len() {
            let index = (position + round) % variants.len();
            prepare()?;
            let took = (variants[index].measure)()?;
            if took >= REPORTED {
                eprintln!("  {round}/{rounds} {}: {took:.0} ms", variants[index].name);
            }
            if round > 0 {
                samples[index].add(took);
            }
        }
    }
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn interleave_rotates_positions_and_discards_the_first_round() {
        let order = RefCell::new(String::new());
        let variant = |name: &'static str, mut took: f64| {
            let order = &order;
            Variant::new(name, move || {
                order.borrow_mut().push_str(name);
                took += 1.0;
                Ok(took)
            })
        };
        let samples = interleave(2, vec![variant("a", 0.0), variant("b", 10.0)], || {
            order.borrow_mut().push('.');
            Ok(())
        });
        assert_eq!(*order.borrow(), ".a.b.b.a.a.b");
        let samples = samples.unwrap();
        // The first round returned 1 and 11.
        assert_eq!((samples[0].min(), samples[0].max()), (2.0, 3.0));
        assert_eq!((samples[1].min(), samples[1].max()), (12.0, 13.0));
    }
}
