//! What goes wrong in a random pipeline.

use super::dice::Dice;
use super::stages::{Kind, Shape};

impl Shape {
    pub(crate) fn faults(&mut self, dice: &mut Dice) -> Vec<String> {
        let count = dice.pick(&[0, 0, 1, 2, 4]);
        (0..count).map(|_| self.fault(dice)).collect()
    }

    fn fault(&mut self, dice: &mut Dice) -> String {
        let at = dice.between(0, self.horizon_s.min(40) * 1000);
        let lasts = dice.maybe(60, "for", |dice| {
            format!("\"{}ms\"", dice.between(1, self.horizon_s.min(40) * 500))
        });
        let which = dice.between(0, self.targets.len() as u64 - 1) as usize;
        let (stage, kind) = self.targets[which].clone();
        let change = self.change(dice, &stage, kind);
        format!("(at: \"{at}ms\", {lasts}stage: \"{stage}\", change: {change})")
    }

    fn change(&mut self, dice: &mut Dice, stage: &str, kind: Kind) -> String {
        let mut changes = vec!["Down", "Down"];
        changes.push("Slower(5)");
        match kind {
            Kind::Sensor { limited } => changes.extend(limited.then_some("Rate(\"3/s\")")),
            Kind::Source { limited } => {
                changes.push("Failure(0.8)");
                changes.extend(limited.then_some("Rate(\"3/s\")"));
            }
            Kind::Bus => changes.extend(["Limit(1)", "Limit(10)"]),
            Kind::Trigger { limited } => {
                changes.push("Failure(0.8)");
                changes.extend(limited.then_some("Rate(\"3/s\")"));
            }
            Kind::Station { limited } => {
                changes.extend(["Failure(0.8)", "Limit(0)", "Limit(1)", "Limit(5)"]);
                changes.extend(limited.then_some("Rate(\"3/s\")"));
            }
            Kind::Store => {}
            Kind::Controller { locks } => {
                changes.extend(["Failure(0.8)", "Limit(1)"]);
                let permits = "Permits(config_map: \"locks\", key: \"two\", limit: 4)";
                changes.extend(locks.then_some(permits));
            }
        }
        let change = dice.pick(&changes);
        let raised = match change {
            "Limit(10)" => 10,
            "Limit(5)" => 5,
            "Limit(1)" => 1,
            _ if change.starts_with("Permits") => 2 + 1 + 4,
            _ => 0,
        };
        for bound in self.bounds.iter_mut().filter(|bound| bound.stage == stage) {
            bound.most = bound.most.max(raised);
        }
        change.to_owned()
    }
}
