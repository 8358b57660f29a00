//! Standard exponential and standard normal numbers by the ziggurat method.
//!
//! The area under a falling density is cut into 256 layers of equal area: a layer is drawn, then a
//! point across it. Almost always (97.8 % and 98.5 %) the point lies in the part of the layer that
//! is wholly under the curve, and costs one draw, one multiplication and one comparison. Otherwise
//! the curve itself decides; beyond the lowest layer lies the tail, drawn exactly. So the method
//! is exact up to the 53 bits of the point, and portable: the tables are constants, checked by a
//! test, and the rare transcendental is `libm`'s.
//!
//! Of the 64 bits of a draw, the low 8 choose the layer, the ninth the sign (normal only) and the
//! high 53 the point: none is used twice.
//!
//! References: G. Marsaglia and W. W. Tsang, "The ziggurat method for generating random variables"
//! (2000); J. A. Doornik, "An improved ziggurat method to generate normal random samples" (2005),
//! for using separate bits.

use super::ziggurat_tables::{EXPONENTIAL, NORMAL};
use crate::random::Random;

/// Where the tail of the exponential density begins.
pub(super) const EXPONENTIAL_TAIL: f64 = 7.697_117_470_131_05;

/// Where the tail of the normal density begins.
pub(super) const NORMAL_TAIL: f64 = 3.654_152_885_361_009;

/// The layers under one density, from the lowest up.
pub(super) struct Ziggurat {
    /// Per layer: the points below this number are under the curve, and the width of a point.
    pub(super) layers: [(u64, f64); 256],
    /// The density at the lower edge of each layer, and at the very top.
    pub(super) heights: [f64; 257],
}

impl Ziggurat {
    /// Whether a point at `x`, on the right of its layer, lies under `density`.
    fn under<R: Random>(&self, layer: usize, density: f64, rng: &mut R) -> bool {
        let (low, high) = (self.heights[layer], self.heights[layer + 1]);
        low + (high - low) * rng.unit() < density
    }
}

/// An exponential number with mean 1, from zero up.
#[inline]
pub fn standard_exponential<R: Random>(rng: &mut R) -> f64 {
    let bits = rng.next_u64();
    let (accepted, width) = EXPONENTIAL.layers[(bits & 0xFF) as usize];
    let point = bits >> 11;
    if point < accepted {
        return point as f64 * width;
    }
    exponential_edge(bits, rng)
}

/// The one draw in 45 that is not plainly under the curve.
#[cold]
#[inline(never)]
fn exponential_edge<R: Random>(mut bits: u64, rng: &mut R) -> f64 {
    loop {
        let layer = (bits & 0xFF) as usize;
        let (accepted, width) = EXPONENTIAL.layers[layer];
        let point = bits >> 11;
        let x = point as f64 * width;
        if point < accepted {
            return x;
        }
        if layer == 0 {
            // Without memory: beyond the edge the density is the whole density again.
            return EXPONENTIAL_TAIL - libm::log(rng.unit_open());
        }
        if EXPONENTIAL.under(layer, libm::exp(-x), rng) {
            return x;
        }
        bits = rng.next_u64();
    }
}

/// A normal number with mean 0 and variance 1.
#[inline]
pub fn standard_normal<R: Random>(rng: &mut R) -> f64 {
    let bits = rng.next_u64();
    let (accepted, width) = NORMAL.layers[(bits & 0xFF) as usize];
    let point = bits >> 11;
    if point < accepted {
        return signed(point as f64 * width, bits);
    }
    normal_edge(bits, rng)
}

/// `x` with bit 8 of `bits` as its sign: no branch, which would be mispredicted every other time.
#[inline]
fn signed(x: f64, bits: u64) -> f64 {
    f64::from_bits(x.to_bits() ^ ((bits & 0x100) << 55))
}

#[cold]
#[inline(never)]
fn normal_edge<R: Random>(mut bits: u64, rng: &mut R) -> f64 {
    loop {
        let layer = (bits & 0xFF) as usize;
        let (accepted, width) = NORMAL.layers[layer];
        let point = bits >> 11;
        let x = point as f64 * width;
        if point < accepted {
            return signed(x, bits);
        }
        if layer == 0 {
            return signed(normal_tail(rng), bits);
        }
        if NORMAL.under(layer, libm::exp(-0.5 * x * x), rng) {
            return signed(x, bits);
        }
        bits = rng.next_u64();
    }
}

/// A normal number beyond [`NORMAL_TAIL`]: rejection from a shifted exponential, Marsaglia (1964).
fn normal_tail<R: Random>(rng: &mut R) -> f64 {
    loop {
        let beyond = -libm::log(rng.unit_open()) / NORMAL_TAIL;
        let height = -libm::log(rng.unit_open());
        if 2.0 * height >= beyond * beyond {
            return NORMAL_TAIL + beyond;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;
    use std::fmt::Write as _;

    /// 2^53: the points of a layer are numbered from zero to this.
    const POINTS: f64 = 9_007_199_254_740_992.0;

    struct Density {
        name: &'static str,
        tail: f64,
        /// Of each layer; the lowest includes the tail.
        area: f64,
        at: fn(f64) -> f64,
        inverse: fn(f64) -> f64,
    }

    fn densities() -> [(Density, &'static Ziggurat); 2] {
        let normal_at = |x: f64| libm::exp(-0.5 * x * x);
        let tail = std::f64::consts::FRAC_PI_2.sqrt()
            * libm::erfc(NORMAL_TAIL * std::f64::consts::FRAC_1_SQRT_2);
        let exponential = Density {
            name: "EXPONENTIAL",
            tail: EXPONENTIAL_TAIL,
            area: (EXPONENTIAL_TAIL + 1.0) * libm::exp(-EXPONENTIAL_TAIL),
            at: |x| libm::exp(-x),
            inverse: |y| -libm::log(y),
        };
        let normal = Density {
            name: "NORMAL",
            tail: NORMAL_TAIL,
            area: NORMAL_TAIL * normal_at(NORMAL_TAIL) + tail,
            at: normal_at,
            inverse: |y| (-2.0 * libm::log(y)).sqrt(),
        };
        [(exponential, &EXPONENTIAL), (normal, &NORMAL)]
    }

    /// The right edges of the layers: the lowest is as wide as its area over its height, so that
    /// its part beyond `tail` stands for the tail; the top one ends at zero.
    fn edges(density: &Density) -> Vec<f64> {
        let mut edges = vec![density.area / (density.at)(density.tail), density.tail];
        while edges.len() < 256 {
            let x = edges[edges.len() - 1];
            edges.push((density.inverse)((density.at)(x) + density.area / x));
        }
        edges.push(0.0);
        edges
    }

    fn table(density: &Density) -> Ziggurat {
        let edges = edges(density);
        let layer = |i: usize| ((edges[i + 1] / edges[i] * POINTS) as u64, edges[i] / POINTS);
        let height = |i: usize| if i == 0 { 0.0 } else { (density.at)(edges[i]) };
        Ziggurat { layers: std::array::from_fn(layer), heights: std::array::from_fn(height) }
    }

    /// The source of `ziggurat_tables.rs`.
    fn source() -> String {
        let mut source = String::from(
            "//! The layers of the two ziggurats. Written, and compared on every test run, by the tests of\n\
             //! [`super::ziggurat`].\n\nuse super::ziggurat::Ziggurat;\n",
        );
        for (density, _) in densities() {
            let table = table(&density);
            let name = density.name;
            write!(source, "\n#[rustfmt::skip]\npub(super) static {name}: Ziggurat = Ziggurat {{\n    layers: [\n").unwrap();
            for pair in table.layers.chunks(2) {
                let [(a, b), (c, d)] = pair else { unreachable!() };
                writeln!(source, "        ({a:#018X}, {b:?}), ({c:#018X}, {d:?}),").unwrap();
            }
            source.push_str("    ],\n    heights: [\n");
            for heights in table.heights.chunks(4) {
                let heights: Vec<String> =
                    heights.iter().map(|height| format!("{height:?},")).collect();
                writeln!(source, "        {}", heights.join(" ")).unwrap();
            }
            source.push_str("    ],\n};\n");
        }
        source
    }

    /// Prints the tables: `cargo test -p sim-core --lib print_tables -- --ignored --nocapture`.
    #[test]
    #[ignore = "a tool: prints ziggurat_tables.rs"]
    fn print_tables() {
        print!("{}", source());
    }

    #[test]
    fn tables_are_what_libm_computes() {
        assert!(include_str!("ziggurat_tables.rs") == source(), "run print_tables, see there");
    }

    /// Independent of how the tables were made: all layers have the same area, each layer's plain
    /// part ends on the curve, and the layers are hardly larger than the area under the curve.
    #[test]
    fn layers_have_equal_areas() {
        let under_the_curve = [1.0, std::f64::consts::FRAC_PI_2.sqrt()];
        for ((density, ziggurat), under) in densities().into_iter().zip(under_the_curve) {
            let efficiency = under / (density.area * 256.0);
            assert!((0.985..1.0).contains(&efficiency), "{} {efficiency}", density.name);
            let plain = ziggurat.layers.iter().map(|&(accepted, _)| accepted as f64 / POINTS);
            let plain = plain.sum::<f64>() / 256.0;
            assert!(plain > 0.977, "{} {plain}", density.name);
            for layer in 1..256 {
                let (accepted, width) = ziggurat.layers[layer];
                let height = ziggurat.heights[layer + 1] - ziggurat.heights[layer];
                let area = width * POINTS * height;
                assert!((area / density.area - 1.0).abs() < 1e-11, "{} {layer}", density.name);
                let inner = accepted as f64 * width;
                let above = (density.at)(inner);
                assert!((above - ziggurat.heights[layer + 1]).abs() < 1e-12, "{layer}");
            }
        }
    }

    /// The tails have their share of the draws, and the right mean. 99.9 % bounds.
    #[test]
    fn tails_are_right() {
        const DRAWS: u32 = 2_000_000;
        let mut rng = Streams::new(11, 0).stream("ziggurat", "tails");
        let check =
            |name: &str, share: f64, mean: f64, mut draw: Box<dyn FnMut() -> Option<f64>>| {
                let beyond: Vec<f64> = (0..DRAWS).filter_map(|_| draw()).collect();
                let (count, expected) = (beyond.len() as f64, share * f64::from(DRAWS));
                assert!(
                    (count - expected).abs() < 3.29 * expected.sqrt(),
                    "{name}: {count} {expected}"
                );
                let seen = beyond.iter().sum::<f64>() / count;
                // The excess over the edge has about an exponential's deviation: its own mean.
                assert!((seen - mean).abs() < 3.29 * mean / count.sqrt(), "{name}: {seen} {mean}");
            };
        let mut exponential = rng.clone();
        let share = libm::exp(-EXPONENTIAL_TAIL);
        check(
            "exponential",
            share,
            1.0,
            Box::new(move || {
                let x = standard_exponential(&mut exponential);
                (x > EXPONENTIAL_TAIL).then_some(x - EXPONENTIAL_TAIL)
            }),
        );
        let share = libm::erfc(NORMAL_TAIL * std::f64::consts::FRAC_1_SQRT_2);
        let density =
            libm::exp(-0.5 * NORMAL_TAIL * NORMAL_TAIL) / (2.0 * std::f64::consts::PI).sqrt();
        check(
            "normal",
            share,
            2.0 * density / share - NORMAL_TAIL,
            Box::new(move || {
                let x = standard_normal(&mut rng).abs();
                (x > NORMAL_TAIL).then_some(x - NORMAL_TAIL)
            }),
        );
    }
}
