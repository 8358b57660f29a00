//! The measurements of `cargo xtask bench`: what an event costs, as time, as a ratio to a calibration loop
//! in the same run, and on demand in instructions.
//!
//! Rounds go through all workloads in turn, so that a slow moment of the machine hits all alike. Reported
//! are the least time of all rounds and the median of the rounds' ratios. Times are of the thread's own
//! CPU where the kernel tells it (Linux), so that other programs matter less.
//!
//! Nothing here fails for being slow: the verdict is for the reader.

mod calibration;
mod clock;
mod instructions;
mod manifests;
mod memory;
mod workloads;

use std::process::ExitCode;

use workloads::{WORKLOADS, Work, Workload};

/// What is asked for.
struct Options {
    rounds: usize,
    instructions: bool,
    memory: bool,
}

/// What one workload took.
struct Measured {
    /// Least of all rounds.
    item_ns: f64,
    event_ns: f64,
    /// Median of the rounds.
    ratio: f64,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["--probe", name, items] = words[..] {
        instructions::probe(name, items);
        return ExitCode::SUCCESS;
    }
    let mut options = Options { rounds: 9, instructions: false, memory: false };
    for word in words {
        match word {
            "--quick" => options.rounds = 3,
            "--instructions" => options.instructions = true,
            "--memory" => options.memory = true,
            _ => {
                eprintln!(
                    "error: `{word}` is not understood: `--quick`, `--instructions`, `--memory`"
                );
                return ExitCode::from(2);
            }
        }
    }
    report(&options);
    ExitCode::SUCCESS
}

fn report(options: &Options) {
    let measured = measure(options.rounds);
    let counter = options.instructions.then(instructions::Counter::find).flatten();
    println!(
        "{:<24} {:>9} {:>8} {:>8} {:>8} {:>8} {:>9}  {:<8}",
        "", "per", "ns", "target", "ratio", "target", "Mevents/s", "verdict"
    );
    for (workload, measured) in WORKLOADS.iter().zip(&measured) {
        println!("{}", line(workload, measured));
    }
    println!(
        "\nns: least of {} rounds; ratio: to the calibration loop, median of the rounds; Mevents/s: per core.\n\
         The verdict compares ratios, so it holds on any machine; within a twentieth of the target it is `close`.",
        options.rounds
    );
    match counter {
        Some(counter) => print_instructions(&counter),
        None if options.instructions => {
            println!("instructions: neither valgrind nor perf counts them here")
        }
        None => {}
    }
    if options.memory {
        print_memory();
    }
}

fn print_memory() {
    println!("\nmost memory held by a run of 100 million events (target: under 100 MB)");
    for name in ["models: M/M/1", "models: storm"] {
        match memory::peak(name) {
            Some((events, mib)) => println!("{name:<24} {events:>12} events {mib:>8.1} MiB"),
            None => println!("{name:<24} the system does not tell"),
        }
    }
}

/// All workloads in turn, `rounds` times.
fn measure(rounds: usize) -> Vec<Measured> {
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); WORKLOADS.len()];
    let mut works: Vec<Option<Work>> = vec![None; WORKLOADS.len()];
    for round in 0..rounds {
        for ((workload, times), work) in WORKLOADS.iter().zip(&mut times).zip(&mut works) {
            eprint!("\rround {} of {rounds}: {:<30}", round + 1, workload.name);
            let (done, nanos) = clock::timed(|| (workload.run)(workload.items));
            let before = work.replace(done);
            assert!(before.is_none_or(|it| it.check == done.check), "`{}` differs", workload.name);
            times.push(nanos as f64 / done.items as f64);
        }
    }
    eprint!("\r{:60}\r", "");
    let calibration = |workload: &Workload| {
        let at = WORKLOADS.iter().position(|it| it.name == workload.calibration.name());
        at.expect("every calibration is a workload")
    };
    let result = WORKLOADS.iter().zip(&times).zip(&works).map(|((workload, mine), work)| {
        let work = work.expect("at least one round");
        let ratios =
            mine.iter().zip(&times[calibration(workload)]).map(|(mine, loops)| mine / loops);
        let item_ns = mine.iter().copied().fold(f64::INFINITY, f64::min);
        let event_ns = item_ns * work.items as f64 / work.events as f64;
        Measured { item_ns, event_ns, ratio: median(ratios.collect()) }
    });
    result.collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn line(workload: &Workload, measured: &Measured) -> String {
    let Measured { item_ns, event_ns, ratio } = measured;
    let target_ratio = workload.target_ns.map(|ns| ns / workload.calibration.reference_ns());
    let verdict = match target_ratio {
        None => "",
        Some(target) if *ratio <= target * 0.95 => "beaten",
        Some(target) if *ratio <= target * 1.05 => "close",
        Some(_) => "MISSED",
    };
    let figure =
        |value: Option<f64>, digits| value.map_or(String::new(), |it| format!("{it:.digits$}"));
    format!(
        "{:<24} {:>9} {item_ns:>8.1} {:>8} {ratio:>8.2} {:>8} {:>9.1}  {verdict:<8}",
        workload.name,
        workload.item,
        figure(workload.target_ns, 0),
        figure(target_ratio, 2),
        1e3 / event_ns,
    )
}

fn print_instructions(counter: &instructions::Counter) {
    println!("\ninstructions, by {}: repeatable for the same compiler", counter.name());
    for workload in WORKLOADS {
        match counter.count(workload) {
            Some(counted) => println!(
                "{:<24} {:>9} {:>8.1} {:>8.1} an event",
                workload.name, workload.item, counted.per_item, counted.per_event
            ),
            None => println!("{:<24} not counted", workload.name),
        }
    }
}
