//! `cargo xtask bench`: figures, each beside what it is compared with, taken in turn in one run on one machine. A
//! figure is no test: a missed bar is shown and fails nothing, since a busy machine misses it too.

mod figures;
mod fleet;
mod kubeconfig;
mod one;
mod optimized;
mod picture;
mod process;
mod samples;
mod start;
mod turns;

use std::path::PathBuf;

use gcr_test_support::{Error, Result};

use fleet::{Extent, PARTS, Part};

/// What was asked for.
#[derive(Default)]
struct Asked {
    start: bool,
    kubeconfig: bool,
    one: bool,
    parts: Vec<&'static Part>,
    extent: Extent,
    /// Where to draw the times.
    picture: Option<PathBuf>,
}

/// Runs one of them, or all that take minutes; with `--whole`, all.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let asked = Asked::read(words).ok_or_else(|| crate::not_understood("bench", words))?;
    if !asked.parts.is_empty() && !optimized::is_optimized() {
        return optimized::begin_anew(words);
    }
    if asked.start {
        start::run()?;
        println!();
    }
    if asked.kubeconfig {
        kubeconfig::run()?;
        println!();
    }
    if asked.one {
        one::run()?;
        println!();
    }
    if !asked.parts.is_empty() {
        let figures = fleet::run(&asked.parts, &asked.extent)?;
        print!("{}", figures::table(&figures));
        if let Some(file) = asked.picture {
            std::fs::write(&file, picture::draw(&figures))
                .map_err(|error| Error::during(file.display(), error))?;
        }
    }
    Ok(())
}

impl Asked {
    fn read(words: &[&str]) -> Option<Self> {
        let (mut name, mut whole, mut extent) = (None, false, Extent::default());
        let mut picture = None;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--whole" => whole = true,
                "--namespaces" => extent.namespaces = Some(number(words.next()?)?),
                "--picture" => picture = Some(PathBuf::from(words.next()?)),
                "--rounds" => extent.rounds = Some(number(words.next()?)?),
                word if name.is_none() => name = Some(word),
                _ => return None,
            }
        }
        let parts = |pick: &dyn Fn(&&Part) -> bool| PARTS.iter().filter(pick).collect();
        let many = |part: &&Part| part.quick || whole;
        let mut asked = Self {
            extent,
            picture,
            ..Self::default()
        };
        match name {
            None => {
                (asked.start, asked.kubeconfig, asked.one) = (true, true, true);
                asked.parts = parts(&many);
            }
            Some("start") => asked.start = true,
            Some("kubeconfig") => asked.kubeconfig = true,
            Some("one") => asked.one = true,
            Some("fleet") => asked.parts = parts(&many),
            Some(name) => {
                let name = name.strip_prefix("fleet-")?;
                asked.parts = parts(&|part| part.name == name);
                if asked.parts.is_empty() {
                    return None;
                }
            }
        }
        // There is a picture of many namespaces only.
        (asked.picture.is_none() || !asked.parts.is_empty()).then_some(asked)
    }
}

fn number(word: &str) -> Option<usize> {
    word.parse().ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_pick_what_is_measured() {
        let picked = |words: &[&str]| {
            Asked::read(words).map(|asked| {
                let parts = asked.parts.iter().map(|part| part.name);
                let extent = (asked.extent.namespaces, asked.extent.rounds);
                (asked.start, asked.one, parts.collect::<Vec<_>>(), extent)
            })
        };
        let usual = (None, None);
        let quick = vec!["both", "secrets", "again"];
        let all = vec!["both", "secrets", "again", "latency", "sizes", "shedding"];
        assert_eq!(picked(&[]), Some((true, true, quick.clone(), usual)));
        assert_eq!(picked(&["--whole"]), Some((true, true, all.clone(), usual)));
        assert_eq!(picked(&["one"]), Some((false, true, vec![], usual)));
        assert_eq!(picked(&["fleet"]), Some((false, false, quick, usual)));
        assert_eq!(
            picked(&["fleet", "--whole"]),
            Some((false, false, all, usual))
        );
        let few = ["fleet-sizes", "--namespaces", "1000", "--rounds", "1"];
        assert_eq!(
            picked(&few),
            Some((false, false, vec!["sizes"], (Some(1000), Some(1))))
        );
        let drawn = Asked::read(&["fleet", "--picture", "a.svg"]);
        assert_eq!(drawn.unwrap().picture, Some("a.svg".into()));
        for wrong in [
            &["fleet", "one"][..],
            &["one", "--picture", "a.svg"],
            &["fleet", "--picture"],
            &["fleet-nope", "--whole"],
            &["--namespaces", "0"],
        ] {
            assert_eq!(picked(wrong), None, "{wrong:?}");
        }
    }
}
