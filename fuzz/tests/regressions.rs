//! Every seed, and every input that once violated an invariant, on each change and without a fuzzer.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::fs;
use std::path::Path;

use fuzz::{Target, seeds};

#[test]
fn the_seeds_violate_nothing() {
    let seeds = seeds::all(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))).unwrap();
    for target in Target::ALL {
        assert!(seeds.iter().any(|(seeded, _)| *seeded == target), "no seed for {}", target.name());
    }
    for (target, seed) in seeds {
        target.run(&seed);
    }
}

#[test]
fn what_once_failed_does_not_fail_again() {
    for target in Target::ALL {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions").join(target.name());
        for input in fs::read_dir(folder).into_iter().flatten() {
            target.run(&fs::read(input.unwrap().path()).unwrap());
        }
    }
}
