//! The binary `isthmus`: reads the command line, runs a command and turns its end into an exit
//! code; what each command does is in `command`.

mod admin;
mod amqp_parts;
mod answer_routes;
mod causes;
mod certificate_terms;
mod cli;
mod command;
mod config;
mod config_file;
mod demo;
mod demo_options;
mod destinations;
mod diagnostic_json;
mod dry_release;
mod failure;
mod files_parts;
mod first_start;
mod fixed_parts;
mod folders;
mod in_force;
mod input;
mod listeners;
mod loop_alarm;
mod message_file;
mod mllp_client;
mod mllp_parts;
mod ndjson_parts;
mod notify_socket;
mod operator_options;
mod output;
mod patient_lines;
mod policy_folder;
mod profiles;
mod rabbitmq_parts;
mod reference;
mod reload;
mod reload_answer;
mod rules;
mod running_gateway;
mod sender_terms;
mod shell_path;
mod system;
mod telemetry;
mod webhook_parts;
mod whole_load;
mod willing_patients;
mod wiring;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::failure::Failure;
use crate::output::Output;

/// Translation makes many small values on one thread that another drops; the system's allocator
/// makes threads wait for each other then.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    telemetry::start(cli.json, cli.logs());
    match run(&cli, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(cli: &Cli, output: Output) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(Failure::run)?;
    // Commands that are no tasks find the runtime too.
    let _entered = runtime.enter();
    let config = || config_file::find(cli.config.as_deref());
    match &cli.command {
        None | Some(Command::Run) => runtime.block_on(command::run::run(&config()?, output)),
        Some(Command::Demo(options)) => runtime.block_on(command::demo::run(options, output)),
        Some(Command::Send(options)) => runtime.block_on(command::send::run(options, output)),
        Some(Command::Offline(command)) => {
            command::offline::run(cli.config.as_deref(), command, output)
        }
        Some(Command::Operator(command)) => command::operator::run(&config()?, command, output),
    }
}
