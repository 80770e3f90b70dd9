//! Several ways of doing the same, taken in turn and each in each place of the turn, so that what else the machine does
//! falls on all of them.

use gcr_test_support::Result;

use super::samples::Samples;

/// One way of doing it. It says how many milliseconds it took.
pub(crate) struct Way<'a> {
    name: String,
    take: Box<dyn FnMut() -> Result<f64> + 'a>,
}

impl<'a> Way<'a> {
    pub(crate) fn new(name: impl Into<String>, take: impl FnMut() -> Result<f64> + 'a) -> Self {
        Self {
            name: name.into(),
            take: Box::new(take),
        }
    }
}

/// Takes each way in each of `rounds`, after one round that is not counted: it fills caches. `before` is done before
/// each, and not measured. Tells standard error how far it is.
pub(crate) fn in_turn(
    rounds: usize,
    mut ways: Vec<Way<'_>>,
    mut before: impl FnMut() -> Result<()>,
) -> Result<Vec<Samples>> {
    let mut samples: Vec<Samples> = ways.iter().map(|way| Samples::of(&way.name)).collect();
    for round in 0..=rounds {
        for turn in 0..ways.len() {
            let which = (turn + round) % ways.len();
            before()?;
            let took = (ways[which].take)()?;
            eprintln!("  {round}/{rounds} {}: {took:.0} ms", ways[which].name);
            if round > 0 {
                samples[which].add(took);
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
    fn each_way_has_each_place_and_the_first_round_does_not_count() {
        let order = RefCell::new(String::new());
        let way = |name: &'static str, mut took: f64| {
            let order = &order;
            Way::new(name, move || {
                order.borrow_mut().push_str(name);
                took += 1.0;
                Ok(took)
            })
        };
        let samples = in_turn(2, vec![way("a", 0.0), way("b", 10.0)], || {
            order.borrow_mut().push('.');
            Ok(())
        });
        assert_eq!(*order.borrow(), ".a.b.b.a.a.b");
        let samples = samples.unwrap();
        // What the first round would have given, 1 and 11, is in neither.
        assert_eq!((samples[0].min(), samples[0].max()), (2.0, 3.0));
        assert_eq!((samples[1].min(), samples[1].max()), (12.0, 13.0));
    }
}
