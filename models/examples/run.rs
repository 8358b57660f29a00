//! Runs a model and prints what was observed, for the developer at work.
use std::time::Instant;
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let model = match models::Model::read(
        &path,
        &text,
        &models::Overrides::default(),
        &models::spec::arrival::NoFiles,
    ) {
        Ok(m) => m,
        Err(d) => {
            eprintln!("{}", d.render(&text, models::diagnostic::Color::Never));
            std::process::exit(2)
        }
    };
    eprintln!("{}", model.warnings.render(&text, models::diagnostic::Color::Never));
    let start = Instant::now();
    let o = models::run::run(
        &model.plan,
        models::run::RunKey { seed: model.seed, replication: 0 },
        None,
    )
    .unwrap_or_else(|e| {
        eprintln!("{e}");
        std::process::exit(1)
    });
    let t = start.elapsed();
    println!(
        "{:?} {} offered, {:.1} ns per offered, steps/offered {:.2}, fingerprint {}",
        t,
        o.ledger.offered,
        t.as_nanos() as f64 / o.ledger.offered as f64,
        o.steps as f64 / o.ledger.offered as f64,
        o.fingerprint
    );
    println!("{:?}", o.ledger);
    println!(
        "first loss {:?} age p50 {:.3} p99 {:.3} n {}",
        o.first_loss,
        o.age.quantile_ns(0.5) as f64 / 1e9,
        o.age.quantile_ns(0.99) as f64 / 1e9,
        o.age.count
    );
    for c in &o.components {
        println!("{} {}", c.kind, c.name);
        print!("   ");
        for k in &c.counts {
            print!(" {}={}", k.fact.name(), k.count)
        }
        println!();
        for g in &c.gauges {
            println!("    {} mean {:.3} max {} last {}", g.name, g.mean, g.max, g.last)
        }
        for s in &c.samples {
            println!(
                "    {} n {} mean {:.4} p50 {:.4} p99 {:.4}",
                s.name,
                s.count,
                s.mean_ns / 1e9,
                s.quantile_ns(0.5) as f64 / 1e9,
                s.quantile_ns(0.99) as f64 / 1e9
            )
        }
    }
}
