//! Runs one shape once, for `linear`, which counts its instructions.
//!
//! usage: cost list | cost make|check SHAPE REPETITIONS

use std::hint::black_box;
use std::process::ExitCode;

use isthmus_fuzz::shapes::SHAPES;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        ["list"] => {
            for shape in &SHAPES {
                println!("{}", shape.name);
            }
        }
        [what @ ("make" | "check"), name, repetitions] => {
            let shape = SHAPES.iter().find(|shape| shape.name == name);
            let (Some(shape), Ok(repetitions)) = (shape, repetitions.parse()) else {
                eprintln!("cost: no such shape, or no number");
                return ExitCode::from(2);
            };
            let input = black_box(shape.input(repetitions));
            // What is loaded once, such as the dictionary, is loaded in both cases.
            (shape.check)(&shape.input(0));
            if what == "check" {
                (shape.check)(&input);
            }
        }
        _ => {
            eprintln!("usage: cost list | cost make|check SHAPE REPETITIONS");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
