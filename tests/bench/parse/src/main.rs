//! Megabytes a second of processor time that parsing takes, for messages of several sizes, side by
//! side: rounds of all contestants alternate, so that a busy machine slows all of them.
//!
//! usage: isthmus-parse-bench [--rounds N] [--json]

mod contestants;
mod samples;

use std::time::Duration;

use contestants::{CONTESTANTS, Contestant};
use rustix::time::{ClockId, clock_gettime};
use samples::{Sample, samples};

/// How long a contestant parses in one round.
const ROUND: Duration = Duration::from_millis(20);

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (mut rounds, mut json) = (25, false);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--json" => json = true,
            "--rounds" => {
                rounds = arguments
                    .next()
                    .and_then(|text| text.parse().ok())
                    .unwrap_or(25)
            }
            _ => {
                eprintln!("usage: isthmus-parse-bench [--rounds N] [--json]");
                std::process::exit(2);
            }
        }
    }
    if !json {
        print!("{:12}", "MB/s of CPU");
        for contestant in &CONTESTANTS {
            print!("{:>14}", contestant.name);
        }
        println!("{:>10}{:>10}", "x crate", "x floor");
    }
    for sample in &samples() {
        report(sample, &speeds(sample, rounds), json);
    }
}

/// The median speed of each contestant.
fn speeds(sample: &Sample, rounds: usize) -> [f64; 4] {
    let mut all: [Vec<f64>; 4] = Default::default();
    for _ in 0..rounds {
        for (contestant, speeds) in CONTESTANTS.iter().zip(&mut all) {
            speeds.push(speed(contestant, &sample.text));
        }
    }
    all.map(|mut speeds| {
        speeds.sort_by(f64::total_cmp);
        speeds[speeds.len() / 2]
    })
}

fn speed(contestant: &Contestant, text: &str) -> f64 {
    let begin = cpu_time();
    let mut parsed = 0;
    loop {
        // A look at the clock for every 64 KB parsed costs nothing.
        for _ in 0..(1 + (64 << 10) / text.len()) {
            (contestant.parse)(text);
            parsed += text.len();
        }
        let took = cpu_time() - begin;
        if took >= ROUND {
            return parsed as f64 / 1e6 / took.as_secs_f64();
        }
    }
}

fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        now.tv_sec.unsigned_abs(),
        u32::try_from(now.tv_nsec).unwrap_or_default(),
    )
}

fn report(sample: &Sample, &[ours, first, second, floor]: &[f64; 4], json: bool) {
    let (of_best, of_floor) = (ours / first.max(second), ours / floor);
    let (name, bytes) = (sample.name, sample.text.len());
    if json {
        println!(
            "{{\"sample\":\"{name}\",\"bytes\":{bytes},\"isthmus\":{ours:.1},\
             \"hl7_parser\":{first:.1},\"rust_hl7\":{second:.1},\"byte_loop\":{floor:.1},\
             \"of_best_crate\":{of_best:.2},\"of_floor\":{of_floor:.2}}}"
        );
        return;
    }
    print!("{name:12}");
    for speed in [ours, first, second, floor] {
        print!("{speed:>14.0}");
    }
    println!("{of_best:>10.1}{of_floor:>10.2}");
}
